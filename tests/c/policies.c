// What the library does on its own account: asking again, asking no more, asking slowly, remembering, knowing players
// by their keys, and walking through what is longer than one answer.
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CUSTOMERS "/v1/stores/411486491630370816/customers"
// What the API says when there is no such customer, as it stands inside a plan.
#define NOBODY "{\\\"status\\\":404,\\\"code\\\":\\\"not-found\\\",\\\"message\\\":\\\"none\\\"}"

static paynow_client client;
static paynow_completion completion;

static paynow_completion_info answer(void) {
  completion = await(client);
  return info_of(completion);
}

static struct paynow_customer customer_at(size_t index) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_OK(paynow_completion_customer(completion, index, &customer));
  return customer;
}

static paynow_lookup_query by_name(const char *name) {
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_java_name = name;
  return query;
}

static paynow_completion_info look_up(const char *name) {
  paynow_lookup_query query = by_name(name);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  return answer();
}

static paynow_completion_info ensure(paynow_player player) {
  player.struct_size = sizeof player;
  CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  return answer();
}

static paynow_completion_info create_named(const char *name) {
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = name;
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  return answer();
}

static paynow_completion_info rename_customer(const char *id, const char *name) {
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = name;
  CHECK_OK(paynow_update_customer(client, id, 0, &fields, NULL, NULL));
  return answer();
}

// A client that asks up to three times, without waiting long.
static void begin_persistent(void) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  client = client_with(&config);
}

// A client that remembers answers.
static void begin_remembering(void) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
}

// A client that remembers, but not for long: what is known is soon old.
static void begin_forgetful(void) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.cache_negative_ttl_ms = 20;
  client = client_with(&config);
}

static paynow_status peek(const char *name) {
  paynow_lookup_query query = by_name(name);
  return paynow_client_peek(client, &query, &completion);
}

static bool is_old(void *name) {
  paynow_status status = peek(name);
  if (status == PAYNOW_OK) CHECK_OK(paynow_completion_free(completion));
  return status == PAYNOW_E_NO_VALUE;
}

static bool has_shared(void *count) { return stats_of(client).coalesced >= *(uint64_t *)count; }

// An address nobody listens at: one that was just given back.
static void nobodys_address(char *out, size_t room) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    FAIL("no address can be had");
  }
  close(fd);
  snprintf(out, room, "http://127.0.0.1:%d", ntohs(address.sin_port));
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

// Whether the server has made the customer or not, nobody knows: a second one must not come of it.
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
  nobodys_address(address, sizeof address);
  paynow_client_config config = sandbox_config();
  config.api_base = address;
  config.max_attempts = 4;
  config.retry_base_ms = 1;
  client = client_with(&config);
  paynow_completion_info info = create_named("Nobody");
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

// --- asking slowly ---

TEST(a_429_holds_back_the_others) {
  client = new_client();
  sandbox_answers("get_customer", 429, "{\"retry-after\":\"25\"}", "");
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_RATE_LIMITED);
  sandbox_recovers();
  // It would be answered at once; it is not even sent.
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 100;
  CHECK_OK(get_stranger(client, 1, &call, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_TIMEOUT);
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
  // One a second from here on, so nobody but a machine that stands still for seven finds more than all but one.
  CHECK(sandbox_count("requests") < requests);
  uint32_t cancelled = 0;
  CHECK_OK(paynow_client_cancel_all(client, 0, &cancelled));
  CHECK_INT(cancelled, requests);
  for (int number = 0; number < requests; number++) CHECK_STATUS(answer().status, PAYNOW_E_CANCELLED);
  destroy(client);
}

// --- asking no more ---

static void begin_with_circuit(uint32_t threshold) {
  paynow_client_config config = sandbox_config();
  config.circuit_threshold = threshold;
  client = client_with(&config);
}

static uint64_t next_stranger;

static paynow_status ask(void) {
  CHECK_OK(get_stranger(client, next_stranger++, NULL, NULL));
  return answer().status;
}

// Every now and then one is let through to see whether the API is back, so who wants to be refused may have to ask twice.
static paynow_completion_info ask_until_refused(void) {
  for (int tries = 0; tries < 100; tries++) {
    int64_t before = sandbox_count("requests");
    CHECK_OK(get_stranger(client, next_stranger++, NULL, NULL));
    paynow_completion_info info = answer();
    if (info.status != PAYNOW_E_UNAVAILABLE || info.attempts > 0) continue;
    CHECK_INT(sandbox_count("requests"), before);
    return info;
  }
  FAIL("nothing was refused");
  return info_of(completion);
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
  // Without anybody's doing but asking.
  CHECK(eventually(is_answered, NULL));
  CHECK_INT(stats_of(client).circuit_open, 0);
  for (int count = 0; count < 10; count++) CHECK_STATUS(ask(), PAYNOW_OK);
  // It opens again as it did before.
  sandbox_answers("*", 500, "{}", "");
  for (int count = 0; count < 3; count++) CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).circuit_open, 1);
  destroy(client);
}

TEST(an_api_nobody_reaches_is_not_asked) {
  char address[64];
  nobodys_address(address, sizeof address);
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

// --- remembering ---

TEST(an_answer_is_remembered_by_its_key) {
  begin_remembering();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  for (int count = 0; count < 5; count++) {
    paynow_completion_info info = look_up("Notch");
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
    CHECK_INT(info.found, 1);
    CHECK_INT(info.attempts, 0);
    CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
    CHECK_STR(customer_at(0).id, NOTCH);
    // As the answer came, to the last entry of its metadata.
    CHECK_INT(customer_at(0).metadata_count, 2);
    const char *json = NULL;
    CHECK_OK(paynow_completion_json(completion, &json, NULL));
    CHECK_HAS(json, NOTCH);
  }
  CHECK_INT(sandbox_count("requests"), 1);
  // Another key of the same customer is another question.
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  // The same in another spelling is not.
  query.minecraft_uuid = "069A79F444E94726A5BEFCA90E38AAF5";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(paynow_get_customer(client, NOTCH, 0, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  CHECK_OK(paynow_get_customer(client, NOTCH, 0, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_CACHE);
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.cache_hits, 7);
  CHECK_INT(stats.cache_entries, 3);
  CHECK(stats.cache_bytes > 0);
  CHECK_INT(sandbox_count("requests"), 3);
  destroy(client);
}

TEST(failures_lists_tokens_and_cards_are_not_remembered) {
  begin_remembering();
  sandbox_faults("{\"rules\":[{\"times\":1,\"respond\":{\"status\":500}}]}");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  CHECK_STATUS(look_up("Notch").status, PAYNOW_OK);
  CHECK_INT(stats_of(client).cache_entries, 1);
  char token[256];
  for (int count = 0; count < 2; count++) {
    const char *text = NULL;
    CHECK_OK(paynow_list_customers(client, NULL, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    CHECK_OK(paynow_create_customer_token(client, NOTCH, 0, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    CHECK_OK(paynow_completion_token(completion, &text, NULL));
    snprintf(token, sizeof token, "%s", text);
    CHECK_OK(paynow_get_current_customer(client, token, 0, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    paynow_giftcard_query card = INIT(paynow_giftcard_query);
    card.customer_token = token;
    card.code = "GIFT-2500-ALEX";
    CHECK_OK(paynow_lookup_giftcard(client, &card, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  }
  CHECK_INT(stats_of(client).cache_entries, 1);
  CHECK_INT(sandbox_count("requests"), 10);
  destroy(client);
}

TEST(nobody_is_remembered_until_somebody_is_created) {
  begin_remembering();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.steam_id = "76561198000000071";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().found, 0);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 0);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(sandbox_count("requests"), 1);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.steam_id = query.steam_id;
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  info = answer();
  CHECK_INT(info.found, 1);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  destroy(client);
}

// A bulk creates, too, and so may one whose answer was lost.
TEST(nobody_is_forgotten_after_any_create) {
  begin_remembering();
  CHECK_INT(look_up("Herobrine").found, 0);
  CHECK_INT(look_up("Herobrine").source, PAYNOW_SOURCE_CACHE);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Herobrine";
  fields.minecraft_platform = PAYNOW_MINECRAFT_JAVA;
  sandbox_faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"after_effect\":true,\"reset\":true}]}");
  CHECK_OK(paynow_bulk_create_customers(client, &fields, 1, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TRANSPORT);
  paynow_completion_info info = look_up("Herobrine");
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  CHECK_INT(info.found, 1);
  destroy(client);
}

TEST(nobody_is_remembered_for_less_long) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.cache_negative_ttl_ms = 20;
  client = client_with(&config);
  CHECK_INT(look_up("Notch").found, 1);
  CHECK_INT(look_up("Herobrine").found, 0);
  CHECK(eventually(is_old, "Herobrine"));
  CHECK_OK(peek("Notch"));
  CHECK_INT(look_up("Herobrine").source, PAYNOW_SOURCE_NETWORK);
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  destroy(client);
}

// Whatever key it was remembered by, and whatever became of the change.
TEST(a_change_is_seen_under_every_key) {
  static const char *const outcomes[] = {"{}", "{\"rules\":[{\"operation\":\"update_customer\",\"after_effect\":true,\"reset\":true}]}"};
  for (size_t index = 0; index < 2; index++) {
    free(sandbox("POST", "reset", ""));
    begin_remembering();
    paynow_lookup_query steam = INIT(paynow_lookup_query);
    steam.steam_id = "76561198087654321";
    for (int count = 0; count < 2; count++) {
      CHECK_OK(paynow_lookup_customer(client, &steam, NULL, NULL));
      CHECK_STR((answer(), customer_at(0).name), "Mira");
      look_up("MiraMines");
      CHECK_OK(get_mira(client, NULL, NULL));
      answer();
    }
    look_up("Notch");
    CHECK_INT(sandbox_count("requests"), 4);
    sandbox_faults(outcomes[index]);
    rename_customer(MIRA, "Changed");
    sandbox_recovers();
    CHECK_OK(paynow_lookup_customer(client, &steam, NULL, NULL));
    CHECK_STR((answer(), customer_at(0).name), "Changed");
    look_up("MiraMines");
    CHECK_STR(customer_at(0).name, "Changed");
    CHECK_OK(get_mira(client, NULL, NULL));
    CHECK_STR((answer(), customer_at(0).name), "Changed");
    // Others stay.
    CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
    destroy(client);
  }
}

// Holds the answer to the next lookup back, with what it said when it was asked.
static void hold_lookups(void) {
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":1,\"after_effect\":true,\"hang\":true}]}");
}

// Collects two completions, whichever comes first.
static void collect_two(paynow_completion *both) {
  both[0] = await(client);
  both[1] = await(client);
}

TEST(an_answer_from_before_a_change_is_not_remembered_after_it) {
  begin_remembering();
  hold_lookups();
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_recovers();
  CHECK_STATUS(answer().status, PAYNOW_OK);
  look_up("Notch");
  CHECK_STR(customer_at(0).name, "Changed");
  destroy(client);
}

TEST(an_answer_an_ensure_got_before_a_change_is_not_remembered_after_it) {
  begin_remembering();
  hold_lookups();
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_recovers();
  CHECK_STATUS(answer().status, PAYNOW_OK);
  look_up("Notch");
  CHECK_STR(customer_at(0).name, "Changed");
  destroy(client);
}

static bool is_under_way(void *unused) {
  (void)unused;
  // Shared, or asked by itself: the held one and the change were two.
  return stats_of(client).coalesced >= 1 || sandbox_count("requests") >= 3;
}

TEST(who_asks_after_a_change_gets_no_answer_from_before) {
  begin_remembering();
  hold_lookups();
  paynow_call call = INIT(paynow_call);
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  call.tag = 2;
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK(eventually(is_under_way, NULL));
  sandbox_recovers();
  paynow_completion both[2];
  collect_two(both);
  for (int index = 0; index < 2; index++) {
    completion = both[index];
    if (info_of(completion).tag == 2) CHECK_STR(customer_at(0).name, "Changed");
  }
  destroy(client);
}

TEST(an_old_answer_stands_in_for_a_failure) {
  begin_forgetful();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  CHECK(eventually(is_old, "Notch"));
  static const char *const faults[] = {
      "{\"rules\":[{\"respond\":{\"status\":503}}]}",
      "{\"rules\":[{\"reset\":true}]}",
      "{\"rules\":[{\"respond\":{\"status\":500,\"body\":\"<html></html>\"}}]}",
  };
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
    sandbox_faults(faults[index]);
    paynow_completion_info info = look_up("Notch");
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
    CHECK_INT(info.found, 1);
    // It was asked for.
    CHECK(info.attempts > 0);
    CHECK(info.sent != PAYNOW_SENT_NEVER);
    CHECK_STR(customer_at(0).id, NOTCH);
    CHECK_INT(stats_of(client).cache_stale, index + 1);
  }
  // What the API says itself counts, and so does what was never asked before.
  sandbox_answers("lookup_customer", 403, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_FORBIDDEN);
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("jeb_").status, PAYNOW_E_SERVER);
  // A stand-in is no answer: it is not young again.
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  sandbox_recovers();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  destroy(client);
}

TEST(an_old_answer_stands_in_at_the_deadline) {
  begin_forgetful();
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
  CHECK_STR(customer_at(0).id, NOTCH);
  query = by_name("jeb_");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TIMEOUT);
  destroy(client);
}

TEST(an_old_answer_stands_in_while_the_api_is_not_asked) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.circuit_threshold = 1;
  client = client_with(&config);
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_answers("*", 503, "{}", "");
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  ask_until_refused();
  paynow_completion_info info = look_up("Notch");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
  destroy(client);
}

TEST(an_answer_that_is_too_old_or_changed_stands_in_for_nothing) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.cache_stale_ms = 20;
  client = client_with(&config);
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).cache_stale, 0);
  destroy(client);
  sandbox_recovers();
  begin_remembering();
  look_up("Notch");
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  destroy(client);
}

TEST(memory_is_bounded) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.cache_bytes = 65536;
  client = client_with(&config);
  for (uint64_t number = 0; number < 500; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_OK(paynow_completion_free(completion));
  }
  struct paynow_stats stats = stats_of(client);
  CHECK(stats.cache_entries > 0 && stats.cache_entries < 500);
  CHECK(stats.cache_bytes <= 65536);
  destroy(client);
}

// --- one question of many ---

TEST(many_ask_the_same_and_one_request_is_sent) {
  enum { askers = 50 };
  begin_remembering();
  sandbox_hangs();
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
  CHECK_INT(sources[PAYNOW_SOURCE_NETWORK], 1);
  CHECK_INT(sources[PAYNOW_SOURCE_SHARED], askers - 1);
  CHECK_INT(sandbox_count("requests"), 1);
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
  CHECK_INT(sources[PAYNOW_SOURCE_NETWORK], 1);
  CHECK_INT(sources[PAYNOW_SOURCE_SHARED], askers - 1);
  CHECK_INT(sandbox_count("requests"), 1);
  CHECK_INT(stats_of(client).cache_entries, 0);
  destroy(client);
}

TEST(who_leaves_takes_nobody_along) {
  begin_remembering();
  sandbox_hangs();
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
  CHECK_INT(sandbox_count("requests"), 1);
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
  sandbox_recovers();
  info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.tag, 2);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

// --- peeking ---

TEST(peek_finds_what_is_remembered) {
  begin_remembering();
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  look_up("Notch");
  look_up("Herobrine");
  CHECK_OK(peek("Notch"));
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.operation, PAYNOW_OP_LOOKUP_CUSTOMER);
  CHECK_INT(info.found, 1);
  CHECK_INT(info.customer_count, 1);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(info.attempts, 0);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.request, completion);
  CHECK_STR(customer_at(0).id, NOTCH);
  const char *key = NULL, *value = NULL;
  CHECK_OK(paynow_completion_metadata(completion, 0, 1, &key, &value));
  CHECK_STR(key, "rank");
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_completion_free(completion), PAYNOW_E_INVALID_HANDLE);
  CHECK_OK(peek("Herobrine"));
  info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 0);
  CHECK_INT(info.customer_count, 0);
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_STATUS(paynow_completion_customer(completion, 0, &customer), PAYNOW_E_NO_VALUE);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_INT(sandbox_count("requests"), 2);
  destroy(client);
}

TEST(peek_knows_players_by_the_same_keys) {
  static const paynow_player players[] = {
      {.steam_id = "76561198087654321"},
      {.xbox_xuid = "2535432196048835"},
      {.minecraft_uuid = "00000000-0000-0000-0009-01f64f65c7c3", .name = ".PixelPia"},
      {.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5"},
      {.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_Olga"},
      {.name = ".PixelPia"},
      {.name = "Herobrine"},
  };
  begin_remembering();
  for (size_t index = 0; index < sizeof players / sizeof *players; index++) {
    paynow_player player = players[index];
    player.struct_size = sizeof player;
    CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
    paynow_completion_info looked_up = answer();
    int64_t before = sandbox_count("requests");
    CHECK_OK(paynow_client_peek_player(client, &player, &completion));
    CHECK_INT(info_of(completion).found, looked_up.found);
    CHECK_OK(paynow_completion_free(completion));
    CHECK_INT(sandbox_count("requests"), before);
  }
  // Two of them are the same question.
  CHECK_INT(sandbox_count("requests"), 6);
  destroy(client);
}

TEST(peek_forgets_with_the_rest) {
  begin_remembering();
  look_up("Notch");
  CHECK_OK(peek("Notch"));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  destroy(client);
  CHECK_STATUS(peek("Notch"), PAYNOW_E_INVALID_HANDLE);
}

TEST(peeked_completions_count_until_they_are_freed) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.max_outstanding = 2;
  client = client_with(&config);
  look_up("Notch");
  CHECK_OK(paynow_completion_free(completion));
  paynow_completion peeked[2];
  for (int index = 0; index < 2; index++) {
    CHECK_OK(peek("Notch"));
    peeked[index] = completion;
  }
  completion = 77;
  CHECK_STATUS(peek("Notch"), PAYNOW_E_QUEUE_FULL);
  CHECK_INT(completion, 77);
  CHECK_INT(stats_of(client).outstanding, 2);
  CHECK_OK(paynow_completion_free(peeked[1]));
  CHECK_OK(peek("Notch"));
  CHECK_OK(paynow_completion_free(completion));
  CHECK_OK(paynow_completion_free(peeked[0]));
  CHECK_INT(stats_of(client).outstanding, 0);
  // They never come through next.
  size_t count = 1;
  CHECK_OK(paynow_client_next(client, 0, &completion, 1, &count));
  CHECK_INT(count, 0);
  destroy(client);
}

TEST(peek_refuses_what_a_lookup_refuses) {
  begin_remembering();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  query.name = "a";
  query.steam_id = "76561198000000001";
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  query.name = NULL;
  query.steam_id = "x";
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "steam_id");
  CHECK_STATUS(paynow_client_peek(client, NULL, &completion), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_client_peek_player(client, NULL, &completion), PAYNOW_E_INVALID_ARGUMENT);
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_STATUS(paynow_client_peek_player(client, &player, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_client_peek_player(client, &player, &completion), PAYNOW_E_NO_VALUE);
  destroy(client);
}

// --- players ---

struct kind {
  paynow_player player;
  // What is asked, and what is created when there is nobody.
  const char *query, *body;
};

// The first of the last two requests the sandbox was sent.
static void sent_before(char *target, size_t room) {
  char *log = sandbox("GET", "log?limit=2", "");
  json_text(log, "target", target, room);
  free(log);
}

static void check_kinds(const struct kind *kinds, size_t count) {
  for (size_t index = 0; index < count; index++) {
    char target[256], expected[256], id[32];
    int64_t before = sandbox_count("creates_effective");
    paynow_completion_info info = ensure(kinds[index].player);
    if (!CHECK_STATUS(info.status, PAYNOW_OK)) FAIL("the key was %s", kinds[index].query);
    CHECK_INT(info.operation, PAYNOW_OP_ENSURE_CUSTOMER);
    CHECK_INT(info.found, 1);
    CHECK_INT(info.attempts, 2);
    snprintf(id, sizeof id, "%s", customer_at(0).id);
    sent_before(target, sizeof target);
    snprintf(expected, sizeof expected, CUSTOMERS "/lookup?%s", kinds[index].query);
    CHECK_STR(target, expected);
    struct sent sent = sandbox_sent();
    CHECK_STR(sent.method, "POST");
    CHECK_STR(sent.target, CUSTOMERS);
    CHECK_STR(sent.body, kinds[index].body);
    CHECK_INT(sandbox_count("creates_effective"), before + 1);
    // Who exists by now is found by the same key.
    info = ensure(kinds[index].player);
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_STR(customer_at(0).id, id);
    if (!CHECK_INT(sandbox_count("creates_effective"), before + 1)) FAIL("the key was %s", kinds[index].query);
  }
}

TEST(ensure_creates_every_kind_of_player) {
  static const struct kind kinds[] = {
      {{.minecraft_uuid = "1b671a6440d5491e99b0da01ff1f3341", .name = "Newcomer"},
       "minecraft_uuid=1b671a64-40d5-491e-99b0-da01ff1f3341",
       "{\"minecraft_uuid\":\"1b671a64-40d5-491e-99b0-da01ff1f3341\",\"minecraft_platform\":\"java\"}"},
      {{.minecraft_uuid = "00000000-0000-0000-0009-01f700000001", .name = ".Newcomer"},
       "xbox_xuid=2535435158945793",
       "{\"xbox_xuid\":\"2535435158945793\",\"minecraft_platform\":\"bedrock\"}"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_New"},
       "minecraft_java_name=Offline_New",
       "{\"name\":\"Offline_New\",\"minecraft_platform\":\"java\"}"},
      {{.name = "Only_A_Name"}, "minecraft_java_name=Only_A_Name", "{\"name\":\"Only_A_Name\",\"minecraft_platform\":\"java\"}"},
      {{.steam_id = "76561198000000081", .name = "Gordon"}, "steam_id=76561198000000081", "{\"steam_id\":\"76561198000000081\"}"},
      {{.xbox_xuid = "2535400000000081", .name = ".Gordon"},
       "xbox_xuid=2535400000000081",
       "{\"xbox_xuid\":\"2535400000000081\",\"minecraft_platform\":\"bedrock\"}"},
  };
  client = new_client();
  check_kinds(kinds, sizeof kinds / sizeof *kinds);
  destroy(client);
}

// Of a gamertag nothing is known but the gamertag: who was created by it must be found by it.
TEST(ensure_creates_a_gamertag_once) {
  client = new_client();
  char id[32];
  paynow_player player = {.name = ".Newcomer"};
  CHECK_STATUS(ensure(player).status, PAYNOW_OK);
  snprintf(id, sizeof id, "%s", customer_at(0).id);
  CHECK_INT(customer_at(0).minecraft_platform, PAYNOW_MINECRAFT_BEDROCK);
  char target[256];
  sent_before(target, sizeof target);
  CHECK_STR(target, CUSTOMERS "/lookup?minecraft_bedrock_name=Newcomer");
  CHECK_STATUS(ensure(player).status, PAYNOW_OK);
  CHECK_STR(customer_at(0).id, id);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

static void check_query(paynow_player player, const char *query) {
  char expected[256];
  player.struct_size = sizeof player;
  CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  snprintf(expected, sizeof expected, CUSTOMERS "/lookup?%s", query);
  CHECK_STR(sandbox_sent().target, expected);
}

TEST(the_bedrock_prefix_is_the_servers) {
  static const paynow_player dot = {.name = ".PixelPia"}, star = {.name = "*PixelPia"}, longer = {.name = "BR_PixelPia"};
  static const paynow_player alone = {.name = "."};
  client = new_client();
  check_query(dot, "minecraft_bedrock_name=PixelPia");
  check_query(star, "minecraft_java_name=%2APixelPia");
  // Nothing behind the prefix: no gamertag.
  check_query(alone, "minecraft_java_name=.");
  destroy(client);
  paynow_client_config config = sandbox_config();
  config.bedrock_prefix = "*";
  client = client_with(&config);
  check_query(star, "minecraft_bedrock_name=PixelPia");
  check_query(dot, "minecraft_java_name=.PixelPia");
  destroy(client);
  config.bedrock_prefix = "BR_";
  client = client_with(&config);
  check_query(longer, "minecraft_bedrock_name=PixelPia");
  destroy(client);
  config.bedrock_prefix = "";
  client = client_with(&config);
  check_query(dot, "minecraft_java_name=.PixelPia");
  destroy(client);
  config.bedrock_prefix = NULL;
  config.send_bedrock_prefix = 1;
  client = client_with(&config);
  check_query(dot, "minecraft_bedrock_name=.PixelPia");
  destroy(client);
}

TEST(players_in_offline_mode_may_be_known_by_uuid) {
  static const struct kind kinds[] = {
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_New"},
       "minecraft_uuid=b50ad385-829d-3141-a216-7e7d7539ba7f",
       "{\"minecraft_uuid\":\"b50ad385-829d-3141-a216-7e7d7539ba7f\",\"minecraft_platform\":\"java\"}"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba80"},
       "minecraft_uuid=b50ad385-829d-3141-a216-7e7d7539ba80",
       "{\"minecraft_uuid\":\"b50ad385-829d-3141-a216-7e7d7539ba80\",\"minecraft_platform\":\"java\"}"},
  };
  paynow_client_config config = sandbox_config();
  config.offline_players_by_uuid = 1;
  client = client_with(&config);
  check_kinds(kinds, sizeof kinds / sizeof *kinds);
  destroy(client);
}

TEST(bad_players_name_what_is_wrong) {
  static const struct {
    paynow_player player;
    const char *argument;
  } cases[] = {
      {{0}, "player"},
      {{.minecraft_uuid = "00000000-0000-0000-0000-000000000000", .name = "x"}, "minecraft_uuid"},
      {{.minecraft_uuid = "not a uuid", .name = "x"}, "minecraft_uuid"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f"}, "name"},
      {{.steam_id = "12x"}, "steam_id"},
      {{.steam_id = ""}, "steam_id"},
      {{.xbox_xuid = "-1"}, "xbox_xuid"},
      {{.name = ""}, "name"},
      {{.name = "a\nb"}, "name"},
      {{.name = "\xff"}, "name"},
  };
  client = new_client();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_player player = cases[index].player;
    player.struct_size = sizeof player;
    paynow_request_id request = 77;
    completion = 77;
    CHECK_STATUS(paynow_lookup_player(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_ensure_customer(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_token_for(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_client_peek_player(client, &player, &completion), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_INT(request, 77);
    CHECK_INT(completion, 77);
  }
  CHECK_INT(stats_of(client).submitted, 0);
  CHECK_INT(sandbox_count("requests"), 0);
  destroy(client);
}

TEST(four_servers_create_a_player_once) {
  static const paynow_player players[] = {
      {.steam_id = "76561198000000091"},
      {.minecraft_uuid = "1b671a64-40d5-491e-99b0-da01ff1f3391"},
      {.minecraft_uuid = "00000000-0000-0000-0009-01f700000091", .name = ".Newcomer"},
      {.xbox_xuid = "2535400000000091"},
  };
  enum { servers = 4 };
  for (size_t index = 0; index < sizeof players / sizeof *players; index++) {
    free(sandbox("POST", "reset", ""));
    // Everybody has looked before anybody hears that there is nobody, so that all of them create.
    sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":4,\"after_effect\":true,\"hang\":true}]}");
    paynow_player player = players[index];
    player.struct_size = sizeof player;
    paynow_client clients[servers];
    char ids[servers][32];
    for (int server = 0; server < servers; server++) clients[server] = new_client();
    for (int server = 0; server < servers; server++) CHECK_OK(paynow_ensure_customer(clients[server], &player, NULL, NULL));
    CHECK(sandbox_asked(servers));
    sandbox_recovers();
    for (int server = 0; server < servers; server++) {
      client = clients[server];
      CHECK_STATUS(answer().status, PAYNOW_OK);
      snprintf(ids[server], sizeof ids[server], "%s", customer_at(0).id);
      CHECK_STR(ids[server], ids[0]);
      destroy(client);
    }
    CHECK_INT(sandbox_count("creates_effective"), 1);
    CHECK(sandbox_count("create_customer") > 1);
  }
}

// The name is all there is of this player and nothing keeps the API from having it twice: sharing is what does.
TEST(calls_for_the_same_player_share_one_answer) {
  enum { calls = 10 };
  for (int memory = 0; memory < 2; memory++) {
    free(sandbox("POST", "reset", ""));
    paynow_client_config config = sandbox_config();
    config.cache_ttl_ms = memory ? 0 : PAYNOW_OFF;
    client = client_with(&config);
    // Nobody is found as long as all of them may be looking.
    sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":10,\"respond\":{\"status\":404,\"body\":\"" NOBODY "\"}}]}");
    paynow_player player = INIT(paynow_player);
    player.name = "Only_A_Name";
    for (int call = 0; call < calls; call++) CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
    for (int call = 0; call < calls; call++) CHECK_STATUS(answer().status, PAYNOW_OK);
    if (!CHECK_INT(sandbox_count("creates_effective"), 1)) FAIL("with memory %s", memory ? "on" : "off");
    destroy(client);
  }
}

TEST(losing_the_race_to_create_is_no_failure) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":1,\"respond\":{\"status\":404,\"body\":\"" NOBODY "\"}}]}");
  paynow_player player = {.steam_id = "76561198087654321"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 3);
  CHECK_STR(customer_at(0).id, MIRA);
  CHECK_INT(sandbox_count("creates_effective"), 0);
  CHECK_INT(sandbox_count("create_customer"), 1);
  // When nobody is there after all, the conflict is what is told.
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"respond\":{\"status\":404,\"body\":\"" NOBODY "\"}}]}");
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_CONFLICT);
  CHECK_INT(info.found, 0);
  destroy(client);
}

TEST(a_create_that_worked_without_saying_so_is_found) {
  static const char *const faults[] = {"\"respond\":{\"status\":504}", "\"respond\":{\"status\":500}", "\"reset\":true",
                                       "\"close\":true", "\"reset_mid_body\":true", "\"respond\":{\"status\":200,\"body\":\"<html>\"}"};
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
    char plan[256];
    free(sandbox("POST", "reset", ""));
    begin_persistent();
    snprintf(plan, sizeof plan, "{\"rules\":[{\"operation\":\"create_customer\",\"times\":1,\"after_effect\":true,%s}]}", faults[index]);
    sandbox_faults(plan);
    paynow_player player = {.name = "Only_A_Name"};
    paynow_completion_info info = ensure(player);
    if (!CHECK_STATUS(info.status, PAYNOW_OK)) FAIL("the fault was %s", faults[index]);
    CHECK_STR(customer_at(0).name, "Only_A_Name");
    CHECK_INT(sandbox_count("creates_effective"), 1);
    CHECK_INT(sandbox_count("create_customer"), 1);
    CHECK_INT(sandbox_count("lookup_customer"), 2);
    destroy(client);
  }
}

TEST(a_create_that_did_not_work_is_told) {
  begin_persistent();
  sandbox_answers("create_customer", 504, "{}", "");
  paynow_player player = {.steam_id = "76561198000000101"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.found, 0);
  CHECK_INT(sandbox_count("create_customer"), 1);
  // No such account at the platform.
  sandbox_recovers();
  player = (paynow_player){.minecraft_uuid = "deadbeef-0000-4000-8000-000000000000"};
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_NOT_FOUND);
  CHECK_INT(info.found, 0);
  sandbox_answers("lookup_customer", 401, "{}", "");
  CHECK_STATUS(ensure(player).status, PAYNOW_E_UNAUTHORIZED);
  destroy(client);
}

TEST(each_step_of_an_ensure_is_repeated_like_what_it_is) {
  begin_persistent();
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":2,\"respond\":{\"status\":503}},"
                 "{\"operation\":\"create_customer\",\"times\":1,\"after_effect\":true,\"respond\":{\"status\":503}},"
                 "{\"operation\":\"lookup_customer\",\"times\":1,\"delay_ms\":0},"
                 "{\"operation\":\"lookup_customer\",\"times\":2,\"respond\":{\"status\":503}}]}");
  paynow_player player = {.steam_id = "76561198000000111"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  // Three to find nobody, one to create, three to find who was created.
  CHECK_INT(info.attempts, 7);
  CHECK_INT(stats_of(client).retries, 4);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

// That there was nobody is why one is created, never the answer: not even when the API fails meanwhile.
TEST(ensure_is_never_answered_with_nobody) {
  begin_remembering();
  CHECK_INT(look_up("Herobrine").found, 0);
  paynow_player player = {.name = "Herobrine"};
  sandbox_answers("*", 503, "{}", "");
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  sandbox_hangs();
  player.struct_size = sizeof player;
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  CHECK_OK(paynow_ensure_customer(client, &player, &call, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TIMEOUT);
  sandbox_recovers();
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(ensure_remembers_and_is_remembered) {
  begin_remembering();
  paynow_player player = {.name = "Notch"};
  CHECK_INT(ensure(player).source, PAYNOW_SOURCE_NETWORK);
  paynow_completion_info info = ensure(player);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(info.operation, PAYNOW_OP_ENSURE_CUSTOMER);
  CHECK_STR(customer_at(0).id, NOTCH);
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(peek("Notch"));
  CHECK_INT(sandbox_count("requests"), 1);
  // Created: known from then on, though nobody was known before.
  CHECK_INT(look_up("Only_A_Name").found, 0);
  player.name = "Only_A_Name";
  CHECK_INT(ensure(player).found, 1);
  info = look_up("Only_A_Name");
  CHECK_INT(info.found, 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(token_for_holds_customer_and_token) {
  static const struct {
    paynow_player player;
    bool is_new;
  } cases[] = {
      {{.steam_id = "76561198087654321"}, false},
      {{.steam_id = "76561198000000121"}, true},
      {{.minecraft_uuid = "00000000-0000-0000-0009-01f700000121", .name = ".Newcomer"}, true},
      {{.name = "Offline_Olga"}, false},
  };
  begin_remembering();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_player player = cases[index].player;
    player.struct_size = sizeof player;
    int64_t before = sandbox_count("creates_effective");
    char tokens[2][256];
    // Twice: a token is minted anew each time, however well the customer is known.
    for (int round = 0; round < 2; round++) {
      const char *token = NULL;
      size_t length = 0;
      char id[32];
      CHECK_OK(paynow_token_for(client, &player, NULL, NULL));
      paynow_completion_info info = answer();
      CHECK_STATUS(info.status, PAYNOW_OK);
      CHECK_INT(info.operation, PAYNOW_OP_TOKEN_FOR);
      CHECK_INT(info.found, 1);
      CHECK_INT(info.customer_count, 1);
      CHECK_OK(paynow_completion_token(completion, &token, &length));
      if (!token) return;
      CHECK_INT(strlen(token), length);
      snprintf(tokens[round], sizeof tokens[round], "%s", token);
      snprintf(id, sizeof id, "%s", customer_at(0).id);
      CHECK_OK(paynow_get_current_customer(client, tokens[round], 0, NULL, NULL));
      CHECK_STATUS(answer().status, PAYNOW_OK);
      CHECK_STR(customer_at(0).id, id);
    }
    CHECK(strcmp(tokens[0], tokens[1]) != 0);
    CHECK_INT(sandbox_count("creates_effective"), before + cases[index].is_new);
  }
  destroy(client);
}

TEST(token_for_without_a_token_is_a_failure) {
  begin_remembering();
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  // The customer is well known; the token is what cannot be had.
  look_up("Notch");
  sandbox_answers("create_customer_token", 503, "{}", "");
  CHECK_OK(paynow_token_for(client, &player, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.found, 0);
  const char *token = NULL;
  CHECK_STATUS(paynow_completion_token(completion, &token, NULL), PAYNOW_E_NO_VALUE);
  CHECK(token == NULL);
  CHECK_INT(sandbox_count("create_customer_token"), 1);
  destroy(client);
}

TEST(player_operations_need_a_key) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  client = client_with(&config);
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_STATUS(paynow_lookup_player(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_STATUS(paynow_ensure_customer(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_STATUS(paynow_token_for(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  destroy(client);
}

// --- where the key comes from ---

static paynow_status get_status(void) {
  CHECK_OK(get_mira(client, NULL, NULL));
  return answer().status;
}

TEST(a_key_can_be_given_later_and_changed) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  client = client_with(&config);
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_OK(paynow_client_set_api_key(client, "pnapi_wrong", 0));
  CHECK_STATUS(get_status(), PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_client_set_api_key(client, sandbox_key, 0));
  CHECK_STATUS(get_status(), PAYNOW_OK);
  // By length, and with the scheme that was pasted along.
  char pasted[256];
  snprintf(pasted, sizeof pasted, "APIKey %s and more", sandbox_key);
  CHECK_OK(paynow_client_set_api_key(client, pasted, strlen("APIKey ") + strlen(sandbox_key)));
  CHECK_STATUS(get_status(), PAYNOW_OK);
  static const char *const bad[] = {NULL, "", "APIKey ", "two words", "line\nbreak", "\xc3\xa4", "\xff"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    CHECK_STATUS(paynow_client_set_api_key(client, bad[index], 0), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
  }
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  CHECK_STATUS(paynow_client_set_api_key(client, sandbox_key, 0), PAYNOW_E_INVALID_HANDLE);
}

static paynow_status refused(const paynow_client_config *config) {
  paynow_client made = 77;
  paynow_status status = paynow_client_create(config, &made);
  if (status == PAYNOW_OK) {
    destroy(made);
  } else {
    CHECK_INT(made, 77);
    CHECK_HAS_NOT(paynow_last_error(), sandbox_key);
  }
  return status;
}

TEST(a_key_from_the_environment) {
  static const char *const bad[] = {"", " ", "two words"};
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_env = "POLICIES_TEST_KEY";
  unsetenv(config.api_key_env);
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "api_key_env");
  setenv(config.api_key_env, sandbox_key, 1);
  client = client_with(&config);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  // Read when the client was made, not later.
  setenv(config.api_key_env, "pnapi_wrong", 1);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    setenv(config.api_key_env, bad[index], 1);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
  }
  unsetenv(config.api_key_env);
}

// A file that holds the key, to be removed.
static void write_key(char *path, const char *text, mode_t mode) {
  const char *directory = getenv("TMPDIR");
  snprintf(path, 512, "%s/paynow-key-XXXXXX", directory ? directory : "/tmp");
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) != 0) {
    FAIL("%s cannot be written", path);
  }
  close(fd);
}

TEST(a_key_from_a_file_of_its_owner) {
  char path[512], text[256];
  snprintf(text, sizeof text, "%s\n", sandbox_key);
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_file = path;
  static const mode_t fine[] = {0600, 0400};
  for (size_t index = 0; index < sizeof fine / sizeof *fine; index++) {
    write_key(path, text, fine[index]);
    client = client_with(&config);
    // Read by now: the file is not needed any more.
    unlink(path);
    CHECK_STATUS(get_status(), PAYNOW_OK);
    destroy(client);
  }
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "api_key_file");
  static const mode_t open_to_others[] = {0644, 0640, 0604, 0660, 0777};
  for (size_t index = 0; index < sizeof open_to_others / sizeof *open_to_others; index++) {
    write_key(path, text, open_to_others[index]);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key_file");
    CHECK_HAS(paynow_last_error(), "chmod 600");
    unlink(path);
  }
  static const char *const bad[] = {"", "\n", "two words", "line\nbreak", "\xff"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    write_key(path, bad[index], 0600);
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "api_key");
    unlink(path);
  }
}

TEST(a_key_is_given_in_one_way) {
  char path[512];
  write_key(path, sandbox_key, 0600);
  setenv("POLICIES_TEST_KEY", sandbox_key, 1);
  for (int ways = 0; ways < 8; ways++) {
    paynow_client_config config = sandbox_config();
    config.api_key = ways & 1 ? sandbox_key : NULL;
    config.api_key_env = ways & 2 ? "POLICIES_TEST_KEY" : NULL;
    config.api_key_file = ways & 4 ? path : NULL;
    bool one_at_most = (ways & (ways - 1)) == 0;
    CHECK_STATUS(refused(&config), one_at_most ? PAYNOW_OK : PAYNOW_E_INVALID_ARGUMENT);
    if (!one_at_most) CHECK_HAS(paynow_last_error(), "api_key");
  }
  unsetenv("POLICIES_TEST_KEY");
  unlink(path);
}

TEST(proxies_and_authorities_that_cannot_be_used_are_named) {
  static const char *const proxies[] = {"socks5://127.0.0.1:1080", "https://127.0.0.1:3128", "http://", "not an address"};
  paynow_client_config config = sandbox_config();
  for (size_t index = 0; index < sizeof proxies / sizeof *proxies; index++) {
    config.proxy = proxies[index];
    CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "proxy");
  }
  config.proxy = "";
  client = client_with(&config);
  CHECK_STATUS(get_status(), PAYNOW_OK);
  destroy(client);
  char path[512];
  config.ca_file = "/nonexistent/ca.pem";
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "ca_file");
  write_key(path, "no certificate", 0600);
  config.ca_file = path;
  CHECK_STATUS(refused(&config), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "ca_file");
  unlink(path);
}

// --- pages ---

static paynow_pages pages;

static void begin_walk(uint32_t limit, int32_t order) {
  pages = INIT(paynow_pages);
  pages.limit = limit;
  pages.order = order;
}

struct walked {
  uint64_t ids[128];
  size_t count, asked;
};

// Walks on to the end, or for as long as anybody would believe that there is one.
static struct walked walk(void) {
  struct walked walked = {{0}, 0, 0};
  while (walked.asked < 100) {
    size_t first = 77, count = 77;
    paynow_status status = paynow_pages_submit(client, &pages, NULL, NULL);
    if (status == PAYNOW_E_NO_VALUE) break;
    if (!CHECK_OK(status)) return walked;
    walked.asked++;
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.operation, PAYNOW_OP_LIST_CUSTOMERS);
    if (!CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count))) return walked;
    if (first + count > info.customer_count) {
      FAIL("%zu from %zu on are not among %u", count, first, info.customer_count);
      return walked;
    }
    for (size_t index = first; index < first + count && walked.count < 128; index++) {
      walked.ids[walked.count++] = strtoull(customer_at(index).id, NULL, 10);
    }
    CHECK_OK(paynow_completion_free(completion));
  }
  CHECK_INT(pages.is_over, 1);
  return walked;
}

static void check_walked(struct walked walked, const uint64_t *ids, size_t count) {
  CHECK_INT(walked.count, count);
  for (size_t index = 0; index < count && index < walked.count; index++) CHECK_INT(walked.ids[index], ids[index]);
}

TEST(a_walk_meets_every_customer_once) {
  static const int32_t orders[] = {PAYNOW_ORDER_DEFAULT, PAYNOW_ORDER_ASCENDING, PAYNOW_ORDER_DESCENDING};
  client = new_client();
  for (size_t order = 0; order < 3; order++) {
    bool rising = orders[order] != PAYNOW_ORDER_DESCENDING;
    begin_walk(5, orders[order]);
    struct walked walked = walk();
    CHECK_INT(walked.count, 24);
    CHECK_INT(walked.asked, 5);
    for (size_t index = 1; index < walked.count; index++) {
      CHECK(rising ? walked.ids[index] > walked.ids[index - 1] : walked.ids[index] < walked.ids[index - 1]);
    }
    CHECK_INT(pages.cursor, walked.ids[23]);
    char oldest[32];
    snprintf(oldest, sizeof oldest, "%" PRIu64, walked.ids[rising ? 0 : 23]);
    CHECK_STR(oldest, NOTCH);
    // Over is over.
    size_t first = 77, count = 77;
    CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, NULL), PAYNOW_E_NO_VALUE);
    CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_NO_VALUE);
    CHECK_INT(first, 77);
  }
  // A last page that is full is followed by one that is empty.
  begin_walk(6, PAYNOW_ORDER_ASCENDING);
  struct walked walked = walk();
  CHECK_INT(walked.count, 24);
  CHECK_INT(walked.asked, 5);
  begin_walk(0, PAYNOW_ORDER_DEFAULT);
  walked = walk();
  CHECK_INT(walked.count, 24);
  CHECK_INT(walked.asked, 1);
  CHECK_HAS(sandbox_sent().target, "limit=100");
  destroy(client);
}

TEST(a_walk_can_search_and_begin_anywhere) {
  client = new_client();
  begin_walk(1, PAYNOW_ORDER_ASCENDING);
  pages.search = "mhf_xxx";
  pages.search_n = 4;
  struct walked walked = walk();
  CHECK_INT(walked.count, 2);
  CHECK_INT(walked.asked, 3);
  CHECK_HAS(sandbox_sent().target, "search=mhf_");
  CHECK_HAS_NOT(sandbox_sent().target, "xxx");
  // Kept by the host over a restart, say.
  begin_walk(100, PAYNOW_ORDER_ASCENDING);
  pages.cursor = strtoull(MIRA, NULL, 10);
  walked = walk();
  CHECK_INT(walked.count, 13);
  CHECK_HAS(sandbox_sent().target, "after=" MIRA);
  destroy(client);
}

TEST(the_same_page_for_ever_ends_the_walk) {
  static const uint64_t ids[] = {11, 12, 13};
  client = new_client();
  begin_walk(3, PAYNOW_ORDER_ASCENDING);
  sandbox_answers("list_customers", 200, "{}", "[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"13\"}]");
  struct walked walked = walk();
  check_walked(walked, ids, 3);
  CHECK_INT(walked.asked, 2);
  destroy(client);
}

TEST(a_page_that_holds_its_cursor_is_read_behind_it) {
  static const uint64_t ids[] = {11, 12, 13, 14, 15};
  client = new_client();
  begin_walk(3, PAYNOW_ORDER_ASCENDING);
  sandbox_faults("{\"rules\":["
                 "{\"target_contains\":\"after=13\",\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":13},{\\\"id\\\":14},{\\\"id\\\":15}]\"}},"
                 "{\"target_contains\":\"after=15\",\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":15}]\"}},"
                 "{\"respond\":{\"status\":200,\"body\":\"[{\\\"id\\\":11},{\\\"id\\\":12},{\\\"id\\\":13}]\"}}]}");
  struct walked walked = walk();
  check_walked(walked, ids, 5);
  CHECK_INT(walked.asked, 3);
  destroy(client);
}

TEST(dishonest_pages_end_the_walk) {
  static const struct {
    const char *page;
    size_t count;
  } cases[] = {
      {"[]", 0},
      {"[{\"id\":\"11\"}]", 1},
      // More than was asked for.
      {"[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"13\"},{\"id\":\"14\"},{\"id\":\"15\"}]", 5},
      // Out of order: what comes before the break counts.
      {"[{\"id\":\"13\"},{\"id\":\"12\"},{\"id\":\"11\"}]", 1},
      {"[{\"id\":\"11\"},{\"id\":\"11\"},{\"id\":\"11\"}]", 1},
      {"[{\"id\":\"x\"},{\"id\":\"y\"},{\"id\":\"z\"}]", 0},
      // The largest id there is.
      {"[{\"id\":\"11\"},{\"id\":\"12\"},{\"id\":\"9223372036854775807\"}]", 3},
  };
  client = new_client();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    begin_walk(3, PAYNOW_ORDER_ASCENDING);
    sandbox_answers("list_customers", 200, "{}", cases[index].page);
    struct walked walked = walk();
    bool ended = CHECK_INT(walked.count, cases[index].count);
    CHECK(walked.asked <= 2);
    if (!ended) FAIL("the page was %s", cases[index].page);
  }
  destroy(client);
}

// Text of digits that is no id of PayNow's: nothing can be asked behind it.
TEST(ids_that_are_none_end_the_walk) {
  static const char *const pages_of_one[] = {"[{\"id\":\"0\"}]", "[{\"id\":\"9223372036854775808\"}]", "[{\"id\":\"18446744073709551615\"}]"};
  client = new_client();
  for (size_t index = 0; index < sizeof pages_of_one / sizeof *pages_of_one; index++) {
    begin_walk(1, PAYNOW_ORDER_ASCENDING);
    sandbox_answers("list_customers", 200, "{}", pages_of_one[index]);
    struct walked walked = walk();
    if (pages.is_over != 1 || walked.count > 1) FAIL("the page was %s: %zu came", pages_of_one[index], walked.count);
  }
  destroy(client);
}

TEST(a_page_that_failed_can_be_asked_for_again) {
  client = new_client();
  begin_walk(10, PAYNOW_ORDER_ASCENDING);
  sandbox_faults("{\"rules\":[{\"times\":1,\"delay_ms\":0},{\"times\":1,\"respond\":{\"status\":500}},{\"times\":1,\"respond\":{\"status\":200,\"body\":\"[{}\"}}]}");
  size_t first = 0, count = 0;
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
  answer();
  CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count));
  CHECK_INT(count, 10);
  paynow_pages before = pages;
  for (int failure = 0; failure < 2; failure++) {
    first = count = 77;
    CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
    CHECK(answer().status != PAYNOW_OK);
    CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_NO_VALUE);
    CHECK_INT(first, 77);
    CHECK_INT(count, 77);
    CHECK(memcmp(&before, &pages, sizeof pages) == 0);
  }
  struct walked walked = walk();
  CHECK_INT(walked.count, 14);
  destroy(client);
}

TEST(bad_walks_are_refused) {
  client = new_client();
  paynow_request_id request = 77;
  size_t first = 0, count = 0;
  static const struct {
    uint32_t limit;
    int32_t order;
    const char *search, *argument;
  } cases[] = {
      {101, 0, NULL, "limit"},
      {UINT32_MAX, 0, NULL, "limit"},
      {5, 3, NULL, "order"},
      {5, -1, NULL, "order"},
      {5, 0, "\xff", "search"},
      {5, 0, "a\nb", "search"},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    begin_walk(cases[index].limit, cases[index].order);
    pages.search = cases[index].search;
    CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
  }
  CHECK_STATUS(paynow_pages_submit(client, NULL, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  begin_walk(5, 0);
  pages.struct_size = 3;
  CHECK_STATUS(paynow_pages_submit(client, &pages, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  begin_walk(5, 0);
  CHECK_STATUS(paynow_pages_submit(0, &pages, NULL, &request), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, &request));
  answer();
  CHECK_STATUS(paynow_pages_accept(NULL, completion, &first, &count), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, completion, NULL, &count), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_pages_accept(&pages, 0, &first, &count), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(pages.cursor, 0);
  CHECK_OK(paynow_pages_accept(&pages, completion, &first, &count));
  CHECK_INT(count, 5);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_pages_accept(&pages, completion, &first, &count), PAYNOW_E_INVALID_HANDLE);
  destroy(client);
}

// --- bulks ---

enum { many = 450, piece = 200 };
static char steam_ids[many][24];
static paynow_customer_fields wanted[many];
static int64_t outcomes[piece];
static paynow_bulk bulk;

// So many customers to create, each with a Steam id of its own.
static void begin_bulk(size_t count) {
  for (size_t index = 0; index < many; index++) {
    snprintf(steam_ids[index], sizeof steam_ids[index], "765611986%08zu", index);
    wanted[index] = INIT(paynow_customer_fields);
    wanted[index].steam_id = steam_ids[index];
  }
  bulk = INIT(paynow_bulk);
  bulk.customers = wanted;
  bulk.count = count;
}

static size_t accept_piece(void) {
  size_t count = 77;
  for (size_t index = 0; index < piece; index++) outcomes[index] = -77;
  CHECK_OK(paynow_bulk_accept(&bulk, completion, outcomes, &count));
  return count;
}

static paynow_completion_info send_piece(void) {
  CHECK_OK(paynow_bulk_submit(client, &bulk, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_INT(info.operation, PAYNOW_OP_BULK_CREATE_CUSTOMERS);
  return info;
}

// What became of a piece that begins at `from`: each customer is the one that was wanted.
static void check_created(size_t from, size_t count) {
  for (size_t index = 0; index < count; index++) {
    if (outcomes[index] < 0) {
      FAIL("%zu is %" PRId64, from + index, outcomes[index]);
      return;
    }
    CHECK_STR(customer_at((size_t)outcomes[index]).steam_id, steam_ids[from + index]);
  }
}

TEST(a_bulk_of_any_size_is_created_in_pieces) {
  static const size_t sizes[] = {200, 200, 50};
  client = new_client();
  begin_bulk(many);
  size_t done = 0;
  for (size_t index = 0; index < 3; index++) {
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(bulk.done, done);
    CHECK_INT(accept_piece(), sizes[index]);
    check_created(done, sizes[index]);
    done += sizes[index];
    CHECK_INT(bulk.done, done);
    CHECK_OK(paynow_completion_free(completion));
  }
  // No more than there was room for is written.
  for (size_t index = 50; index < piece; index++) CHECK_INT(outcomes[index], -77);
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, NULL), PAYNOW_E_NO_VALUE);
  CHECK_INT(sandbox_count("creates_effective"), many);
  CHECK_INT(sandbox_count("bulk_create_customers"), 3);
  destroy(client);
}

TEST(each_customer_of_a_bulk_is_found_whatever_the_order) {
  client = new_client();
  begin_bulk(7);
  wanted[1] = INIT(paynow_customer_fields);
  wanted[1].minecraft_uuid = "069A79F444E94726A5BEFCA90E38AAF5";
  wanted[2] = INIT(paynow_customer_fields);
  wanted[2].xbox_xuid = "2535432196048835";
  for (int index = 3; index < 7; index++) {
    static const char *const names[] = {"Olga", "twin", "twin", "missing"};
    wanted[index] = INIT(paynow_customer_fields);
    wanted[index].name = names[index - 3];
  }
  sandbox_answers("bulk_create_customers", 200, "{}",
                  "[{\"id\":\"6\",\"name\":\"twin\"},{\"id\":\"5\",\"name\":\"twin\"},{\"id\":\"4\",\"name\":\"Olga\"},"
                  "{\"id\":\"3\",\"xbox_xuid\":2535432196048835},"
                  "{\"id\":\"2\",\"minecraft_uuid\":\"069a79f4-44e9-4726-a5be-fca90e38aaf5\"},"
                  "{\"id\":\"1\",\"steam_id\":\"76561198600000000\"}]");
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 7);
  static const int64_t expected[] = {5, 4, 3, 2, PAYNOW_BULK_UNKNOWN, PAYNOW_BULK_UNKNOWN, PAYNOW_BULK_UNKNOWN};
  for (size_t index = 0; index < 7; index++) CHECK_INT(outcomes[index], expected[index]);
  CHECK_INT(bulk.done, 7);
  destroy(client);
}

TEST(a_piece_that_fails_is_undone_only_if_that_is_sure) {
  static const struct {
    const char *fault;
    int64_t outcome;
  } cases[] = {
      {"\"respond\":{\"status\":500}", PAYNOW_BULK_UNKNOWN},
      {"\"after_effect\":true,\"respond\":{\"status\":504}", PAYNOW_BULK_UNKNOWN},
      {"\"reset\":true", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":409}", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":200,\"body\":\"<html>\"}", PAYNOW_BULK_UNKNOWN},
      {"\"respond\":{\"status\":401}", PAYNOW_BULK_FAILED},
      {"\"respond\":{\"status\":403}", PAYNOW_BULK_FAILED},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    char plan[256];
    free(sandbox("POST", "reset", ""));
    client = new_client();
    begin_bulk(many);
    // The second of three.
    snprintf(plan, sizeof plan, "{\"rules\":[{\"times\":1,\"delay_ms\":0},{\"times\":1,%s}]}", cases[index].fault);
    sandbox_faults(plan);
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(accept_piece(), piece);
    check_created(0, piece);
    CHECK(send_piece().status != PAYNOW_OK);
    CHECK_INT(accept_piece(), piece);
    for (size_t place = 0; place < piece; place++) {
      if (CHECK_INT(outcomes[place], cases[index].outcome)) continue;
      FAIL("the fault was %s", cases[index].fault);
      break;
    }
    CHECK_INT(bulk.done, 2 * piece);
    // The others are none the worse for it.
    CHECK_STATUS(send_piece().status, PAYNOW_OK);
    CHECK_INT(accept_piece(), many - 2 * piece);
    check_created(2 * piece, many - 2 * piece);
    destroy(client);
  }
}

TEST(a_piece_that_never_left_has_surely_failed) {
  char address[64];
  nobodys_address(address, sizeof address);
  paynow_client_config config = sandbox_config();
  config.api_base = address;
  client = client_with(&config);
  begin_bulk(2);
  CHECK_STATUS(send_piece().status, PAYNOW_E_CONNECT);
  CHECK_INT(accept_piece(), 2);
  CHECK_INT(outcomes[0], PAYNOW_BULK_FAILED);
  CHECK_INT(outcomes[1], PAYNOW_BULK_FAILED);
  // Done, too: to try again is the host's to decide, and easily said.
  CHECK_INT(bulk.done, 2);
  bulk.done = 0;
  CHECK_OK(paynow_bulk_submit(client, &bulk, NULL, NULL));
  answer();
  destroy(client);
}

TEST(a_bulk_of_none_is_over_at_once) {
  client = new_client();
  begin_bulk(0);
  paynow_request_id request = 77;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  bulk.customers = NULL;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_bulk_accept(&bulk, 0, NULL, NULL), PAYNOW_E_NO_VALUE);
  begin_bulk(5);
  bulk.done = 5;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  bulk.done = SIZE_MAX;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_NO_VALUE);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  destroy(client);
}

TEST(bad_bulks_are_refused) {
  client = new_client();
  paynow_request_id request = 77;
  begin_bulk(3);
  bulk.customers = NULL;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customers");
  begin_bulk(3);
  bulk.reserved = 1;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "reserved");
  bulk = INIT(paynow_bulk);
  bulk.struct_size = 1;
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_bulk_submit(client, NULL, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_bulk_accept(NULL, 0, outcomes, NULL), PAYNOW_E_INVALID_ARGUMENT);
  begin_bulk(3);
  CHECK_STATUS(paynow_bulk_submit(0, &bulk, NULL, &request), PAYNOW_E_INVALID_HANDLE);
  CHECK_STATUS(paynow_bulk_accept(&bulk, 0, outcomes, NULL), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(bulk.done, 0);
  CHECK_INT(request, 77);
  CHECK_INT(stats_of(client).submitted, 0);
  destroy(client);
}

TEST(a_piece_with_a_bad_customer_is_refused_and_not_skipped) {
  client = new_client();
  begin_bulk(3);
  wanted[1].steam_id = "x";
  CHECK_STATUS(paynow_bulk_submit(client, &bulk, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "steam_id");
  CHECK_HAS(paynow_last_error(), "1");
  CHECK_INT(bulk.done, 0);
  CHECK_INT(sandbox_count("requests"), 0);
  // The host goes around it: the first two were not sent, the third is.
  bulk.done = 2;
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 1);
  check_created(2, 1);
  // Or mends it.
  bulk.done = 0;
  bulk.count = 2;
  wanted[1].steam_id = steam_ids[1];
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 2);
  check_created(0, 2);
  CHECK_INT(sandbox_count("creates_effective"), 3);
  destroy(client);
}

TEST(outcomes_need_not_be_asked_for) {
  client = new_client();
  begin_bulk(3);
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_OK(paynow_bulk_accept(&bulk, completion, NULL, NULL));
  CHECK_INT(bulk.done, 3);
  destroy(client);
}

// A host compiled against a later header has larger structs; they lie as far apart as they say.
TEST(customers_of_a_bulk_may_lie_further_apart) {
  static struct {
    paynow_customer_fields known;
    unsigned char later[24];
  } spaced[250];
  client = new_client();
  begin_bulk(0);
  for (size_t index = 0; index < 250; index++) {
    spaced[index].known = wanted[index];
    spaced[index].known.struct_size = sizeof spaced[index];
  }
  bulk.customers = &spaced[0].known;
  bulk.count = 250;
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), piece);
  check_created(0, piece);
  CHECK_STATUS(send_piece().status, PAYNOW_OK);
  CHECK_INT(accept_piece(), 50);
  check_created(piece, 50);
  destroy(client);
}
