// What races with the end of a client, and what memory it may take, by the allocator's account.
#include "harness.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

static paynow_client client;
static atomic_uint accepted, refused, called, freed;

static void count_call(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of;
  (void)completion;
  (void)user_data;
  called++;
}

static void count_free(void *user_data) {
  free(user_data);
  freed++;
}

static size_t allocated(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// --- accepted is completed ---

enum { LONG = 1024 * 1024 };
static char *long_json;

static void *submit_until_refused(void *context) {
  (void)context;
  for (;;) {
    paynow_raw_request request = INIT(paynow_raw_request);
    request.method = "POST";
    request.path = "/v1/anything";
    request.json = long_json;
    request.json_n = LONG;
    paynow_call call = INIT(paynow_call);
    call.on_completion = count_call;
    call.user_data = malloc(16);
    call.user_data_free = count_free;
    paynow_status status = paynow_request(client, &request, &call, NULL);
    if (status == PAYNOW_OK) {
      accepted++;
      continue;
    }
    free(call.user_data);
    if (status == PAYNOW_E_QUEUE_FULL) continue;
    refused++;
    return NULL;
  }
}

static void *cancel_until_gone(void *context) {
  (void)context;
  uint32_t cancelled = 0;
  while (paynow_client_cancel_all(client, 0, &cancelled) == PAYNOW_OK) {}
  return NULL;
}

TEST(what_is_accepted_while_the_client_is_destroyed_completes) {
  const int rounds = under_valgrind() ? 3 : 30;
  long_json = malloc(LONG + 1);
  memset(long_json, 'x', LONG);
  long_json[0] = long_json[LONG - 1] = '"';
  long_json[LONG] = 0;
  accepted = refused = called = freed = 0;
  for (int round = 0; round < rounds; round++) {
    paynow_client_config config = sandbox_config();
    config.max_outstanding = 16;
    client = client_with(&config);
    // Nothing is collected before the end: no more than max_outstanding are accepted in a round.
    unsigned before = accepted;
    pthread_t threads[3];
    for (int thread = 0; thread < 2; thread++) pthread_create(&threads[thread], NULL, submit_until_refused, NULL);
    pthread_create(&threads[2], NULL, cancel_until_gone, NULL);
    while (accepted < before + 4) breathe();
    CHECK_OK(paynow_client_destroy(client));
    for (int thread = 0; thread < 3; thread++) pthread_join(threads[thread], NULL);
  }
  CHECK_INT(refused, 2 * rounds);
  CHECK_INT(called, accepted);
  CHECK_INT(freed, accepted);
  free(long_json);
}

// --- memory ---

static bool has_shared(void *count) { return stats_of(client).coalesced >= *(uint64_t *)count; }

TEST(what_ended_takes_no_memory) {
  enum { TOGETHER = 60 };
  paynow_client_config config = sandbox_config();
  config.max_outstanding = TOGETHER + 2;
  config.max_workers = 1;
  config.cache_ttl_ms = 60000;
  client = client_with(&config);
  sandbox_hangs();
  paynow_call first = INIT(paynow_call);
  first.tag = 1;
  CHECK_OK(get_stranger(client, 0, &first, NULL));
  CHECK(sandbox_asked(1));
  size_t before = 0;
  const uint64_t rounds = under_valgrind() ? 8 : 400;
  for (uint64_t round = 0; round < rounds && !harness_failed(); round++) {
    // A quarter in, whatever grows to its size has grown.
    if (round == rounds / 4) before = allocated();
    for (uint64_t number = 0; number < TOGETHER; number++) {
      CHECK_OK(get_stranger(client, 1 + number + round * TOGETHER, NULL, NULL));
    }
    // Asked twice, which shows that the library has seen them all.
    CHECK_OK(get_stranger(client, TOGETHER + round * TOGETHER, NULL, NULL));
    uint64_t shared = round + 1;
    CHECK(eventually(has_shared, &shared));
    uint32_t cancelled = 0;
    CHECK_OK(paynow_client_cancel_all(client, 0, &cancelled));
    CHECK_INT(cancelled, TOGETHER + 1);
    CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  }
  size_t after = allocated();
  if (after > before + 1024 * 1024) FAIL("%zu bytes grew to %zu", before, after);
  sandbox_recovers();
  destroy(client);
}

// Answers that take many times what they took on the wire.
static void hold_back(int status, const char *body) {
  enum { LIMIT = 8 * 1024 * 1024, MOST = 400 };
  sandbox_answers("list_customers", status, "{}", body);
  paynow_client_config config = sandbox_config();
  config.max_held_bytes = LIMIT;
  config.cache_ttl_ms = PAYNOW_OFF;
  config.circuit_threshold = PAYNOW_OFF;
  config.max_workers = 8;
  client = client_with(&config);
  size_t before = allocated();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 600000;
  for (int number = 0; number < MOST; number++) {
    paynow_list_query query = INIT(paynow_list_query);
    CHECK_OK(paynow_list_customers(client, &query, &call, NULL));
  }
  // Collected and kept, until no more comes.
  paynow_completion kept[MOST];
  size_t count = 0, quiet = 0;
  while (quiet < 100 && count < MOST) {
    size_t got = 0;
    CHECK_OK(paynow_client_next(client, 20, kept + count, MOST - count, &got));
    count += got;
    quiet = got ? 0 : quiet + (stats_of(client).workers_busy == 0);
  }
  CHECK(count > 0 && count < MOST);
  uint64_t held = stats_of(client).held_bytes;
  size_t grown = allocated() - before;
  // A fifth of the limit is the tolerance; slots, threads and connections are in memory too.
  if (held > LIMIT + LIMIT / 5) FAIL("%" PRIu64 " bytes held, more than %d", held, LIMIT);
  if (held < LIMIT / 2) FAIL("only %" PRIu64 " bytes held", held);
  if (grown > LIMIT + LIMIT / 5 + 3 * 1024 * 1024) FAIL("%" PRIu64 " bytes held, %zu in memory", held, grown);
  for (size_t number = 0; number < count; number++) CHECK_OK(paynow_completion_free(kept[number]));
  paynow_client_cancel_all(client, 0, NULL);
  destroy(client);
}

TEST(the_limit_for_answers_holds_for_pages_of_customers) {
  if (under_valgrind()) {
    harness_skip("valgrind counts memory in its own way");
    return;
  }
  size_t room = 256 * 1024, length = 0;
  char *page = malloc(room);
  length += (size_t)snprintf(page, room, "[");
  for (int number = 0; number < 100; number++) {
    length += (size_t)snprintf(page + length, room - length,
                               "%s{\"id\":\"4%017d\",\"store_id\":\"411486491630370816\",\"created_at\":"
                               "\"2024-01-01T00:00:00Z\",\"name\":\"n%d\",\"metadata\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}",
                               number ? "," : "", number, number);
  }
  snprintf(page + length, room - length, "]");
  hold_back(200, page);
  free(page);
}

TEST(the_limit_for_answers_holds_for_long_error_bodies) {
  if (under_valgrind()) {
    harness_skip("valgrind counts memory in its own way");
    return;
  }
  size_t room = 256 * 1024, length = 0;
  char *body = malloc(room);
  length += (size_t)snprintf(body, room, "{\"status\":422,\"code\":\"x\",\"message\":\"y\",\"errors\":[");
  for (int number = 0; number < 3000; number++) {
    length += (size_t)snprintf(body + length, room - length, "%s{\"code\":\"c\",\"message\":\"m\",\"path\":\"p\"}",
                               number ? "," : "");
  }
  snprintf(body + length, room - length, "]}");
  hold_back(422, body);
  free(body);
}
