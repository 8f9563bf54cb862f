// Each function that promises never to wait makes no system call: checked by the kernel, one function at a time. The check
// header.every_promise_is_tested (run.sh) fails for a function of the header that has such a promise and is not here.
#include "no_system_calls.h"

enum { ROUNDS = 100 };

static paynow_client client;
// What the test prepared: a completion to read, a request, or a walk.
static paynow_completion held;
static paynow_request_id requests[ROUNDS];
static paynow_pages pages;
static paynow_bulk bulk;
static paynow_customer_fields fields;
static paynow_metadata_entry metadata = {"rank", 0, "vip", 0};
static char token[256];

// How many calls did not return what they should. The thread under the filter cannot say more.
static volatile uint32_t refused;
#define EXPECT(call, status) (refused += (call) != (status))
#define EXPECT_OK(call) EXPECT(call, PAYNOW_OK)

// --- what a test may need ---

static void nothing(void) {}

static void answered(void) {
  held = await(client);
  CHECK_STATUS(info_of(held).status, PAYNOW_OK);
}

static paynow_lookup_query mira(void) {
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.id = MIRA;
  return query;
}

static void an_error(void) {
  sandbox_answers("get_customer", 400, "{}",
                  "{\"status\":400,\"code\":\"bad\",\"message\":\"Not like this\",\"trace_id\":\"tr-1\","
                  "\"errors\":[{\"code\":\"c\",\"message\":\"m\",\"path\":[\"metadata\",\"rank\"],\"validation\":\"v\"}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  held = await(client);
  CHECK_STATUS(info_of(held).status, PAYNOW_E_API);
}

static void a_remembered_customer(void) {
  paynow_lookup_query query = mira();
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  answered();
}

static void a_remembered_player(void) {
  paynow_player player = {.struct_size = sizeof player, .name = "Notch"};
  CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
  answered();
}

static void a_customer_with_metadata(void) {
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  answered();
}

static void a_token(void) {
  const char *text = "";
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  answered();
  CHECK_OK(paynow_completion_token(held, &text, NULL));
  snprintf(token, sizeof token, "%s", text);
}

static void a_giftcard(void) {
  a_token();
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.customer_token = token;
  query.code = "GIFT-1275-MIRA";
  CHECK_OK(paynow_lookup_giftcard(client, &query, NULL, NULL));
  answered();
}

static void a_page(void) {
  CHECK_OK(paynow_pages_submit(client, &pages, NULL, NULL));
  answered();
}

static void a_bulk(void) {
  CHECK_OK(paynow_bulk_submit(client, &bulk, NULL, NULL));
  answered();
}

static void requests_that_hang(void) {
  sandbox_hangs();
  for (uint64_t number = 0; number < ROUNDS; number++) {
    paynow_call call = INIT(paynow_call);
    call.tag = number + 1;
    CHECK_OK(get_stranger(client, number, &call, &requests[number]));
  }
}

// --- the tests ---

static void check_promise(void (*prepare)(void), void (*use)(void), bool may_allocate) {
  allocates = false;
  if (!can_check()) return;
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
  refused = 0;
  fields = INIT(paynow_customer_fields);
  fields.name = "A name";
  fields.steam_id = "76561198600000001";
  fields.metadata = &metadata;
  fields.metadata_count = 1;
  pages = INIT(paynow_pages);
  pages.limit = 5;
  bulk = INIT(paynow_bulk);
  bulk.customers = &fields;
  bulk.count = 1;
  prepare();
  if (!harness_failed()) {
    allocates = may_allocate;
    CHECK_NO_SYSTEM_CALL(use);
    CHECK_INT(refused, 0);
  }
  destroy(client);
}

// PROMISED(function, prepare) { ... }: what is in the block uses the function, after `prepare` has run on a thread that may
// do anything. It runs on a thread that may not.
#define PROMISED(function, prepare) PROMISE(function, prepare, false)
// The same for a function that allocates, and so makes a system call when the allocator has to ask for more.
#define PROMISED_BUT_ALLOCATES(function, prepare) PROMISE(function, prepare, true)
#define PROMISE(function, prepare, may_allocate)                                \
  static void use_##function(void);                                             \
  TEST(in_##function) { check_promise(prepare, use_##function, may_allocate); } \
  static void use_##function(void)

#define EACH_ROUND for (uint64_t round = 0; round < ROUNDS; round++)

PROMISED(paynow_status_text, nothing) { EXPECT(*paynow_status_text(PAYNOW_E_BUSY) == 0, 0); }
PROMISED(paynow_abi_version, nothing) { EXPECT(paynow_abi_version(), PAYNOW_ABI_VERSION); }
PROMISED(paynow_version, nothing) { EXPECT(*paynow_version() == 0, 0); }
PROMISED(paynow_last_error, nothing) {
  EACH_ROUND {
    EXPECT(paynow_get_customer(client, "x", 0, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
    EXPECT(*paynow_last_error() == 0, 0);
  }
}

// Submitting.

PROMISED(paynow_list_customers, nothing) {
  paynow_list_query query = INIT(paynow_list_query);
  query.search = "m";
  const paynow_text ids[] = {{MIRA, 0}, {MIRA, 0}, {MIRA, 0}};
  query.customer_ids = ids;
  query.customer_ids_count = 3;
  EACH_ROUND EXPECT_OK(paynow_list_customers(client, &query, NULL, NULL));
}
PROMISED(paynow_create_customer, nothing) { EACH_ROUND EXPECT_OK(paynow_create_customer(client, &fields, NULL, NULL)); }
PROMISED(paynow_get_customer, nothing) { EACH_ROUND EXPECT_OK(paynow_get_customer(client, MIRA, 0, NULL, NULL)); }
PROMISED(paynow_update_customer, nothing) {
  EACH_ROUND EXPECT_OK(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL));
}
PROMISED(paynow_create_customer_token, nothing) {
  EACH_ROUND EXPECT_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
}
PROMISED(paynow_invalidate_customer_tokens, nothing) {
  EACH_ROUND EXPECT_OK(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL));
}
PROMISED(paynow_lookup_customer, nothing) {
  paynow_lookup_query query = mira();
  EACH_ROUND EXPECT_OK(paynow_lookup_customer(client, &query, NULL, NULL));
}
PROMISED(paynow_lookup_player, nothing) {
  paynow_player player = {.struct_size = sizeof player, .name = "Notch"};
  EACH_ROUND EXPECT_OK(paynow_lookup_player(client, &player, NULL, NULL));
}
PROMISED(paynow_ensure_customer, nothing) {
  paynow_player player = {.struct_size = sizeof player, .name = "Notch"};
  EACH_ROUND EXPECT_OK(paynow_ensure_customer(client, &player, NULL, NULL));
}
PROMISED(paynow_token_for, nothing) {
  paynow_player player = {.struct_size = sizeof player, .name = "Notch"};
  EACH_ROUND EXPECT_OK(paynow_token_for(client, &player, NULL, NULL));
}
PROMISED(paynow_bulk_create_customers, nothing) {
  EACH_ROUND EXPECT_OK(paynow_bulk_create_customers(client, &fields, 1, NULL, NULL));
}
PROMISED(paynow_authenticate_customer, nothing) {
  paynow_authentication login = INIT(paynow_authentication);
  login.platform = PAYNOW_PLATFORM_MINECRAFT_UUID;
  login.id = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  login.customer_ip = "2001:db8::1";
  EACH_ROUND EXPECT_OK(paynow_authenticate_customer(client, &login, NULL, NULL));
}
PROMISED(paynow_get_current_customer, nothing) {
  EACH_ROUND EXPECT_OK(paynow_get_current_customer(client, "pnct_token", 0, NULL, NULL));
}
PROMISED(paynow_lookup_giftcard, nothing) {
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.customer_token = "pnct_token";
  query.code = "GIFT-1275-MIRA";
  EACH_ROUND EXPECT_OK(paynow_lookup_giftcard(client, &query, NULL, NULL));
}
PROMISED(paynow_request, nothing) {
  paynow_raw_request raw = INIT(paynow_raw_request);
  raw.method = "POST";
  raw.path = "/v1/stores/{store_id}/things";
  raw.auth = PAYNOW_AUTH_API_KEY;
  raw.json = "{\"a\":[1,2,3]}";
  EACH_ROUND EXPECT_OK(paynow_request(client, &raw, NULL, NULL));
}
PROMISED(paynow_pages_submit, nothing) { EACH_ROUND EXPECT_OK(paynow_pages_submit(client, &pages, NULL, NULL)); }
PROMISED_BUT_ALLOCATES(paynow_pages_accept, a_page) {
  EACH_ROUND {
    paynow_pages walk = pages;
    size_t first = 0, count = 0;
    EXPECT_OK(paynow_pages_accept(&walk, held, &first, &count));
    EXPECT(count, 5);
  }
}
PROMISED_BUT_ALLOCATES(paynow_bulk_accept, a_bulk) {
  EACH_ROUND {
    paynow_bulk rest = bulk;
    int64_t outcome = 77;
    size_t count = 0;
    EXPECT_OK(paynow_bulk_accept(&rest, held, &outcome, &count));
    EXPECT(outcome, 0);
  }
}
PROMISED(paynow_bulk_submit, nothing) { EACH_ROUND EXPECT_OK(paynow_bulk_submit(client, &bulk, NULL, NULL)); }

// Cancelling, collecting, and what is known without asking.

PROMISED(paynow_client_cancel, requests_that_hang) {
  EACH_ROUND EXPECT_OK(paynow_client_cancel(client, requests[round]));
}
PROMISED(paynow_client_cancel_all, requests_that_hang) {
  EACH_ROUND {
    uint32_t cancelled = 0;
    EXPECT_OK(paynow_client_cancel_all(client, round + 1, &cancelled));
    EXPECT(cancelled, 1);
  }
}
// Some have ended by then; the others are delivered when the client is destroyed.
PROMISED(paynow_client_poll, requests_that_hang) {
  uint32_t delivered = 0;
  EACH_ROUND EXPECT_OK(paynow_client_cancel(client, requests[round]));
  EXPECT_OK(paynow_client_poll(client, 0, 0, &delivered));
  EXPECT(delivered > 0, 1);
  EACH_ROUND EXPECT_OK(paynow_client_poll(client, 0, 500, NULL));
}
PROMISED(paynow_client_next, requests_that_hang) {
  paynow_completion completions[ROUNDS];
  size_t count = 0;
  EACH_ROUND EXPECT_OK(paynow_client_cancel(client, requests[round]));
  EXPECT_OK(paynow_client_next(client, 0, completions, ROUNDS, &count));
  EXPECT(count > 0, 1);
  EACH_ROUND EXPECT_OK(paynow_client_next(client, 0, completions, ROUNDS, &count));
}
PROMISED(paynow_client_stats, a_remembered_customer) {
  EACH_ROUND {
    struct paynow_stats stats = INIT(struct paynow_stats);
    EXPECT_OK(paynow_client_stats(client, &stats));
    EXPECT(stats.submitted, 1);
  }
}
PROMISED(paynow_client_metrics, a_remembered_customer) {
  EACH_ROUND {
    static char text[64 * 1024];
    size_t length = 0;
    EXPECT_OK(paynow_client_metrics(client, text, sizeof text, &length));
    EXPECT(length > 1000 && length < sizeof text, 1);
  }
}
PROMISED_BUT_ALLOCATES(paynow_client_peek, a_remembered_customer) {
  paynow_lookup_query query = mira();
  EACH_ROUND {
    paynow_completion peeked = 0;
    EXPECT_OK(paynow_client_peek(client, &query, &peeked));
    EXPECT_OK(paynow_completion_free(peeked));
  }
}
PROMISED_BUT_ALLOCATES(paynow_client_peek_player, a_remembered_player) {
  paynow_player player = {.struct_size = sizeof player, .name = "Notch"};
  EACH_ROUND {
    paynow_completion peeked = 0;
    EXPECT_OK(paynow_client_peek_player(client, &player, &peeked));
    EXPECT_OK(paynow_completion_free(peeked));
  }
}

// Reading and giving back.

PROMISED(paynow_completion_info_get, a_remembered_customer) {
  EACH_ROUND {
    paynow_completion_info info = INIT(paynow_completion_info);
    EXPECT_OK(paynow_completion_info_get(held, &info));
  }
}
PROMISED(paynow_completion_customer, a_remembered_customer) {
  EACH_ROUND {
    struct paynow_customer customer = INIT(struct paynow_customer);
    EXPECT_OK(paynow_completion_customer(held, 0, &customer));
  }
}
PROMISED(paynow_completion_metadata, a_customer_with_metadata) {
  const char *key, *value;
  EACH_ROUND EXPECT_OK(paynow_completion_metadata(held, 0, 0, &key, &value));
}
PROMISED(paynow_completion_token, a_token) {
  const char *text;
  size_t length;
  EACH_ROUND EXPECT_OK(paynow_completion_token(held, &text, &length));
}
PROMISED(paynow_completion_giftcard, a_giftcard) {
  EACH_ROUND {
    struct paynow_giftcard card = INIT(struct paynow_giftcard);
    EXPECT_OK(paynow_completion_giftcard(held, &card));
  }
}
PROMISED(paynow_completion_error, an_error) {
  EACH_ROUND {
    struct paynow_api_error error = INIT(struct paynow_api_error);
    EXPECT_OK(paynow_completion_error(held, &error));
  }
}
PROMISED(paynow_completion_validation_error, an_error) {
  EACH_ROUND {
    struct paynow_validation_error error = INIT(struct paynow_validation_error);
    EXPECT_OK(paynow_completion_validation_error(held, 0, &error));
  }
}
PROMISED(paynow_completion_validation_path, an_error) {
  const char *segment;
  EACH_ROUND EXPECT_OK(paynow_completion_validation_path(held, 0, 1, &segment));
}
PROMISED(paynow_completion_json, a_remembered_customer) {
  const char *json;
  size_t length;
  EACH_ROUND EXPECT_OK(paynow_completion_json(held, &json, &length));
}
PROMISED(paynow_completion_free, a_remembered_customer) {
  EXPECT_OK(paynow_completion_free(held));
  EXPECT(paynow_completion_free(held), PAYNOW_E_INVALID_HANDLE);
}
