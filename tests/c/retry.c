// Asking again after what may pass, and how long the server says to wait.
#include "one_client.h"

static paynow_completion_info create_named(const char *name) {
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = name;
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  return answer();
}

// --- asking again ---

TEST(a_read_is_repeated_after_what_may_pass) {
  static const char *const faults[] = {
      "\"respond\":{\"status\":500}",
      "\"respond\":{\"status\":502}",
      "\"respond\":{\"status\":503}",
      "\"respond\":{\"status\":504,\"body\":\"<html></html>\"}",
      "\"reset\":true",
      "\"close\":true",
      "\"reset_mid_body\":true",
  };
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
    char plan[256];
    free(sandbox("POST", "reset", ""));
    begin_persistent();
    snprintf(plan, sizeof plan, "{\"rules\":[{\"operation\":\"get_customer\",\"times\":2,%s}]}", faults[index]);
    sandbox_faults(plan);
    CHECK_OK(get_mira(client, NULL, NULL));
    paynow_completion_info info = answer();
    bool as_hoped = CHECK_STATUS(info.status, PAYNOW_OK) & CHECK_INT(info.attempts, 3) &
                    CHECK_INT(info.sent, PAYNOW_SENT_ANSWERED) & CHECK_INT(stats_of(client).retries, 2) &
                    CHECK_INT(sandbox_count("requests"), 3);
    if (!as_hoped) FAIL("the fault was %s", faults[index]);
    CHECK_STR(customer_at(0).id, MIRA);
    destroy(client);
  }
}

TEST(a_read_that_does_not_go_better_ends_as_it_went_last) {
  begin_persistent();
  sandbox_faults("{\"rules\":[{\"times\":1,\"reset\":true},{\"times\":1,\"respond\":{\"status\":500}},"
                 "{\"respond\":{\"status\":503,\"body\":\"{\\\"status\\\":503,\\\"code\\\":\\\"down\\\",\\\"message\\\":\\\"m\\\"}\"}}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.http_status, 503);
  CHECK_STR(info.error_code, "down");
  CHECK_INT(info.attempts, 3);
  CHECK_INT(sandbox_count("requests"), 3);
  destroy(client);
}

TEST(what_cannot_go_better_is_not_repeated) {
  static const int statuses[] = {400, 401, 403, 409, 422, 501, 505};
  begin_persistent();
  for (size_t index = 0; index < sizeof statuses / sizeof *statuses; index++) {
    sandbox_answers("get_customer", statuses[index], "{}", "");
    CHECK_OK(get_mira(client, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_INT(info.http_status, statuses[index]);
    CHECK_INT(info.attempts, 1);
  }
  CHECK_INT(stats_of(client).retries, 0);
  CHECK_INT(sandbox_count("requests"), sizeof statuses / sizeof *statuses);
  destroy(client);
}

TEST(revoking_tokens_is_repeated_and_minting_is_not) {
  begin_persistent();
  sandbox_faults("{\"rules\":[{\"times\":1,\"after_effect\":true,\"respond\":{\"status\":503}}]}");
  CHECK_OK(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 2);
  sandbox_faults("{\"rules\":[{\"times\":1,\"after_effect\":true,\"respond\":{\"status\":503}}]}");
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.attempts, 1);
  CHECK_INT(sandbox_count("tokens_live"), 1);
  destroy(client);
}

// Whether the server has made the customer or not cannot be known: a second one must not come of it.
TEST(a_create_that_may_have_left_is_not_repeated) {
  static const struct {
    const char *fault;
    paynow_status status;
    int32_t sent;
  } cases[] = {
      {"\"respond\":{\"status\":503}", PAYNOW_E_SERVER, PAYNOW_SENT_ANSWERED},
      {"\"respond\":{\"status\":504}", PAYNOW_E_SERVER, PAYNOW_SENT_ANSWERED},
      {"\"reset\":true", PAYNOW_E_TRANSPORT, PAYNOW_SENT_MAYBE},
      {"\"close\":true", PAYNOW_E_TRANSPORT, PAYNOW_SENT_MAYBE},
  };
  for (size_t index = 0; index < 2 * sizeof cases / sizeof *cases; index++) {
    char plan[256];
    bool effective = index % 2;
    free(sandbox("POST", "reset", ""));
    begin_persistent();
    snprintf(plan, sizeof plan, "{\"rules\":[{\"operation\":\"create_customer\",\"after_effect\":%s,%s}]}",
             effective ? "true" : "false", cases[index / 2].fault);
    sandbox_faults(plan);
    paynow_completion_info info = create_named("Once");
    bool as_hoped = CHECK_STATUS(info.status, cases[index / 2].status) & CHECK_INT(info.attempts, 1) &
                    CHECK_INT(info.sent, cases[index / 2].sent) & CHECK_INT(stats_of(client).retries, 0) &
                    CHECK_INT(sandbox_count("requests"), 1) & CHECK_INT(sandbox_count("creates_effective"), effective);
    if (!as_hoped) FAIL("the plan was %s", plan);
    destroy(client);
  }
}

TEST(a_create_that_never_left_is_repeated) {
  char address[64];
  unused_address(address, sizeof address);
  paynow_client_config config = sandbox_config();
  config.api_base = address;
  config.max_attempts = 4;
  config.retry_base_ms = 1;
  client = client_with(&config);
  paynow_completion_info info = create_named("Stranger");
  CHECK_STATUS(info.status, PAYNOW_E_CONNECT);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.attempts, 4);
  CHECK_INT(stats_of(client).retries, 3);
  destroy(client);
}

TEST(one_attempt_is_one_attempt) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"times\":1,\"respond\":{\"status\":503}}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.attempts, 1);
  CHECK_INT(stats_of(client).retries, 0);
  CHECK_INT(stats_of(client).retries_denied, 0);
  destroy(client);
}

TEST(attempts_out_of_range_are_refused) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 101;
  client = 0;
  CHECK_STATUS(paynow_client_create(&config, &client), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "max_attempts");
  config.max_attempts = 100;
  client = client_with(&config);
  destroy(client);
}

// An outage must not double the traffic: a reserve of repetitions, and a tenth of what is asked beyond that.
TEST(repetitions_stay_a_small_share) {
  enum { requests = 60 };
  paynow_client_config config = sandbox_config();
  config.max_attempts = 2;
  config.retry_base_ms = 1;
  client = client_with(&config);
  sandbox_answers("*", 503, "{}", "");
  int64_t attempts = 0;
  for (uint64_t number = 0; number < requests; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_E_SERVER);
    attempts += info.attempts;
  }
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.retries + stats.retries_denied, requests);
  CHECK(stats.retries >= 20 && stats.retries <= 26);
  CHECK_INT(attempts, requests + stats.retries);
  CHECK_INT(sandbox_count("requests"), attempts);
  destroy(client);
}

// --- when the server says how long to wait ---

TEST(a_wait_beyond_the_deadline_is_not_begun) {
  static const int statuses[] = {429, 503};
  for (size_t index = 0; index < 2; index++) {
    free(sandbox("POST", "reset", ""));
    begin_persistent();
    // Half as long again as the request may take: without the header it would be repeated at once.
    sandbox_answers("get_customer", statuses[index], "{\"retry-after\":\"45\"}", "");
    CHECK_OK(get_mira(client, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_INT(info.http_status, statuses[index]);
    CHECK_INT(info.attempts, 1);
    CHECK_INT(info.retry_after_ms, 45000);
    CHECK_INT(stats_of(client).retries, 0);
    CHECK_INT(sandbox_count("requests"), 1);
    destroy(client);
  }
}

TEST(a_wait_within_the_deadline_is_made) {
  begin_persistent();
  sandbox_faults("{\"rules\":[{\"times\":1,\"respond\":{\"status\":429,\"headers\":{\"retry-after\":\"1\"}}}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 2);
  CHECK_INT(info.retry_after_ms, -1);
  CHECK_INT(stats_of(client).rate_limited, 1);
  CHECK_INT(stats_of(client).retries, 1);
  destroy(client);
}

TEST(absurd_waits_are_capped_and_nonsense_is_not_heard) {
  static const struct {
    const char *header;
    int64_t wait;
  } cases[] = {
      {"{\"retry-after\":\"86400\"}", 300000},
      {"{\"retry-after\":\"Fri, 01 Jan 2100 00:00:00 GMT\"}", 300000},
      {"{\"retry-after\":\"Sat, 01 Jan 2000 00:00:00 GMT\"}", -1},
      {"{\"retry-after\":\"soon\"}", -1},
      {"{\"retry-after\":\"-5\"}", -1},
      {"{\"retry-after\":\"0\"}", -1},
      {"{}", -1},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    client = new_client();
    sandbox_answers("get_customer", 429, cases[index].header, "");
    CHECK_OK(get_mira(client, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_E_RATE_LIMITED);
    if (!CHECK_INT(info.retry_after_ms, cases[index].wait)) FAIL("the headers were %s", cases[index].header);
    destroy(client);
  }
}

TEST(a_create_is_not_repeated_after_a_429) {
  begin_persistent();
  sandbox_answers("create_customer", 429, "{\"retry-after\":\"1\"}", "");
  paynow_completion_info info = create_named("x");
  CHECK_STATUS(info.status, PAYNOW_E_RATE_LIMITED);
  CHECK_INT(info.attempts, 1);
  CHECK_INT(info.retry_after_ms, 1000);
  CHECK_INT(stats_of(client).rate_limited, 1);
  CHECK_INT(sandbox_count("creates_effective"), 0);
  destroy(client);
}
