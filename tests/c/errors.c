// How requests end that are not answered as hoped for, and what is known about them then.
#include "harness.h"

static paynow_client client;
static paynow_completion completion;

static paynow_completion_info get(void) {
  CHECK_OK(get_mira(client, NULL, NULL));
  completion = await(client);
  return info_of(completion);
}

// Answers the next requests like this, and asks.
static paynow_completion_info canned(int status, const char *headers, const char *body) {
  client = new_client();
  sandbox_answers("get_customer", status, headers, body);
  return get();
}

TEST(error_with_every_field) {
  client = new_client();
  sandbox_answers("create_customer", 400, "{}",
                  "{\"status\":400,\"code\":\"InvalidInput\",\"message\":\"Not like this\",\"trace_id\":\"tr-1\",\"errors\":["
                  "{\"code\":\"c1\",\"message\":\"m1\",\"path\":\"items[0].name\",\"validation\":\"v1\"},"
                  "{\"code\":\"c2\",\"message\":\"m2\",\"path\":[\"metadata\",\"rank\",0],\"validation\":\"v2\"},"
                  "{}]}");
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "x";
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_E_API);
  CHECK_INT(info.http_status, 400);
  CHECK_INT(info.found, 0);
  CHECK_INT(info.sent, PAYNOW_SENT_ANSWERED);
  CHECK_STR(info.error_code, "InvalidInput");
  CHECK_STR(info.trace_id, "tr-1");
  CHECK_HAS(info.message, "Not like this");
  struct paynow_api_error error = INIT(struct paynow_api_error);
  CHECK_OK(paynow_completion_error(completion, &error));
  CHECK_INT(error.status, 400);
  CHECK_STR(error.code, "InvalidInput");
  CHECK_STR(error.message, "Not like this");
  CHECK_STR(error.trace_id, "tr-1");
  CHECK_INT(error.error_count, 3);
  struct paynow_validation_error invalid = INIT(struct paynow_validation_error);
  const char *segment = NULL;
  // A path that came as one string.
  CHECK_OK(paynow_completion_validation_error(completion, 0, &invalid));
  CHECK_STR(invalid.code, "c1");
  CHECK_STR(invalid.message, "m1");
  CHECK_STR(invalid.path, "items[0].name");
  CHECK_STR(invalid.validation, "v1");
  CHECK_INT(invalid.path_count, 1);
  CHECK_OK(paynow_completion_validation_path(completion, 0, 0, &segment));
  CHECK_STR(segment, "items[0].name");
  // One that came as an array.
  CHECK_OK(paynow_completion_validation_error(completion, 1, &invalid));
  CHECK_STR(invalid.path, "metadata.rank.0");
  CHECK_INT(invalid.path_count, 3);
  static const char *const segments[] = {"metadata", "rank", "0"};
  for (size_t index = 0; index < 3; index++) {
    CHECK_OK(paynow_completion_validation_path(completion, 1, index, &segment));
    CHECK_STR(segment, segments[index]);
  }
  // One that did not come.
  CHECK_OK(paynow_completion_validation_error(completion, 2, &invalid));
  CHECK_STR(invalid.code, NULL);
  CHECK_STR(invalid.message, NULL);
  CHECK_STR(invalid.validation, NULL);
  CHECK_STR(invalid.path, "");
  CHECK_INT(invalid.path_count, 0);
  CHECK_STATUS(paynow_completion_validation_error(completion, 3, &invalid), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_validation_path(completion, 1, 3, &segment), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_validation_path(completion, 9, 0, &segment), PAYNOW_E_NO_VALUE);
  destroy(client);
}

TEST(error_with_missing_fields) {
  static const struct {
    const char *body, *code, *message;
    int32_t status;
  } cases[] = {
      {"{\"code\":\"only\"}", "only", NULL, 0},
      {"{\"message\":\"only\",\"errors\":null}", NULL, "only", 0},
      {"{\"status\":418,\"code\":null}", NULL, NULL, 418},
      {"{\"status\":\"x\",\"code\":77,\"errors\":\"x\"}", "77", NULL, 0},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    CHECK_STATUS(canned(422, "{}", cases[index].body).status, PAYNOW_E_API);
    struct paynow_api_error error = INIT(struct paynow_api_error);
    CHECK_OK(paynow_completion_error(completion, &error));
    CHECK_INT(error.status, cases[index].status);
    CHECK_STR(error.code, cases[index].code);
    CHECK_STR(error.message, cases[index].message);
    CHECK_STR(error.trace_id, NULL);
    CHECK_INT(error.error_count, 0);
    destroy(client);
  }
}

// The status of the answer counts, not the one in its body.
TEST(statuses_follow_http) {
  static const struct {
    int http;
    paynow_status status;
  } cases[] = {
      {400, PAYNOW_E_API},          {401, PAYNOW_E_UNAUTHORIZED}, {403, PAYNOW_E_FORBIDDEN}, {409, PAYNOW_E_CONFLICT},
      {413, PAYNOW_E_API},          {415, PAYNOW_E_API},          {422, PAYNOW_E_API},       {429, PAYNOW_E_RATE_LIMITED},
      {500, PAYNOW_E_SERVER},       {502, PAYNOW_E_SERVER},       {503, PAYNOW_E_SERVER},    {504, PAYNOW_E_SERVER},
      {302, PAYNOW_E_INVALID_RESPONSE},
  };
  static const char *const bodies[] = {"{\"status\":404,\"code\":\"x\",\"message\":\"y\"}", "", "<html>Bad Gateway</html>"};
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    for (size_t body = 0; body < 3; body++) {
      paynow_completion_info info = canned(cases[index].http, "{}", bodies[body]);
      // A page in place of PayNow's own words: a firewall or a portal refuses, and knows nothing of the key.
      bool is_a_page = body == 2 && (cases[index].http == 401 || cases[index].http == 403);
      CHECK_STATUS(info.status, is_a_page ? PAYNOW_E_INVALID_RESPONSE : cases[index].status);
      CHECK_INT(info.http_status, cases[index].http);
      CHECK_INT(info.found, 0);
      CHECK(info.message != NULL);
      destroy(client);
    }
  }
}

// An HTML 404 is a mistyped address; taken for "unknown" it would have every player created a second time.
TEST(a_404_is_an_answer_only_as_a_paynow_error) {
  paynow_completion_info info = canned(404, "{}", "{\"status\":404,\"code\":\"not-found\",\"message\":\"none\"}");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 0);
  CHECK_STR(info.message, NULL);
  CHECK_STR(info.error_code, "not-found");
  destroy(client);
  static const char *const others[] = {"<html><h1>404</h1></html>", "", "[]", "{}", "{\"error\":\"x\"}", "null"};
  for (size_t index = 0; index < sizeof others / sizeof *others; index++) {
    info = canned(404, "{\"content-type\":\"text/html\"}", others[index]);
    CHECK_STATUS(info.status, PAYNOW_E_INVALID_RESPONSE);
    CHECK_INT(info.http_status, 404);
    CHECK_HAS(info.message, "base address");
    struct paynow_api_error error = INIT(struct paynow_api_error);
    CHECK_STATUS(paynow_completion_error(completion, &error), PAYNOW_E_NO_VALUE);
    destroy(client);
  }
}

TEST(a_404_to_lookup_and_giftcard) {
  static const char *const bodies[] = {"{\"code\":\"not-found\"}", "<html></html>"};
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  lookup.name = "x";
  card.customer_token = card.code = "t";
  client = new_client();
  for (int html = 0; html < 2; html++) {
    sandbox_answers("*", 404, "{}", bodies[html]);
    CHECK_OK(paynow_lookup_customer(client, &lookup, NULL, NULL));
    CHECK_STATUS(await_status(client), html ? PAYNOW_E_INVALID_RESPONSE : PAYNOW_OK);
    CHECK_OK(paynow_lookup_giftcard(client, &card, NULL, NULL));
    CHECK_STATUS(await_status(client), html ? PAYNOW_E_INVALID_RESPONSE : PAYNOW_OK);
    // Where a 404 is not an answer it stays an error.
    CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
    CHECK_STATUS(await_status(client), html ? PAYNOW_E_INVALID_RESPONSE : PAYNOW_E_NOT_FOUND);
  }
  destroy(client);
}

TEST(retry_after_in_every_spelling) {
  static const struct {
    const char *headers;
    int64_t ms;
  } cases[] = {
      {"{\"retry-after\":\"2\"}", 2000},       {"{}", -1},
      {"{\"retry-after\":\"86400\"}", 300000}, {"{\"retry-after\":\"soon\"}", -1},
      {"{\"retry-after\":\"-5\"}", -1},        {"{\"retry-after\":\"Wed, 21 Oct 2015 07:28:00 GMT\"}", -1},
      {"{\"retry-after\":\"Mon, 21 Oct 2115 07:28:00 GMT\"}", 300000},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_completion_info info = canned(429, cases[index].headers, "{\"status\":429,\"code\":\"x\",\"message\":\"y\"}");
    CHECK_STATUS(info.status, PAYNOW_E_RATE_LIMITED);
    CHECK_INT(info.retry_after_ms, cases[index].ms);
    destroy(client);
  }
}

TEST(redirects_are_not_followed) {
  char headers[128];
  snprintf(headers, sizeof headers, "{\"location\":\"%s/v1/elsewhere\"}", sandbox_base);
  paynow_completion_info info = canned(302, headers, "");
  CHECK_STATUS(info.status, PAYNOW_E_INVALID_RESPONSE);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

TEST(info_of_a_success) {
  int mark = 0;
  paynow_request_id request = 0;
  paynow_call call = INIT(paynow_call);
  call.tag = UINT64_MAX - 1;
  call.user_data = &mark;
  call.priority = PAYNOW_PRIORITY_BACKGROUND;
  client = new_client();
  CHECK_OK(get_mira(client, &call, &request));
  CHECK(request != 0);
  completion = await(client);
  CHECK_INT(completion, request);
  paynow_completion_info info = info_of(completion);
  CHECK_INT(info.struct_size, sizeof info);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.operation, PAYNOW_OP_GET_CUSTOMER);
  CHECK_INT(info.found, 1);
  CHECK_INT(info.http_status, 200);
  CHECK_INT(info.attempts, 1);
  CHECK_INT(info.sent, PAYNOW_SENT_ANSWERED);
  CHECK_INT(info.customer_count, 1);
  CHECK_INT(info.retry_after_ms, -1);
  CHECK_INT(info.tag, UINT64_MAX - 1);
  CHECK(info.user_data == &mark);
  CHECK_STR(info.message, NULL);
  CHECK_STR(info.error_code, NULL);
  CHECK_STR(info.trace_id, NULL);
  CHECK_INT(info.request, request);
  CHECK(info.network_us > 0);
  // It grows while the completion is kept.
  uint64_t age = info.age_us;
  int64_t until = now_ms() + 20;
  while (now_ms() < until) breathe();
  CHECK(info_of(completion).age_us >= age + 10000);
  destroy(client);
}

TEST(no_server_listens) {
  paynow_client_config config = sandbox_config();
  // The port of discard: nothing answers there, and the connection is refused at once.
  config.api_base = "http://127.0.0.1:9";
  client = client_with(&config);
  paynow_completion_info info = get();
  CHECK_STATUS(info.status, PAYNOW_E_CONNECT);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.http_status, 0);
  CHECK(info.message != NULL);
  destroy(client);
}

TEST(a_name_that_does_not_exist) {
  paynow_client_config config = sandbox_config();
  config.api_base = "https://nowhere.invalid";
  config.deadline_ms = 20000;
  client = client_with(&config);
  paynow_completion_info info = get();
  // A machine without any resolver may take longer to say so than the deadline.
  CHECK(info.status == PAYNOW_E_RESOLVE || info.status == PAYNOW_E_TIMEOUT);
  CHECK(info.status != PAYNOW_E_RESOLVE || info.sent == PAYNOW_SENT_NEVER);
  destroy(client);
}

TEST(a_server_that_speaks_no_tls) {
  paynow_client_config config = sandbox_config();
  char base[64];
  snprintf(base, sizeof base, "https://127.0.0.1:%s", strrchr(sandbox_base, ':') + 1);
  config.api_base = base;
  client = client_with(&config);
  paynow_completion_info info = get();
  CHECK_STATUS(info.status, PAYNOW_E_TLS);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  destroy(client);
}

TEST(a_connection_that_breaks) {
  static const char *const actions[] = {"\"reset\":true", "\"close\":true", "\"reset_mid_body\":true"};
  for (int index = 0; index < 3; index++) {
    char plan[128];
    snprintf(plan, sizeof plan, "{\"rules\":[{\"operation\":\"get_customer\",%s}]}", actions[index]);
    sandbox_faults(plan);
    client = new_client();
    paynow_completion_info info = get();
    CHECK_STATUS(info.status, PAYNOW_E_TRANSPORT);
    CHECK(info.sent != PAYNOW_SENT_NEVER);
    CHECK(info.message != NULL);
    destroy(client);
  }
}

TEST(an_answer_shorter_than_it_claims) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"respond\":{\"status\":200,\"body\":\"{\\\"id\\\":\\\"7\\\"}\",\"content_length\":500,\"then\":\"close\"}}]}");
  CHECK_STATUS(get().status, PAYNOW_E_TRANSPORT);
  destroy(client);
}

// A kept connection may be closed in the very moment it is used again: reading is then simply repeated.
TEST(a_connection_closed_while_idle_is_not_an_error) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"operation\":\"get_customer\",\"close_after\":true}]}");
  for (int round = 0; round < 20; round++) {
    CHECK_STATUS(get().status, PAYNOW_OK);
    CHECK_OK(paynow_completion_free(completion));
  }
  destroy(client);
}

// A create that may have been carried out must not be sent again.
TEST(a_create_is_not_repeated) {
  client = new_client();
  CHECK_STATUS(get().status, PAYNOW_OK);
  sandbox_faults("{\"rules\":[{\"operation\":\"create_customer\",\"after_effect\":true,\"reset\":true}]}");
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Once";
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_E_TRANSPORT);
  CHECK_INT(info.sent, PAYNOW_SENT_MAYBE);
  CHECK_INT(sandbox_count("create_customer"), 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(a_timeout_may_have_been_sent) {
  client = new_client();
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 300;
  CHECK_OK(get_mira(client, &call, NULL));
  completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_E_TIMEOUT);
  CHECK_INT(info.sent, PAYNOW_SENT_MAYBE);
  CHECK_INT(info.http_status, 0);
  CHECK_INT(info.attempts, 1);
  CHECK(info.network_us >= 200000);
  CHECK(info.message != NULL);
  CHECK_INT(stats_of(client).timed_out, 1);
  destroy(client);
}

TEST(status_texts) {
  static const paynow_status known[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 27, 40, 41, 42, 43, 44, 45, 46};
  const char *unknown = paynow_status_text(99);
  REQUIRE(unknown != NULL && *unknown);
  CHECK_STR(paynow_status_text(INT32_MIN), unknown);
  CHECK_STR(paynow_status_text(INT32_MAX), unknown);
  for (size_t index = 0; index < sizeof known / sizeof *known; index++) {
    const char *text = paynow_status_text(known[index]);
    REQUIRE(text != NULL && *text);
    CHECK(strcmp(text, unknown) != 0);
    for (size_t other = 0; other < index; other++) CHECK(strcmp(text, paynow_status_text(known[other])) != 0);
  }
}

TEST(versions) {
  CHECK_INT(paynow_abi_version(), PAYNOW_ABI_VERSION);
  int major = -1, minor = -1, patch = -1;
  CHECK_INT(sscanf(paynow_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}
