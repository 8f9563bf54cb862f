// Which thread runs what, who waits for whom, and that nothing is left behind.
#include "harness.h"

#include <dirent.h>
#include <pthread.h>

static paynow_client client;
static volatile uint32_t calls;
static pthread_t here;

static bool is_set(void *flag) { return *(volatile uint32_t *)flag != 0; }

static uint32_t entries(const char *path) {
  uint32_t count = 0;
  DIR *directory = opendir(path);
  if (!directory) return 0;
  for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static uint32_t threads(void) { return entries("/proc/self/task"); }
static uint32_t descriptors(void) { return entries("/proc/self/fd"); }

static void work_and_leave(const char *base, bool hung) {
  paynow_client_config config = sandbox_config();
  config.api_base = base;
  client = client_with(&config);
  calls = 0;
  paynow_call call = INIT(paynow_call);
  call.on_completion = count_completion;
  call.user_data = (void *)&calls;
  if (hung) sandbox_hangs();
  for (uint64_t number = 0; number < 200; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  if (hung) {
    CHECK(sandbox_asked(10));
  } else {
    poll_until(client, &calls, 200);
  }
  CHECK(threads() > 1);
  destroy(client);
  CHECK_INT(calls, 200);
}

TEST(threads_and_descriptors_are_given_back) {
  work_and_leave(sandbox_base, false);
  uint32_t threads_before = threads(), descriptors_before = descriptors();
  CHECK_INT(threads_before, 1);
  for (int round = 0; round < 5; round++) work_and_leave(sandbox_base, false);
  CHECK_INT(threads(), threads_before);
  CHECK_INT(descriptors(), descriptors_before);
}

TEST(threads_and_descriptors_are_given_back_by_a_hung_client) {
  uint32_t threads_before = threads(), descriptors_before = descriptors();
  work_and_leave(sandbox_base, true);
  CHECK_INT(threads(), threads_before);
  CHECK_INT(descriptors(), descriptors_before);
}

TEST(threads_and_descriptors_are_given_back_after_a_name_was_resolved) {
  char base[64];
  snprintf(base, sizeof base, "http://localhost:%s", strrchr(sandbox_base, ':') + 1);
  uint32_t threads_before = threads(), descriptors_before = descriptors();
  work_and_leave(base, false);
  CHECK_INT(threads(), threads_before);
  CHECK_INT(descriptors(), descriptors_before);
}

TEST(an_unused_client_has_one_thread) {
  uint32_t before = threads();
  paynow_client_config config = sandbox_config();
  config.warm_connections = PAYNOW_OFF;
  client = client_with(&config);
  CHECK_INT(threads(), before + 1);
  CHECK_INT(stats_of(client).workers, 0);
  destroy(client);
}

static bool is_ready(void *context) {
  (void)context;
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  return stats_of(client).warm_connections == 1;
}

// One worker opens it, and idles then.
TEST(a_connection_that_is_held_ready_needs_no_thread_of_its_own) {
  uint32_t before = threads();
  client = new_client();
  CHECK(eventually(is_ready, NULL));
  CHECK(threads() <= before + 2);
  CHECK_INT(stats_of(client).workers_busy, 0);
  CHECK_INT(stats_of(client).submitted, 0);
  destroy(client);
  CHECK_INT(threads(), before);
}

// --- the host's code ---

static volatile uint32_t strays;

static void check_thread(void) {
  if (!pthread_equal(pthread_self(), here)) __sync_fetch_and_add(&strays, 1);
}

static void on_completion(paynow_client of, paynow_completion completion, void *user_data) {
  check_thread();
  count_completion(of, completion, user_data);
}
static void on_free(void *user_data) {
  (void)user_data;
  check_thread();
}
static void on_log(int32_t level, const char *message, size_t length, void *user_data) {
  (void)level, (void)message, (void)length, (void)user_data;
  check_thread();
  ++*(volatile uint32_t *)user_data;
}

TEST(callbacks_run_on_the_polling_thread_only) {
  volatile uint32_t lines = 0;
  strays = calls = 0;
  here = pthread_self();
  paynow_client_config config = sandbox_config();
  config.on_log = on_log;
  config.log_user_data = (void *)&lines;
  config.log_level = PAYNOW_LOG_DEBUG;
  client = client_with(&config);
  paynow_call call = INIT(paynow_call);
  call.on_completion = on_completion;
  call.user_data = (void *)&calls;
  call.user_data_free = on_free;
  for (uint64_t number = 0; number < 200; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  poll_until(client, &calls, 200);
  for (uint64_t number = 0; number < 50; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  destroy(client);
  CHECK_INT(calls, 250);
  CHECK(lines > 0);
  CHECK_INT(strays, 0);
}

// The thread that made a client means nothing.
static void *use_from_elsewhere(void *context) {
  (void)context;
  here = pthread_self();
  paynow_call call = INIT(paynow_call);
  call.on_completion = on_completion;
  call.user_data = (void *)&calls;
  call.user_data_free = on_free;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  destroy(client);
  return NULL;
}

TEST(a_client_belongs_to_no_thread) {
  pthread_t thread;
  strays = calls = 0;
  client = new_client();
  pthread_create(&thread, NULL, use_from_elsewhere, NULL);
  pthread_join(thread, NULL);
  CHECK_INT(calls, 1);
  CHECK_INT(strays, 0);
}

// --- two threads that collect ---

static volatile uint32_t inside, leave, done;
static paynow_status result;

static void stay_inside(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of, (void)completion, (void)user_data;
  inside = 1;
  CHECK(eventually(is_set, (void *)&leave));
  done = 1;
}

static void *poll_once(void *context) {
  (void)context;
  while (!inside && !harness_failed()) {
    CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
    breathe();
  }
  return NULL;
}

static pthread_t begin_inside(void) {
  pthread_t thread;
  inside = leave = done = 0;
  client = new_client();
  paynow_call call = INIT(paynow_call);
  call.on_completion = stay_inside;
  CHECK_OK(get_mira(client, &call, NULL));
  pthread_create(&thread, NULL, poll_once, NULL);
  CHECK(eventually(is_set, (void *)&inside));
  return thread;
}

TEST(while_one_thread_collects_others_are_busy) {
  pthread_t thread = begin_inside();
  paynow_completion completion;
  size_t count = 77;
  uint32_t delivered = 77;
  CHECK_STATUS(paynow_client_poll(client, 0, 0, &delivered), PAYNOW_E_BUSY);
  CHECK_STATUS(paynow_client_next(client, 0, &completion, 1, &count), PAYNOW_E_BUSY);
  CHECK_STATUS(paynow_client_next(client, 1000, &completion, 1, &count), PAYNOW_E_BUSY);
  CHECK_INT(delivered, 77);
  CHECK_INT(count, 77);
  // Everything else works meanwhile.
  paynow_request_id request = 0;
  CHECK_OK(get_stranger(client, 1, NULL, &request));
  CHECK_INT(stats_of(client).outstanding, 2);
  leave = 1;
  pthread_join(thread, NULL);
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

static void *destroy_elsewhere(void *context) {
  result = paynow_client_destroy(client);
  *(volatile uint32_t *)context = 1;
  return NULL;
}

// Bounded, and only to give what must not happen a chance to happen.
static bool set_soon(volatile uint32_t *flag) {
  int64_t end = now_ms() + 200;
  while (!*flag && now_ms() < end) breathe();
  return *flag;
}

TEST(destroy_waits_for_a_callback_on_another_thread) {
  volatile uint32_t destroyed = 0;
  pthread_t poller = begin_inside(), destroyer;
  pthread_create(&destroyer, NULL, destroy_elsewhere, (void *)&destroyed);
  CHECK(!set_soon(&destroyed));
  leave = 1;
  pthread_join(destroyer, NULL);
  CHECK_STATUS(result, PAYNOW_OK);
  CHECK_INT(done, 1);
  pthread_join(poller, NULL);
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
}

static volatile uint32_t second_returned, second_while_inside;

// Runs inside the first destroy, and gives a second one on another thread the chance to return too early.
static void destroyed_twice(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of, (void)completion, (void)user_data;
  inside = 1;
  if (set_soon(&second_returned) && result == PAYNOW_OK) second_while_inside = 1;
}

static void *second_destroy(void *context) {
  (void)context;
  CHECK(eventually(is_set, (void *)&inside));
  result = paynow_client_destroy(client);
  second_returned = 1;
  return NULL;
}

// After destroy has returned PAYNOW_OK nothing of the client runs any more, whichever thread called it.
TEST(no_destroy_returns_before_the_last_callback) {
  pthread_t thread;
  inside = second_returned = second_while_inside = 0;
  client = new_client();
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.on_completion = destroyed_twice;
  CHECK_OK(get_mira(client, &call, NULL));
  pthread_create(&thread, NULL, second_destroy, NULL);
  destroy(client);
  pthread_join(thread, NULL);
  CHECK_INT(second_while_inside, 0);
  CHECK(result == PAYNOW_OK || result == PAYNOW_E_PENDING || result == PAYNOW_E_INVALID_HANDLE);
}

static volatile uint32_t destroy_returned;

static void delivered_last(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of, (void)completion, (void)user_data;
  if (set_soon(&destroy_returned)) second_while_inside = 1;
}

// The same when it is the polling thread that comes to deliver what is left.
TEST(destroy_returns_after_what_the_polling_thread_delivers) {
  second_while_inside = destroy_returned = 0;
  pthread_t poller = begin_inside(), destroyer;
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.on_completion = delivered_last;
  CHECK_OK(get_stranger(client, 1, &call, NULL));
  pthread_create(&destroyer, NULL, destroy_elsewhere, (void *)&destroy_returned);
  CHECK(!set_soon(&destroy_returned));
  leave = 1;
  pthread_join(destroyer, NULL);
  pthread_join(poller, NULL);
  CHECK(result == PAYNOW_OK || result == PAYNOW_E_PENDING);
  if (result == PAYNOW_OK) CHECK_INT(second_while_inside, 0);
}

// --- waiting in next ---

static volatile uint32_t waiting;
static size_t collected;

static void *wait_in_next(void *context) {
  (void)context;
  paynow_completion completion = 0;
  waiting = 1;
  result = paynow_client_next(client, 4 * PATIENCE_MS, &completion, 1, &collected);
  done = 1;
  return NULL;
}

static bool is_busy(void *context) {
  (void)context;
  return paynow_client_poll(client, 0, 0, NULL) == PAYNOW_E_BUSY;
}

static pthread_t begin_waiting(void) {
  pthread_t thread;
  waiting = done = 0;
  collected = 77;
  client = new_client();
  sandbox_hangs();
  pthread_create(&thread, NULL, wait_in_next, NULL);
  CHECK(eventually(is_busy, NULL));
  return thread;
}

TEST(next_wakes_for_an_answer) {
  pthread_t thread = begin_waiting();
  CHECK_OK(get_mira(client, NULL, NULL));
  REQUIRE(sandbox_asked(1));
  CHECK_INT(done, 0);
  sandbox_recovers();
  CHECK(eventually(is_set, (void *)&done));
  pthread_join(thread, NULL);
  CHECK_STATUS(result, PAYNOW_OK);
  CHECK_INT(collected, 1);
  destroy(client);
}

TEST(next_wakes_for_a_cancelled_request) {
  pthread_t thread = begin_waiting();
  paynow_request_id request = 0;
  CHECK_OK(get_mira(client, NULL, &request));
  CHECK_OK(paynow_client_cancel(client, request));
  CHECK(eventually(is_set, (void *)&done));
  pthread_join(thread, NULL);
  CHECK_INT(collected, 1);
  destroy(client);
}

TEST(next_wakes_for_a_deadline) {
  pthread_t thread = begin_waiting();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  CHECK_OK(get_mira(client, &call, NULL));
  CHECK(eventually(is_set, (void *)&done));
  pthread_join(thread, NULL);
  CHECK_INT(collected, 1);
  destroy(client);
}

TEST(next_wakes_for_a_shutdown) {
  pthread_t thread = begin_waiting();
  CHECK_OK(paynow_client_shutdown(client));
  CHECK(eventually(is_set, (void *)&done));
  pthread_join(thread, NULL);
  CHECK_STATUS(result, PAYNOW_OK);
  CHECK_INT(collected, 0);
  destroy(client);
}

TEST(next_wakes_for_a_destroy) {
  pthread_t thread = begin_waiting();
  paynow_status status = paynow_client_destroy(client);
  CHECK(status == PAYNOW_OK || status == PAYNOW_E_PENDING);
  CHECK(eventually(is_set, (void *)&done));
  pthread_join(thread, NULL);
  CHECK_INT(collected, 0);
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
}

// --- reading while others free ---

static volatile paynow_completion shared[64];
static volatile uint32_t stop_reading;

static void *read_all(void *context) {
  (void)context;
  while (!stop_reading) {
    for (int index = 0; index < 64; index++) {
      paynow_completion_info info = INIT(paynow_completion_info);
      struct paynow_customer customer = INIT(struct paynow_customer);
      paynow_status status = paynow_completion_info_get(shared[index], &info);
      if (status != PAYNOW_OK && status != PAYNOW_E_INVALID_HANDLE) FAIL("reading says %d", status);
      status = paynow_completion_customer(shared[index], 0, &customer);
      if (status != PAYNOW_OK && status != PAYNOW_E_INVALID_HANDLE) FAIL("reading says %d", status);
    }
    // Where threads take turns, the one they wait for must get one.
    breathe();
  }
  return NULL;
}

TEST(completions_are_freed_while_others_read_them) {
  pthread_t readers[3];
  stop_reading = 0;
  client = new_client();
  for (int index = 0; index < 3; index++) pthread_create(&readers[index], NULL, read_all, NULL);
  for (int round = 0; round < 1500 && !harness_failed(); round++) {
    CHECK_OK(get_mira(client, NULL, NULL));
    paynow_completion completion = await(client);
    CHECK_STATUS(info_of(completion).status, PAYNOW_OK);
    paynow_completion old = shared[round % 64];
    shared[round % 64] = completion;
    if (old) CHECK_OK(paynow_completion_free(old));
  }
  destroy(client);
  stop_reading = 1;
  for (int index = 0; index < 3; index++) pthread_join(readers[index], NULL);
}

static void *fail_once(void *context) {
  (void)context;
  // A thread on which nothing has failed has nothing to say.
  CHECK_STR(paynow_last_error(), "");
  CHECK_STATUS(paynow_client_poll(0, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
  CHECK_HAS(paynow_last_error(), "client");
  return NULL;
}

TEST(last_error_belongs_to_its_thread) {
  pthread_t thread;
  client = new_client();
  CHECK_STATUS(paynow_get_customer(client, "x", 0, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  pthread_create(&thread, NULL, fail_once, NULL);
  pthread_join(thread, NULL);
  CHECK_HAS(paynow_last_error(), "customer_id");
  destroy(client);
}
