// Submitting, cancelling, polling and reading make no system call, under load, after a pause and with a server that hangs:
// checked by the kernel. promised.c has each function that promises it.
#include "no_system_calls.h"

static volatile uint32_t rounds, refused, delivered, frees;
static paynow_client client;

static void on_completion(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of, (void)completion, (void)user_data;
  delivered++;
}
static void on_free(void *user_data) {
  (void)user_data;
  frees++;
}

#define SUBMIT(call) (doing = #call, refused += (call) != PAYNOW_OK)

// One of each operation.
enum { OPERATIONS = 14 };

static void submit_each(uint64_t number) {
  paynow_metadata_entry metadata = {"rank", 0, "vip", 0};
  paynow_list_query list = INIT(paynow_list_query);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  paynow_raw_request raw = INIT(paynow_raw_request);
  paynow_authentication login = INIT(paynow_authentication);
  paynow_player player = INIT(paynow_player);
  paynow_call call = INIT(paynow_call);
  list.has_limit = 1;
  list.limit = 5;
  list.search = "m";
  fields.name = "A name";
  fields.minecraft_uuid = "069A79F444E94726A5BEFCA90E38AAF5";
  fields.metadata = &metadata;
  fields.metadata_count = 1;
  lookup.minecraft_java_name = "Notch";
  card.customer_token = "pnct_token";
  card.code = "GIFT-1275-MIRA";
  raw.method = "POST";
  raw.path = "/v1/stores/{store_id}/things";
  raw.auth = PAYNOW_AUTH_API_KEY;
  raw.json = "{\"a\":[1,2,3]}";
  login.platform = PAYNOW_PLATFORM_MINECRAFT_UUID;
  login.id = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  login.customer_ip = "2001:db8::1";
  login.customer_countrycode = "DE";
  player.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  player.name = "Notch";
  call.on_completion = on_completion;
  call.user_data_free = on_free;
  call.tag = number;
  SUBMIT(get_stranger(client, number, &call, NULL));
  SUBMIT(paynow_list_customers(client, &list, &call, NULL));
  SUBMIT(paynow_create_customer(client, &fields, &call, NULL));
  SUBMIT(paynow_update_customer(client, MIRA, 0, &fields, &call, NULL));
  SUBMIT(paynow_create_customer_token(client, MIRA, 0, &call, NULL));
  SUBMIT(paynow_invalidate_customer_tokens(client, MIRA, 0, &call, NULL));
  SUBMIT(paynow_lookup_customer(client, &lookup, &call, NULL));
  SUBMIT(paynow_bulk_create_customers(client, &fields, 1, &call, NULL));
  SUBMIT(paynow_authenticate_customer(client, &login, &call, NULL));
  SUBMIT(paynow_get_current_customer(client, "pnct_token", 0, &call, NULL));
  SUBMIT(paynow_lookup_giftcard(client, &card, &call, NULL));
  SUBMIT(paynow_request(client, &raw, &call, NULL));
  SUBMIT(paynow_lookup_player(client, &player, &call, NULL));
  SUBMIT(paynow_token_for(client, &player, &call, NULL));
}

enum { ROUNDS = 300 };

static void submit_all(void) {
  for (rounds = 0; rounds < ROUNDS; rounds++) submit_each(rounds);
}

static void submit_and_cancel(void) {
  for (rounds = 0; rounds < 2000; rounds++) {
    paynow_call call = INIT(paynow_call);
    paynow_request_id request = 0;
    call.on_completion = on_completion;
    call.tag = rounds;
    refused += get_stranger(client, rounds, &call, &request) != PAYNOW_OK;
    if (rounds % 2) {
      refused += paynow_client_cancel(client, request) != PAYNOW_OK;
    } else {
      uint32_t cancelled = 0;
      refused += paynow_client_cancel_all(client, rounds, &cancelled) != PAYNOW_OK || cancelled != 1;
    }
  }
}

static void poll_in_vain(void) {
  paynow_completion completion;
  size_t count;
  for (rounds = 0; rounds < 1000; rounds++) {
    refused += paynow_client_poll(client, 0, 500, NULL) != PAYNOW_OK;
    refused += paynow_client_next(client, 0, &completion, 1, &count) != PAYNOW_OK;
  }
}

static void begin(void) {
  rounds = refused = delivered = frees = 0;
  client = new_client();
}

static void collect(uint32_t count) {
  CHECK_INT(refused, 0);
  poll_until(client, &delivered, count);
  CHECK_INT(delivered, count);
  destroy(client);
}

TEST(the_check_can_fail) {
  if (!can_check()) return;
  CHECK_INT(without_system_calls(call_the_kernel), 1000 + SYS_getppid);
}

// Most real submits come when the client has been idle, so that all its threads sleep.
TEST(submitting_to_an_idle_client) {
  if (!can_check()) return;
  begin();
  CHECK_NO_SYSTEM_CALL(submit_all);
  collect(ROUNDS * OPERATIONS);
  CHECK_INT(frees, ROUNDS * OPERATIONS);
}

TEST(submitting_after_a_pause) {
  if (!can_check()) return;
  begin();
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  // Long enough for the library's threads to take the traffic for over. A pause that is too short only makes the
  // test easier.
  int64_t end = now_ms() + 1000;
  while (now_ms() < end) breathe();
  CHECK_NO_SYSTEM_CALL(submit_all);
  collect(ROUNDS * OPERATIONS);
}

TEST(submitting_to_a_hung_server) {
  if (!can_check()) return;
  begin();
  sandbox_hangs();
  for (uint64_t number = 0; number < 500; number++) CHECK_OK(get_stranger(client, number + 100000, NULL, NULL));
  REQUIRE(sandbox_asked(20));
  CHECK_NO_SYSTEM_CALL(submit_all);
  CHECK_INT(refused, 0);
  destroy(client);
  CHECK_INT(delivered, ROUNDS * OPERATIONS);
}

TEST(a_full_queue) {
  if (!can_check()) return;
  rounds = refused = delivered = frees = 0;
  paynow_client_config config = sandbox_config();
  config.max_outstanding = 100;
  client = client_with(&config);
  sandbox_hangs();
  CHECK_NO_SYSTEM_CALL(submit_all);
  CHECK_INT(refused, ROUNDS * OPERATIONS - 100);
  destroy(client);
  CHECK_INT(delivered, 100);
}

TEST(cancelling) {
  if (!can_check()) return;
  begin();
  // Or a request may be answered between its submission and its cancelling.
  sandbox_hangs();
  CHECK_NO_SYSTEM_CALL(submit_and_cancel);
  collect(2000);
}

TEST(polling_with_nothing_ready) {
  if (!can_check()) return;
  begin();
  CHECK_NO_SYSTEM_CALL(poll_in_vain);
  collect(0);
}

// Delivers without a system call: what the library frees goes to threads of its own.
static void poll_all(void) {
  struct timespec now, start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    refused += paynow_client_poll(client, 0, 0, NULL) != PAYNOW_OK;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (delivered < ROUNDS * OPERATIONS && now.tv_sec - start.tv_sec < 30);
  rounds = delivered;
}

TEST(delivering) {
  if (!can_check()) return;
  begin();
  submit_all();
  CHECK_NO_SYSTEM_CALL(poll_all);
  collect(ROUNDS * OPERATIONS);
  CHECK_INT(frees, ROUNDS * OPERATIONS);
}

// Reading and giving back, with a host that uses next.
static void read_all(void) {
  struct timespec now, start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    paynow_completion completions[16];
    size_t count = 0;
    refused += paynow_client_next(client, 0, completions, 16, &count) != PAYNOW_OK;
    for (size_t index = 0; index < count; index++) {
      paynow_completion_info info = INIT(paynow_completion_info);
      struct paynow_customer customer = INIT(struct paynow_customer);
      struct paynow_api_error error = INIT(struct paynow_api_error);
      const char *text;
      refused += paynow_completion_info_get(completions[index], &info) != PAYNOW_OK;
      (void)paynow_completion_customer(completions[index], 0, &customer);
      (void)paynow_completion_error(completions[index], &error);
      (void)paynow_completion_json(completions[index], &text, NULL);
      refused += paynow_completion_free(completions[index]) != PAYNOW_OK;
      delivered++;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (delivered < ROUNDS * OPERATIONS && now.tv_sec - start.tv_sec < 30);
}

TEST(reading_and_giving_back) {
  if (!can_check()) return;
  begin();
  submit_all();
  CHECK_NO_SYSTEM_CALL(read_all);
  CHECK_INT(delivered, ROUNDS * OPERATIONS);
  collect(ROUNDS * OPERATIONS);
}

static void be_refused(void) {
  for (rounds = 0; rounds < 1000; rounds++) {
    refused += paynow_get_customer(client, "x", 0, NULL, NULL) != PAYNOW_E_INVALID_ARGUMENT;
    refused += paynow_get_customer(0, MIRA, 0, NULL, NULL) != PAYNOW_E_INVALID_HANDLE;
    refused += *paynow_last_error() == 0;
  }
}

TEST(being_refused) {
  if (!can_check()) return;
  begin();
  CHECK_NO_SYSTEM_CALL(be_refused);
  collect(0);
}

static void peek(void) {
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  lookup.id = MIRA;
  for (rounds = 0; rounds < 1000; rounds++) {
    paynow_completion completion = 0;
    refused += paynow_client_peek(client, &lookup, &completion) != PAYNOW_OK;
    refused += paynow_completion_free(completion) != PAYNOW_OK;
  }
}

// At an answer that is known.
static void check_peek(void) {
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  lookup.id = MIRA;
  CHECK_OK(paynow_lookup_customer(client, &lookup, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  allocates = true;
  CHECK_NO_SYSTEM_CALL(peek);
  allocates = false;
}

TEST(peeking) {
  if (!can_check()) return;
  rounds = refused = delivered = 0;
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
  check_peek();
  collect(0);
}

static bool network_is_up(void *context) {
  (void)context;
  return stats_of(client).network_up == 1;
}

// The tick knows nothing of a network, whether it answers or not.
static void check_with_network(const char *addresses, bool answers) {
  if (!can_check()) return;
  rounds = refused = delivered = frees = 0;
  paynow_network network = INIT(paynow_network);
  network.addresses = addresses;
  network.password = getenv("TEST_REDIS_PASSWORD");
  network.network_id = "nowait";
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.network = &network;
  client = client_with(&config);
  CHECK(!answers || eventually(network_is_up, NULL));
  CHECK_NO_SYSTEM_CALL(poll_in_vain);
  CHECK_NO_SYSTEM_CALL(submit_all);
  CHECK_INT(refused, 0);
  poll_until(client, &delivered, ROUNDS * OPERATIONS);
  CHECK_INT(delivered, ROUNDS * OPERATIONS);
  paynow_stats stats = stats_of(client);
  // It took part.
  CHECK((answers ? stats.network_commands : stats.network_alone) > 0);
  check_peek();
  CHECK_INT(refused, 0);
  destroy(client);
}

TEST(in_a_network_that_is_away) { check_with_network("127.0.0.1:1", false); }

TEST(in_a_network_that_answers) {
  const char *address = getenv("TEST_REDIS");
  if (address && *address) {
    check_with_network(address, true);
  } else {
    harness_skip("redis-server is not installed");
  }
}

// An allocation may become a system call at any time: when there is room left depends on what the process did
// before. So the C library is watched, where it lets itself be.
#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local bool watched;
static _Thread_local const char *allocated_in;

static void note(void) {
  if (watched && !allocated_in) allocated_in = doing ? doing : "the library";
}

void *malloc(size_t size) { return note(), __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return note(), __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return note(), __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { return note(), __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  note();
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : 12;
}

TEST(submitting_allocates_nothing) {
  begin();
  allocated_in = NULL;
  doing = NULL;
  watched = true;
  submit_each(0);
  watched = false;
  if (allocated_in) FAIL("memory was allocated in %s", allocated_in);
  collect(OPERATIONS);
}

TEST(delivering_allocates_nothing) {
  begin();
  submit_each(0);
  allocated_in = NULL;
  doing = "poll";
  watched = true;
  int64_t end = now_ms() + PATIENCE_MS;
  while (delivered < OPERATIONS && now_ms() < end) refused += paynow_client_poll(client, 0, 0, NULL) != PAYNOW_OK;
  watched = false;
  if (allocated_in) FAIL("memory was allocated in %s", allocated_in);
  collect(OPERATIONS);
}
#endif
