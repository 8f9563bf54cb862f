// Makes the calls that are counted, while lackey traces: the same call again and again on a client that is warm, with an API
// that does not answer. Stores into `marks` before and after each; count.awk finds them there.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <paynow_bridge.h>

#include "java.h"

#define INIT(type) ((type){.struct_size = sizeof(type)})
// A line of its own: what a host hands over begins where it likes, but always at the same place here.
#define ALIGNED _Alignas(64)

enum { SUBMIT, SUBMIT_WITH_CALL, POLL_OF_NOTHING, JAVA_LOOKUP_UUID, JAVA_LOOKUP_PLAYER, JAVA_TICK, CALLS };
// A begin and an end for each, and run.sh has the names; the bytes differ in the last digit of their address alone.
ALIGNED volatile char marks[2 * CALLS];

// Each round begins elsewhere in a line of the stack: how many lines the same frames lie across is chance otherwise, and
// another one on every machine.
#define COUNT(what, call)                               \
  do {                                                  \
    volatile char place[16 * (round % PLACES) + 1];     \
    place[0] = 0;                                       \
    marks[2 * (what)] = 1;                              \
    call;                                               \
    marks[2 * (what) + 1] = 1;                          \
    (void)place[0];                                     \
  } while (0)

// Rounds of each call, the first ones to warm up. The least of all is what it takes: another thread of the library that runs
// in between (one in some hundred times) only adds.
enum { PLACES = 4, ROUNDS = 2 * PLACES };

static void die(const char *what) {
  printf("FAIL %s: %s\n", what, paynow_last_error());
  exit(1);
}

// An address where nothing listens: one that was just given back.
static void unused_address(char *out, size_t room) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    die("no address can be had");
  }
  close(fd);
  snprintf(out, room, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

#define STORE "411486491630370816"
ALIGNED static const char uuid[] = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
static char address[64];

// Lets the others run until they have nothing to do: nothing is counted meanwhile.
static void breathe(void) { usleep(2000); }

// --- from C ---

static uint32_t delivered;

static void on_completion(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client, (void)completion, (void)user_data;
  delivered++;
}
static void on_log(int32_t level, const char *text, size_t length, void *user_data) {
  (void)level, (void)text, (void)length, (void)user_data;
}

static void collect(paynow_client client) {
  for (delivered = 0; delivered == 0; breathe()) {
    if (paynow_client_poll(client, 0, 0, NULL) != PAYNOW_OK) die("poll");
  }
}

static void from_c(void) {
  paynow_request_id request = 0;
  ALIGNED static paynow_lookup_query query;
  ALIGNED static paynow_call call;
  paynow_client_config config = INIT(paynow_client_config);
  paynow_client client = 0;
  paynow_status status = PAYNOW_OK;
  uint32_t count = 0;
  config.store_id = STORE;
  config.api_key = "pnapi_counted";
  config.api_base = address;
  config.max_attempts = 1;
  config.on_completion = on_completion;
  config.on_log = on_log;
  if (paynow_client_create(&config, &client) != PAYNOW_OK) die("create");
  query = INIT(paynow_lookup_query);
  query.minecraft_uuid = uuid;
  for (int round = 0; round < ROUNDS; round++) {
    COUNT(SUBMIT, status = paynow_lookup_customer(client, &query, NULL, &request));
    if (status != PAYNOW_OK) die("submit");
    collect(client);
  }
  call = INIT(paynow_call);
  call.on_completion = on_completion;
  for (int round = 0; round < ROUNDS; round++) {
    call.tag = (uint64_t)round + 1;
    COUNT(SUBMIT_WITH_CALL, status = paynow_lookup_customer(client, &query, &call, &request));
    if (status != PAYNOW_OK) die("submit with a call");
    collect(client);
  }
  for (int round = 0; round < ROUNDS; round++) {
    breathe();
    COUNT(POLL_OF_NOTHING, status = paynow_client_poll(client, 0, 0, &count));
    if (status != PAYNOW_OK || count != 0) die("poll of nothing");
  }
  // The client stays: ending it wipes its memory, which is most of what lackey would write down.
}

// --- from Java ---

typedef int64_t java_create(java_env *, void *, struct java_object *texts, struct java_object *numbers);
typedef int64_t java_next(java_env *, void *, int64_t client, int32_t timeout_ms, struct java_object *buffer);
typedef int64_t java_lookup_uuid(
    java_env *, void *, int64_t client, int64_t high, int64_t low, int32_t deadline_ms, uint8_t background, int64_t tag,
    int32_t ticket);
typedef int64_t java_lookup_player(
    java_env *, void *, int64_t client, struct java_object *steam_id, struct java_object *xbox_xuid, uint8_t has_uuid,
    int64_t uuid_high, int64_t uuid_low, struct java_object *name, int32_t deadline_ms, uint8_t background, int64_t tag,
    int32_t ticket);

typedef int64_t java_tick(java_env *, void *, int64_t client);

static void *export_named(const char *method) {
  char name[128];
  snprintf(name, sizeof name, "Java_dev_paynowbridge_internal_Native_%s", method);
  return dlsym(RTLD_DEFAULT, name);
}

// The two halves of `uuid`.
#define HIGH INT64_C(0x069a79f444e94726)
#define LOW (-INT64_C(0x5a4135f6f1c7550b))

static void from_java(void) {
  enum { TEXTS = 9, NUMBERS = 19, DEADLINE_MS = 5000, MAX_ATTEMPTS = 6 };
  java_create *create = (java_create *)(uintptr_t)export_named("create");
  java_next *next = (java_next *)(uintptr_t)export_named("next");
  java_lookup_uuid *lookup_uuid = (java_lookup_uuid *)(uintptr_t)export_named("lookupUuid");
  java_lookup_player *lookup_player = (java_lookup_player *)(uintptr_t)export_named("lookupPlayer");
  java_tick *tick = (java_tick *)(uintptr_t)export_named("tick");
  if (!create) {
    printf("skip java: the library was built without\n");
    return;
  }
  java_env *env = java_begin();
  struct java_object *texts_of[TEXTS] = {java_string(STORE), java_string("pnapi_counted"), NULL, NULL, java_string(address)};
  int64_t numbers_of[NUMBERS];
  static int8_t bytes[1 << 16];
  for (int at = 0; at < NUMBERS; at++) numbers_of[at] = INT64_MIN;
  numbers_of[MAX_ATTEMPTS] = 1;
  struct java_object texts = {.length = TEXTS, .objects = texts_of}, numbers = {.length = NUMBERS, .longs = numbers_of};
  struct java_object buffer = {.length = sizeof bytes, .bytes = bytes};
  struct java_object *name = java_string("Notch");
  int64_t request = 0;
  int64_t client = create(env, NULL, &texts, &numbers);
  if (client <= 0) die("create");
  for (int turn = 0; turn < 2 * ROUNDS; turn++) {
    int round = turn / 2;
    if (turn % 2 == 0) {
      COUNT(JAVA_LOOKUP_UUID, request = lookup_uuid(env, NULL, client, HIGH, LOW, 0, 0, 7, turn));
    } else {
      COUNT(JAVA_LOOKUP_PLAYER, request = lookup_player(env, NULL, client, NULL, NULL, 1, HIGH, LOW, name, 0, 0, 7, turn));
    }
    if (request < 0 && request > -64) die("submit from Java");
    while (next(env, NULL, client, 0, &buffer) == 0) breathe();
    breathe();
  }
  for (int round = 0; round < ROUNDS; round++) {
    breathe();
    COUNT(JAVA_TICK, request = tick(env, NULL, client));
    if (request != 0) die("tick");
  }
}

int main(void) {
  unused_address(address, sizeof address);
  from_c();
  from_java();
  fflush(stdout);
  // What waits in the library ends with the process.
  _exit(0);
}
