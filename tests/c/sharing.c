// Equal questions that are under way at once share one request.
#include "one_client.h"

static bool has_shared(void *count) { return stats_of(client).coalesced >= *(uint64_t *)count; }

// A question that got no answer for a second is asked again by those that wait for it. On a machine that took so long, more
// than one request may have been sent.
static void sent_once(int64_t asked_at, const int *sources, int askers) {
  CHECK_INT(sources[PAYNOW_SOURCE_NETWORK] + sources[PAYNOW_SOURCE_SHARED], askers);
  if (now_ms() - asked_at >= 1000) {
    CHECK(sources[PAYNOW_SOURCE_NETWORK] >= 1);
    return;
  }
  CHECK_INT(sources[PAYNOW_SOURCE_NETWORK], 1);
  CHECK_INT(sandbox_count("requests"), 1);
}

TEST(many_ask_the_same_and_one_request_is_sent) {
  enum { askers = 50 };
  begin_remembering();
  sandbox_hangs();
  const int64_t asked_at = now_ms();
  paynow_lookup_query query = by_name("Notch");
  for (int number = 0; number < askers; number++) CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  uint64_t shared = askers - 1;
  CHECK(eventually(has_shared, &shared));
  CHECK(sandbox_asked(1));
  sandbox_recovers();
  int sources[4] = {0};
  for (int number = 0; number < askers; number++) {
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_STR(customer_at(0).id, NOTCH);
    if (info.source >= 0 && info.source < 4) sources[info.source]++;
    CHECK_OK(paynow_completion_free(completion));
  }
  sent_once(asked_at, sources, askers);
  CHECK_INT(stats_of(client).coalesced, askers - 1);
  destroy(client);
}

TEST(a_failure_is_shared_and_not_remembered) {
  enum { askers = 10 };
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  // What is held is answered as usual once it is let go: to this key, with a refusal.
  config.api_key = "pnapi_wrong";
  client = client_with(&config);
  sandbox_hangs();
  const int64_t asked_at = now_ms();
  paynow_lookup_query query = by_name("Notch");
  for (int number = 0; number < askers; number++) CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  uint64_t shared = askers - 1;
  CHECK(eventually(has_shared, &shared));
  CHECK(sandbox_asked(1));
  sandbox_recovers();
  int sources[4] = {0};
  for (int number = 0; number < askers; number++) {
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_E_UNAUTHORIZED);
    CHECK_INT(info.http_status, 401);
    CHECK(info.error_code != NULL);
    if (info.source >= 0 && info.source < 4) sources[info.source]++;
    CHECK_OK(paynow_completion_free(completion));
  }
  sent_once(asked_at, sources, askers);
  CHECK_INT(stats_of(client).cache_entries, 0);
  destroy(client);
}

TEST(one_that_leaves_takes_no_other_along) {
  begin_remembering();
  sandbox_hangs();
  const int64_t asked_at = now_ms();
  paynow_lookup_query query = by_name("Notch");
  paynow_request_id requests[3];
  paynow_call call = INIT(paynow_call);
  for (int number = 0; number < 3; number++) {
    call.tag = (uint64_t)number;
    CHECK_OK(paynow_lookup_customer(client, &query, &call, &requests[number]));
    // Each after the other has been seen, so that it is the first one that asks.
    uint64_t shared = (uint64_t)number;
    CHECK(number == 0 ? sandbox_asked(1) : eventually(has_shared, &shared));
  }
  CHECK_OK(paynow_client_cancel(client, requests[0]));
  CHECK_OK(paynow_client_cancel(client, requests[2]));
  CHECK_STATUS(answer().status, PAYNOW_E_CANCELLED);
  CHECK_STATUS(answer().status, PAYNOW_E_CANCELLED);
  sandbox_recovers();
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.tag, 1);
  CHECK_STR(customer_at(0).id, NOTCH);
  int sources[4] = {0};
  if (info.source >= 0 && info.source < 4) sources[info.source]++;
  // The one that sent it has left; the only asker that stayed was given its answer.
  if (now_ms() - asked_at < 1000) CHECK_INT(sources[PAYNOW_SOURCE_SHARED], 1);
  if (now_ms() - asked_at < 1000) CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

TEST(each_who_shares_keeps_a_deadline_of_its_own) {
  begin_remembering();
  sandbox_hangs();
  paynow_lookup_query query = by_name("Notch");
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  call.tag = 1;
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  call.deadline_ms = 0;
  call.tag = 2;
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_TIMEOUT);
  CHECK_INT(info.tag, 1);
  // What was sent for the first is interrupted with it, and sent again for the second.
  CHECK(sandbox_asked(2));
  sandbox_recovers();
  info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.tag, 2);
  CHECK_INT(sandbox_count("requests"), 2);
  destroy(client);
}
