// Asking no more while the API fails.
#include "one_client.h"

static void begin_with_circuit(uint32_t threshold) {
  paynow_client_config config = sandbox_config();
  config.circuit_threshold = threshold;
  client = client_with(&config);
}

static bool is_answered(void *unused) {
  (void)unused;
  return ask() == PAYNOW_OK;
}

TEST(an_api_that_fails_is_not_asked_until_it_recovers) {
  begin_with_circuit(3);
  sandbox_answers("*", 503, "{}", "");
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).circuit_open, 0);
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).circuit_open, 1);
  CHECK_INT(stats_of(client).unavailable, 0);
  paynow_completion_info info = ask_until_refused();
  CHECK_INT(info.attempts, 0);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.http_status, 0);
  CHECK_INT(info.found, 0);
  CHECK(info.message != NULL);
  CHECK_INT(stats_of(client).unavailable, 1);
  CHECK_INT(stats_of(client).circuit_open, 1);
  sandbox_recovers();
  // Nothing but asking brings it back.
  CHECK(eventually(is_answered, NULL));
  CHECK_INT(stats_of(client).circuit_open, 0);
  for (int count = 0; count < 10; count++) CHECK_STATUS(ask(), PAYNOW_OK);
  // It opens again as it did before.
  sandbox_answers("*", 500, "{}", "");
  for (int count = 0; count < 3; count++) CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).circuit_open, 1);
  destroy(client);
}

TEST(an_api_that_cannot_be_reached_is_not_asked) {
  char address[64];
  unused_address(address, sizeof address);
  paynow_client_config config = sandbox_config();
  config.api_base = address;
  config.circuit_threshold = 2;
  client = client_with(&config);
  CHECK_STATUS(ask(), PAYNOW_E_CONNECT);
  CHECK_STATUS(ask(), PAYNOW_E_CONNECT);
  CHECK_INT(stats_of(client).circuit_open, 1);
  ask_until_refused();
  destroy(client);
}

TEST(an_api_that_hangs_is_not_asked) {
  begin_with_circuit(2);
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  bool refused = false;
  for (int tries = 0; tries < 100 && !refused; tries++) {
    CHECK_OK(get_stranger(client, next_stranger++, &call, NULL));
    paynow_status status = answer().status;
    CHECK(status == PAYNOW_E_TIMEOUT || status == PAYNOW_E_UNAVAILABLE);
    refused = status == PAYNOW_E_UNAVAILABLE;
  }
  CHECK(refused);
  sandbox_recovers();
  CHECK(eventually(is_answered, NULL));
  CHECK_INT(stats_of(client).circuit_open, 0);
  destroy(client);
}

TEST(each_attempt_counts_for_the_circuit) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  config.circuit_threshold = 3;
  client = client_with(&config);
  sandbox_answers("*", 503, "{}", "");
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).circuit_open, 1);
  CHECK_INT(sandbox_count("requests"), 3);
  ask_until_refused();
  destroy(client);
}

// The one that is let through fails, and its repetition is refused: it has left all the same.
TEST(what_was_sent_before_it_was_refused_was_sent) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  config.circuit_threshold = 1;
  client = client_with(&config);
  sandbox_answers("*", 503, "{}", "");
  for (int count = 0; count < 3; count++) {
    int64_t before = sandbox_count("requests");
    CHECK_OK(get_stranger(client, next_stranger++, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_INT(info.attempts, sandbox_count("requests") - before);
    CHECK_INT(info.sent != PAYNOW_SENT_NEVER, info.attempts > 0);
  }
  destroy(client);
}

TEST(an_answer_that_is_a_refusal_is_an_answer) {
  static const int statuses[] = {400, 401, 403, 404, 409, 422, 429};
  begin_with_circuit(2);
  for (int count = 0; count < 3; count++) {
    for (size_t index = 0; index < sizeof statuses / sizeof *statuses; index++) {
      // 429 comes last: it holds back what follows for as long as it says, so it says nothing absurd.
      if (statuses[index] == 429 && count < 2) continue;
      sandbox_answers("*", statuses[index], "{\"retry-after\":\"1\"}", "{\"code\":\"no\",\"message\":\"m\"}");
      CHECK(ask() != PAYNOW_E_UNAVAILABLE);
    }
  }
  CHECK_INT(stats_of(client).circuit_open, 0);
  CHECK_INT(stats_of(client).unavailable, 0);
  destroy(client);
}

TEST(failures_that_are_not_in_a_row_open_nothing) {
  begin_with_circuit(3);
  for (int count = 0; count < 5; count++) {
    sandbox_answers("*", 503, "{}", "");
    CHECK_STATUS(ask(), PAYNOW_E_SERVER);
    CHECK_STATUS(ask(), PAYNOW_E_SERVER);
    sandbox_recovers();
    CHECK_STATUS(ask(), PAYNOW_OK);
  }
  CHECK_INT(stats_of(client).circuit_open, 0);
  CHECK_INT(stats_of(client).unavailable, 0);
  destroy(client);
}

TEST(circuit_and_memory_can_be_switched_off) {
  paynow_client_config config = sandbox_config();
  config.circuit_threshold = PAYNOW_OFF;
  config.cache_ttl_ms = PAYNOW_OFF;
  client = client_with(&config);
  for (int round = 1; round <= 3; round++) {
    CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
    CHECK_INT(sandbox_count("requests"), round);
    CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  }
  sandbox_answers("*", 503, "{}", "");
  // Three times as many as by default.
  for (int count = 0; count < 60; count++) {
    paynow_completion_info info = look_up("Notch");
    CHECK_STATUS(info.status, PAYNOW_E_SERVER);
    CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  }
  CHECK_INT(sandbox_count("requests"), 63);
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.circuit_open, 0);
  CHECK_INT(stats.unavailable, 0);
  CHECK_INT(stats.cache_entries, 0);
  CHECK_INT(stats.cache_bytes, 0);
  CHECK_INT(stats.cache_hits, 0);
  CHECK_INT(stats.cache_stale, 0);
  destroy(client);
}
