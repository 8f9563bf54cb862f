// Submitting, cancelling, polling and reading make no system call: checked by the kernel, which lets the thread
// that does it read, write and end, and nothing else.
//
// seccomp's strict mode would do, but on x86 it also forbids reading the time stamp counter, which is how the clock
// is read *without* a system call. So a filter says the same, and a handler says which call it was.
#include "harness.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

static int report[2];
// Which call is made now, for a failure to say so.
static const char *volatile doing;

// What a thread writes before it ends: 0 when its work is done, 1 when there was no filter, else 1000 and the
// number of the forbidden call.
static void end_thread(int32_t result) {
  ssize_t written = write(report[1], &result, sizeof result);
  (void)written;
  for (;;) syscall(SYS_exit, 0);
}

static void on_forbidden_call(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  end_thread(1000 + info->si_syscall);
}

static bool forbid_system_calls(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void (*volatile work)(void);

static void *thread(void *context) {
  (void)context;
  if (!forbid_system_calls()) end_thread(1);
  work();
  end_thread(0);
  return NULL;
}

static int32_t without_system_calls(void (*what)(void)) {
  struct sigaction action = {.sa_sigaction = on_forbidden_call, .sa_flags = SA_SIGINFO};
  pthread_t id;
  int32_t result = -1;
  sigaction(SIGSYS, &action, NULL);
  doing = NULL;
  work = what;
  if (pipe(report) != 0) return -1;
  pthread_create(&id, NULL, thread, NULL);
  // The kernel says that the thread has ended, however it did.
  pthread_join(id, NULL);
  close(report[1]);
  if (read(report[0], &result, sizeof result) != sizeof result) result = -1;
  close(report[0]);
  return result;
}

static void read_the_clock(void) {
  struct timespec now;
  for (int round = 0; round < 100; round++) clock_gettime(CLOCK_MONOTONIC, &now);
}

static void call_the_kernel(void) { syscall(SYS_getppid); }

// False, and the test is skipped, where this cannot be checked.
static bool can_check(void) {
  if (under_valgrind()) return harness_skip("the filter would hit valgrind's own calls"), false;
  int32_t clock = without_system_calls(read_the_clock);
  if (clock == 1) return harness_skip("this kernel takes no seccomp filter"), false;
  if (clock != 0) return harness_skip("reading the clock is a system call on this machine"), false;
  return true;
}

#define CHECK_NO_SYSTEM_CALL(what)                                                                    \
  do {                                                                                                \
    int32_t result_ = without_system_calls(what);                                                     \
    if (result_ >= 1000) FAIL("system call %d was made in %s", result_ - 1000, doing ? doing : "the library"); \
    else CHECK_INT(result_, 0);                                                                       \
  } while (0)

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

TEST(peeking) {
  if (!can_check()) return;
  rounds = refused = delivered = 0;
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  lookup.id = MIRA;
  CHECK_OK(paynow_lookup_customer(client, &lookup, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  CHECK_NO_SYSTEM_CALL(peek);
  collect(0);
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
