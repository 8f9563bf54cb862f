// The library's log lines: few, on the polling thread, and without secrets.
#include "harness.h"

enum { LINES = 4000 };

static struct {
  int32_t level;
  char text[1600];
} lines[LINES];
static volatile uint32_t line_count;
static paynow_client client;

static void on_log(int32_t level, const char *message, size_t length, void *user_data) {
  CHECK(user_data == lines);
  CHECK_INT(strlen(message), length);
  // One line is one line.
  CHECK(strpbrk(message, "\r\n\x1b") == NULL);
  if (line_count == LINES) return;
  lines[line_count].level = level;
  snprintf(lines[line_count].text, sizeof lines[0].text, "%s", message);
  line_count++;
}

static paynow_client_config logged(int32_t level) {
  paynow_client_config config = sandbox_config();
  config.on_log = on_log;
  config.log_user_data = lines;
  config.log_level = level;
  line_count = 0;
  return config;
}

static uint32_t of_level(int32_t level) {
  uint32_t count = 0;
  for (uint32_t index = 0; index < line_count; index++) count += lines[index].level == level;
  return count;
}

static void check_lines_lack(const char *secret) {
  for (uint32_t index = 0; index < line_count; index++) CHECK_HAS_NOT(lines[index].text, secret);
}

static paynow_status ask(uint64_t number) {
  CHECK_OK(get_stranger(client, number, NULL, NULL));
  return await_status(client);
}

static bool is_answered_again(void *number) { return ask(++*(uint64_t *)number) == PAYNOW_OK; }

static bool is_idle(void *context) {
  (void)context;
  return stats_of(client).workers_busy == 0;
}

TEST(nothing_is_said_while_all_is_well) {
  paynow_client_config config = logged(0);
  client = client_with(&config);
  for (uint64_t number = 0; number < 50; number++) CHECK_STATUS(ask(number), PAYNOW_OK);
  destroy(client);
  CHECK_INT(line_count, 0);
}

// One line when an outage is noticed and one when it is over, however many requests fail meanwhile.
TEST(an_outage_is_two_lines) {
  paynow_client_config config = logged(0);
  config.circuit_threshold = 5;
  client = client_with(&config);
  sandbox_answers("*", 500, "{}", "");
  for (uint64_t number = 0; number < 300; number++) {
    paynow_status status = ask(number);
    CHECK(status == PAYNOW_E_SERVER || status == PAYNOW_E_UNAVAILABLE);
  }
  CHECK_INT(line_count, 1);
  CHECK_INT(of_level(PAYNOW_LOG_WARN), 1);
  sandbox_recovers();
  uint64_t number = 1000;
  CHECK(eventually(is_answered_again, &number));
  for (uint64_t more = 2000; more < 2050; more++) CHECK_STATUS(ask(more), PAYNOW_OK);
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  CHECK_INT(line_count, 2);
  CHECK_INT(of_level(PAYNOW_LOG_INFO), 1);
  destroy(client);
  CHECK_INT(line_count, 2);
}

// A server that hangs is an outage as well.
TEST(a_hang_is_two_lines) {
  paynow_client_config config = logged(0);
  config.circuit_threshold = 5;
  client = client_with(&config);
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 200;
  // On a slow machine few of a hundred are sent before their deadline, and only those count.
  for (int round = 0; round < 50 && !stats_of(client).circuit_open; round++) {
    for (uint64_t number = 0; number < 100; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
    for (uint64_t number = 0; number < 100; number++) {
      paynow_status status = await_status(client);
      CHECK(status == PAYNOW_E_TIMEOUT || status == PAYNOW_E_UNAVAILABLE);
    }
    // The last of them must have been given up before the server answers, or that is another outage.
    CHECK(eventually(is_idle, NULL));
  }
  sandbox_recovers();
  uint64_t number = 1000;
  CHECK(eventually(is_answered_again, &number));
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  CHECK_INT(of_level(PAYNOW_LOG_WARN), 1);
  CHECK_INT(of_level(PAYNOW_LOG_INFO), 1);
  destroy(client);
}

TEST(levels_are_kept) {
  paynow_client_config config = logged(PAYNOW_LOG_ERROR);
  config.circuit_threshold = 2;
  client = client_with(&config);
  sandbox_answers("*", 500, "{}", "");
  for (uint64_t number = 0; number < 10; number++) (void)ask(number);
  destroy(client);
  CHECK_INT(line_count, 0);
  config = logged(PAYNOW_LOG_DEBUG);
  client = client_with(&config);
  sandbox_recovers();
  for (uint64_t number = 0; number < 10; number++) CHECK_STATUS(ask(number), PAYNOW_OK);
  destroy(client);
  CHECK(of_level(PAYNOW_LOG_DEBUG) >= 10);
}

TEST(lines_come_only_when_the_host_collects) {
  paynow_client_config config = logged(PAYNOW_LOG_DEBUG);
  config.max_outstanding = 1000;
  client = client_with(&config);
  for (uint64_t number = 0; number < 600; number++) CHECK_OK(get_stranger(client, number, NULL, NULL));
  int64_t end = now_ms() + PATIENCE_MS;
  while (stats_of(client).completed_ok < 600 && now_ms() < end) breathe();
  // Nothing is said behind the host's back, and what does not fit is counted, not kept.
  CHECK_INT(line_count, 0);
  uint64_t dropped = stats_of(client).log_dropped;
  CHECK(dropped > 0);
  CHECK_OK(paynow_client_poll(client, 1, 0, NULL));
  CHECK_INT(line_count + dropped, 600);
  destroy(client);
}

static void shut_down_in_log(int32_t level, const char *message, size_t length, void *user_data) {
  (void)level, (void)message, (void)length;
  size_t count;
  paynow_completion completion;
  ++*(volatile uint32_t *)user_data;
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_REENTRANT);
  CHECK_STATUS(paynow_client_next(client, 0, &completion, 1, &count), PAYNOW_E_REENTRANT);
  CHECK_STATUS(paynow_client_destroy(client), PAYNOW_E_PENDING);
}

TEST(the_log_sink_may_destroy) {
  volatile uint32_t count = 0;
  paynow_client_config config = logged(PAYNOW_LOG_DEBUG);
  config.on_log = shut_down_in_log;
  config.log_user_data = (void *)&count;
  client = client_with(&config);
  CHECK_OK(get_mira(client, NULL, NULL));
  int64_t end = now_ms() + PATIENCE_MS;
  while (count == 0 && now_ms() < end) {
    CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
    breathe();
  }
  CHECK(count > 0);
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
}

// --- secrets ---

#define SECRET_KEY "pnapi_K3YthatMustStayHidden"
#define SECRET_TOKEN "pnct_T0KENthatMustStayHidden"

static void check_message(paynow_status expected) {
  paynow_completion completion = await(client);
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, expected);
  if (info.message) {
    CHECK_HAS_NOT(info.message, SECRET_KEY);
    CHECK_HAS_NOT(info.message, SECRET_TOKEN);
  }
  CHECK_OK(paynow_completion_free(completion));
}

static void use_secrets(paynow_status management, paynow_status storefront) {
  paynow_client_config config = logged(PAYNOW_LOG_DEBUG);
  config.api_key = SECRET_KEY;
  config.circuit_threshold = 3;
  client = client_with(&config);
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  paynow_raw_request raw = INIT(paynow_raw_request);
  card.customer_token = raw.customer_token = SECRET_TOKEN;
  card.code = "C";
  raw.method = "GET";
  raw.path = "/v1/x";
  raw.auth = PAYNOW_AUTH_CUSTOMER;
  CHECK_OK(get_mira(client, NULL, NULL));
  check_message(management);
  CHECK_OK(paynow_get_current_customer(client, SECRET_TOKEN, 0, NULL, NULL));
  check_message(storefront);
  CHECK_OK(paynow_lookup_giftcard(client, &card, NULL, NULL));
  check_message(storefront);
  CHECK_OK(paynow_get_current_customer(client, SECRET_TOKEN, 0, NULL, NULL));
  check_message(storefront);
  // A line break makes it unusable, and its refusal must not repeat it.
  CHECK_STATUS(paynow_get_current_customer(client, SECRET_TOKEN "\n", 0, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS_NOT(paynow_last_error(), SECRET_TOKEN);
  raw.auth = PAYNOW_AUTH_API_KEY;
  CHECK_STATUS(paynow_request(client, &raw, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS_NOT(paynow_last_error(), SECRET_TOKEN);
  destroy(client);
  CHECK(line_count > 0);
  check_lines_lack(SECRET_KEY);
  check_lines_lack(SECRET_TOKEN);
}

TEST(no_secret_in_refusals) { use_secrets(PAYNOW_E_UNAUTHORIZED, PAYNOW_E_UNAUTHORIZED); }

TEST(no_secret_when_the_connection_breaks) {
  sandbox_faults("{\"rules\":[{\"reset\":true}]}");
  use_secrets(PAYNOW_E_TRANSPORT, PAYNOW_E_TRANSPORT);
}

// Real servers do say "invalid token pnct_…".
TEST(no_secret_though_the_server_repeats_it) {
  sandbox_answers("*", 401, "{}",
                  "{\"status\":401,\"code\":\"unauthorized\",\"message\":\"Not valid: APIKey " SECRET_KEY ", Customer " SECRET_TOKEN "\"}");
  use_secrets(PAYNOW_E_UNAUTHORIZED, PAYNOW_E_UNAUTHORIZED);
}

TEST(no_secret_of_an_answer) {
  paynow_client_config config = logged(PAYNOW_LOG_DEBUG);
  client = client_with(&config);
  // Minted under the wrong name: what arrived is not read as a token, and yet it is one.
  sandbox_answers("create_customer_token", 200, "{}", "{\"customer_token\":\"" SECRET_TOKEN "\"}");
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  check_message(PAYNOW_E_INVALID_RESPONSE);
  sandbox_answers("create_customer_token", 500, "{}", SECRET_TOKEN);
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  check_message(PAYNOW_E_SERVER);
  sandbox_answers("create_customer_token", 200, "{}", "{\"token\":\"" SECRET_TOKEN "\"}");
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  check_message(PAYNOW_OK);
  destroy(client);
  CHECK(line_count > 0);
  check_lines_lack(SECRET_TOKEN);
}

// A server's text must not forge lines in the host's log.
TEST(a_servers_line_breaks_stay_in_their_line) {
  paynow_client_config config = logged(PAYNOW_LOG_DEBUG);
  config.circuit_threshold = 1;
  client = client_with(&config);
  sandbox_answers("*", 500, "{}", "{\"status\":500,\"code\":\"x\",\"message\":\"a\\r\\n[INFO] forged\\u001b[31m\"}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  CHECK_STATUS(info_of(completion).status, PAYNOW_E_SERVER);
  destroy(client);
  CHECK(line_count > 0);
}

// The message of a completion is "a sentence for a log" as well.
TEST(a_servers_line_breaks_are_in_no_message) {
  client = new_client();
  sandbox_answers("*", 500, "{}", "{\"status\":500,\"code\":\"x\",\"message\":\"a\\r\\n[INFO] forged\\u001b[31m\"}");
  CHECK_OK(get_mira(client, NULL, NULL));
  const char *message = info_of(await(client)).message;
  CHECK_HAS(message, "forged");
  if (strpbrk(message, "\r\n\x1b")) FAIL("the message holds control characters");
  destroy(client);
}
