// Asking slowly: a rate of the client's own, and servers that limit theirs.
#include "one_client.h"

TEST(a_429_holds_back_the_others) {
  client = new_client();
  sandbox_answers("get_customer", 429, "{\"retry-after\":\"25\"}", "");
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_RATE_LIMITED);
  sandbox_recovers();
  // It would be answered at once; it is not even sent, and ends at once, with when to come back.
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 10000;
  CHECK_OK(get_stranger(client, 1, &call, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_RATE_LIMITED);
  CHECK(info.retry_after_ms > 5000 && info.retry_after_ms < 25000);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.attempts, 0);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

TEST(a_server_that_limits_is_obeyed_until_all_is_done) {
  enum { requests = 30 };
  paynow_client_config config = sandbox_config();
  config.max_attempts = 20;
  config.retry_base_ms = 1;
  config.max_workers = 4;
  client = client_with(&config);
  sandbox_faults("{\"rate_limit\":{\"requests\":10,\"per_ms\":1000,\"retry_after\":\"1\"}}");
  for (uint64_t number = 0; number < requests; number++) CHECK_OK(get_stranger(client, number, NULL, NULL));
  for (int number = 0; number < requests; number++) CHECK_STATUS(answer().status, PAYNOW_OK);
  struct paynow_stats stats = stats_of(client);
  CHECK(stats.rate_limited > 0);
  CHECK_INT(stats.rate_limited, stats.retries);
  destroy(client);
}

// Five at once and five a second, of which a fifth is kept for players: who waits at a prompt goes before an import
// that came first.
TEST(the_rate_lets_players_go_before_imports) {
  enum { imports = 20, players = 5 };
  paynow_client_config config = sandbox_config();
  config.rate_per_second = 5;
  client = client_with(&config);
  paynow_call background = INIT(paynow_call);
  background.priority = PAYNOW_PRIORITY_BACKGROUND;
  background.tag = 1;
  paynow_call interactive = INIT(paynow_call);
  interactive.tag = 2;
  for (uint64_t number = 0; number < imports; number++) CHECK_OK(get_stranger(client, number, &background, NULL));
  for (uint64_t number = 0; number < players; number++) {
    CHECK_OK(get_stranger(client, imports + number, &interactive, NULL));
  }
  int seen[3] = {0};
  int imports_before_last_player = 0;
  for (int count = 0; count < imports + players; count++) {
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    seen[info.tag]++;
    if (info.tag == 2) imports_before_last_player = seen[1];
  }
  CHECK_INT(seen[1], imports);
  CHECK_INT(seen[2], players);
  // Had there been no rate, or no order, most imports would have been done by then.
  CHECK(imports_before_last_player < imports / 2);
  CHECK_INT(sandbox_count("requests"), imports + players);
  destroy(client);
}

TEST(a_burst_is_all_that_goes_at_once) {
  enum { burst = 3, requests = 10 };
  paynow_client_config config = sandbox_config();
  config.rate_per_second = 1;
  config.rate_burst = burst;
  client = client_with(&config);
  sandbox_hangs();
  for (uint64_t number = 0; number < requests; number++) CHECK_OK(get_stranger(client, number, NULL, NULL));
  CHECK(sandbox_asked(burst));
  // One a second from here on, so only a machine that stands still for seven finds more than all but one.
  CHECK(sandbox_count("requests") < requests);
  uint32_t cancelled = 0;
  CHECK_OK(paynow_client_cancel_all(client, 0, &cancelled));
  CHECK_INT(cancelled, requests);
  for (int number = 0; number < requests; number++) CHECK_STATUS(answer().status, PAYNOW_E_CANCELLED);
  destroy(client);
}
