// What the test programs share: tests, checks, the sandbox's admin routes, clients and completions.
#ifndef HARNESS_H
#define HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <paynow_bridge.h>

// How long anything is waited for that must happen. It bounds a failure; it measures nothing.
#define PATIENCE_MS 30000

typedef void test_fn(void);

void harness_register(const char *name, test_fn *run);
void harness_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
void harness_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool harness_failed(void);

// Defines a test. Tests of a program run in the order they stand in; each starts with a fresh sandbox.
#define TEST(name)                                                                      \
  static void name(void);                                                               \
  __attribute__((constructor)) static void register_##name(void) { harness_register(#name, name); } \
  static void name(void)

#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)                                  \
  do {                                                    \
    if (!(condition)) FAIL("%s does not hold", #condition); \
  } while (0)

// Ends the test when the rest of it would make no sense.
#define REQUIRE(condition)                    \
  do {                                        \
    if (!(condition)) {                       \
      FAIL("%s does not hold", #condition);   \
      return;                                 \
    }                                         \
  } while (0)

#define CHECK_INT(actual, expected) check_int(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))
#define CHECK_STR(actual, expected) check_str(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_HAS(text, part) check_has(__FILE__, __LINE__, #text, (text), (part), true)
#define CHECK_HAS_NOT(text, part) check_has(__FILE__, __LINE__, #text, (text), (part), false)
#define CHECK_STATUS(call, expected) check_status(__FILE__, __LINE__, #call, (call), (expected))
#define CHECK_OK(call) CHECK_STATUS(call, PAYNOW_OK)

bool check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected);
bool check_str(const char *file, int line, const char *what, const char *actual, const char *expected);
bool check_has(const char *file, int line, const char *what, const char *text, const char *part, bool wanted);
bool check_status(const char *file, int line, const char *what, paynow_status actual, paynow_status expected);

// A struct of the library, as the header demands it: every byte zero except for its size.
#define INIT(type) ((type){.struct_size = sizeof(type)})

// --- the sandbox -----------------------------------------------------------------------------------------

extern const char *sandbox_base;
extern const char *sandbox_key;
extern const char *sandbox_store;
extern const char *sandbox_program;

// Some players of the seeded store.
#define MIRA "440116992540673366"
#define NOTCH "421621336637440000"
#define PIA "433322870177794185"
#define OLGA "435420340944897912"
#define QUIET "429816574640130458"

// Does one request to an admin route (`path` begins behind /_sandbox/) and returns the body, to be freed.
char *sandbox(const char *method, const char *path, const char *body);
void sandbox_faults(const char *plan);
// One rule that answers every request of `operation` like this. `body` and `headers` are JSON.
void sandbox_answers(const char *operation, int status, const char *headers, const char *body);
void sandbox_hangs(void);
void sandbox_recovers(void);
// A number of the stats; `name` may be one of the operations.
int64_t sandbox_count(const char *name);

// What the sandbox was sent. Strings are "" when a header was missing.
struct sent {
  char method[16];
  char target[2048];
  char authorization[32];
  char content_type[64];
  char user_agent[256];
  char store_id[64];
  char customer_ip[64];
  char customer_country[16];
  char body[8192];
};
// The last request.
struct sent sandbox_sent(void);
// Copies the text that belongs to `"key":` in `json`, unescaped; "" when it is null or missing.
void json_text(const char *json, const char *key, char *out, size_t room);

// --- clients and completions -----------------------------------------------------------------------------

// A configuration for the sandbox, for a test to change.
paynow_client_config sandbox_config(void);
paynow_client new_client(void);
paynow_client client_with(const paynow_client_config *config);
void destroy(paynow_client client);

struct paynow_stats stats_of(paynow_client client);
paynow_completion_info info_of(paynow_completion completion);

// Waits for the one completion that is to come. 0, and a failed test, when none does.
paynow_completion await(paynow_client client);
// The same, and frees it: how the request ended.
paynow_status await_status(paynow_client client);
// Collects with poll until `*counter` reaches `target`; false, and a failed test, when it does not.
bool poll_until(paynow_client client, const volatile uint32_t *counter, uint32_t target);
// Counts itself in the uint32_t that user_data points to.
void count_completion(paynow_client client, paynow_completion completion, void *user_data);

paynow_status get_mira(paynow_client client, const paynow_call *call, paynow_request_id *out);
// Asks for a customer who does not exist. Equal questions may share one answer; those of different numbers are
// requests of their own.
paynow_status get_stranger(paynow_client client, uint64_t number, const paynow_call *call, paynow_request_id *out);

// Tries `condition` until it holds or patience ends.
typedef bool condition_fn(void *context);
bool eventually(condition_fn *condition, void *context);
// Waits until the sandbox was asked at least `count` times.
bool sandbox_asked(int64_t count);
// Gives others a chance to run between two looks; no test relies on how long it takes.
void breathe(void);
int64_t now_ms(void);

// --- what the library says -------------------------------------------------------------------------------

// Keeps what the library says: its log lines, messages and errors. Makes no system call. It is written to the file that
// TEST_SAID names, which may hold no credential (tests/secrets.sh).
void keep_said(const char *text, size_t length);
bool under_valgrind(void);

#endif
