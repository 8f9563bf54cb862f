// How completions reach the host: poll, next, callbacks, user_data, cancelling, shutting down.
#include "harness.h"

#include <pthread.h>

static paynow_client client;
static volatile uint32_t calls, frees;

static void count_free(void *user_data) {
  (void)user_data;
  frees++;
}

static paynow_call counted(void) {
  paynow_call call = INIT(paynow_call);
  call.on_completion = count_completion;
  call.user_data = (void *)&calls;
  call.user_data_free = count_free;
  return call;
}

static void begin(void) {
  calls = frees = 0;
  client = new_client();
}

static bool all_have_ended(void *context) {
  struct paynow_stats stats = stats_of(client);
  return stats.completed_ok + stats.completed_error + stats.timed_out + stats.cancelled >= *(uint64_t *)context;
}

static bool ended(uint64_t count) { return eventually(all_have_ended, &count); }

static struct seen {
  paynow_client client;
  paynow_completion completion;
  paynow_status status;
  void *user_data;
  uint32_t times;
} seen;

static void remember(paynow_client of, paynow_completion completion, void *user_data) {
  seen = (struct seen){of, completion, info_of(completion).status, user_data, seen.times + 1};
}

TEST(a_call_has_its_own_callback) {
  int mark = 0;
  begin();
  paynow_call call = INIT(paynow_call);
  paynow_request_id request = 0;
  seen.times = 0;
  call.on_completion = remember;
  call.user_data = &mark;
  CHECK_OK(get_mira(client, &call, &request));
  poll_until(client, &seen.times, 1);
  CHECK_INT(seen.client, client);
  CHECK_INT(seen.completion, request);
  CHECK_STATUS(seen.status, PAYNOW_OK);
  CHECK(seen.user_data == &mark);
  // It is freed when the callback returns.
  CHECK_STATUS(paynow_completion_free(request), PAYNOW_E_INVALID_HANDLE);
  CHECK_INT(stats_of(client).outstanding, 0);
  destroy(client);
}

TEST(the_clients_callback_gets_the_rest) {
  int mark = 0, own = 0;
  paynow_client_config config = sandbox_config();
  config.on_completion = remember;
  config.completion_user_data = &mark;
  client = client_with(&config);
  calls = frees = seen.times = 0;
  paynow_call call = INIT(paynow_call);
  call.user_data = &own;
  call.user_data_free = count_free;
  CHECK_OK(get_mira(client, &call, NULL));
  CHECK_OK(get_mira(client, NULL, NULL));
  poll_until(client, &seen.times, 2);
  CHECK(seen.user_data == &mark);
  CHECK_INT(frees, 1);
  call = counted();
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  CHECK_INT(seen.times, 2);
  destroy(client);
}

TEST(without_any_callback_poll_frees) {
  begin();
  paynow_call call = INIT(paynow_call);
  call.user_data_free = count_free;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &frees, 1);
  CHECK_INT(stats_of(client).discarded, 1);
  CHECK_INT(stats_of(client).outstanding, 0);
  destroy(client);
}

TEST(user_data_is_freed_after_the_callback) {
  begin();
  paynow_call call = counted();
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  CHECK_INT(frees, 1);
  destroy(client);
  CHECK_INT(frees, 1);
}

TEST(user_data_is_freed_with_the_completion) {
  begin();
  paynow_call call = counted();
  CHECK_OK(get_mira(client, &call, NULL));
  paynow_completion completion = await(client);
  CHECK_INT(frees, 0);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_INT(frees, 1);
  // Collected with next: its callback is not called.
  CHECK_INT(calls, 0);
  destroy(client);
}

TEST(user_data_of_a_refused_request_stays_the_hosts) {
  begin();
  paynow_call call = counted();
  CHECK_STATUS(paynow_get_customer(client, "x", 0, &call, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_OK(paynow_client_shutdown(client));
  CHECK_STATUS(get_mira(client, &call, NULL), PAYNOW_E_SHUTDOWN);
  destroy(client);
  CHECK_INT(frees, 0);
  CHECK_INT(calls, 0);
}

static void free_it(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of;
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_completion_free(completion), PAYNOW_E_INVALID_HANDLE);
  ++*(volatile uint32_t *)user_data;
}

TEST(freeing_in_the_callback_does_no_harm) {
  begin();
  paynow_call call = counted();
  call.on_completion = free_it;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  CHECK_INT(frees, 1);
  CHECK_INT(stats_of(client).outstanding, 0);
  destroy(client);
}

TEST(poll_delivers_at_most_max_events) {
  begin();
  paynow_call call = counted();
  for (uint64_t number = 0; number < 5; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  REQUIRE(ended(5));
  uint32_t delivered = 0;
  CHECK_OK(paynow_client_poll(client, 2, 0, &delivered));
  CHECK_INT(delivered, 2);
  CHECK_INT(calls, 2);
  CHECK_OK(paynow_client_poll(client, 0, 0, &delivered));
  CHECK_INT(delivered, 3);
  CHECK_OK(paynow_client_poll(client, 0, 0, &delivered));
  CHECK_INT(delivered, 0);
  destroy(client);
}

static void take_a_while(paynow_client of, paynow_completion completion, void *user_data) {
  int64_t until = now_ms() + 3;
  while (now_ms() < until) {
  }
  count_completion(of, completion, user_data);
}

TEST(poll_keeps_its_budget_but_delivers_one) {
  begin();
  paynow_call call = counted();
  call.on_completion = take_a_while;
  for (uint64_t number = 0; number < 5; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  REQUIRE(ended(5));
  for (uint32_t round = 1; round <= 5; round++) {
    uint32_t delivered = 0;
    CHECK_OK(paynow_client_poll(client, 0, 1, &delivered));
    CHECK_INT(delivered, 1);
    CHECK_INT(calls, round);
  }
  destroy(client);
}

TEST(next_hands_out_several) {
  begin();
  for (uint64_t number = 0; number < 5; number++) CHECK_OK(get_stranger(client, number, NULL, NULL));
  REQUIRE(ended(5));
  paynow_completion completions[8] = {0};
  size_t count = 0;
  CHECK_OK(paynow_client_next(client, 0, completions, 3, &count));
  CHECK_INT(count, 3);
  CHECK_INT(completions[3], 0);
  CHECK_INT(stats_of(client).outstanding, 5);
  CHECK_OK(paynow_client_next(client, 0, completions + 3, 5, &count));
  CHECK_INT(count, 2);
  for (int index = 0; index < 5; index++) CHECK_OK(paynow_completion_free(completions[index]));
  CHECK_INT(stats_of(client).outstanding, 0);
  CHECK_OK(paynow_client_next(client, 0, completions, 8, &count));
  CHECK_INT(count, 0);
  destroy(client);
}

TEST(next_gives_up_after_its_timeout) {
  begin();
  paynow_completion completion = 0;
  size_t count = 77;
  CHECK_OK(paynow_client_next(client, 30, &completion, 1, &count));
  CHECK_INT(count, 0);
  CHECK_INT(completion, 0);
  destroy(client);
}

// --- inside callbacks ---

static void call_everything(paynow_client of, paynow_completion completion, void *user_data) {
  (void)user_data;
  paynow_completion other = 0;
  size_t count = 77;
  uint32_t number = 77;
  CHECK_STATUS(paynow_client_poll(of, 0, 0, &number), PAYNOW_E_REENTRANT);
  CHECK_STATUS(paynow_client_next(of, 0, &other, 1, &count), PAYNOW_E_REENTRANT);
  CHECK_STATUS(paynow_client_next(of, 1000, &other, 1, &count), PAYNOW_E_REENTRANT);
  CHECK_INT(number, 77);
  CHECK_INT(count, 77);
  CHECK_INT(stats_of(of).outstanding, 1);
  CHECK_STATUS(info_of(completion).status, PAYNOW_OK);
  paynow_call call = counted();
  CHECK_OK(get_mira(of, &call, NULL));
  CHECK_OK(paynow_client_cancel_all(of, 99, &number));
  CHECK_INT(number, 0);
}

TEST(poll_inside_a_callback_is_refused) {
  begin();
  paynow_call call = counted();
  call.on_completion = call_everything;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  CHECK_INT(frees, 2);
  destroy(client);
}

static void poll_the_other(paynow_client of, paynow_completion completion, void *user_data) {
  (void)of;
  (void)completion;
  // Another client's completions may be collected here.
  poll_until(*(paynow_client *)user_data, &calls, 1);
  frees++;
}

TEST(another_client_can_be_polled_inside_a_callback) {
  begin();
  paynow_client other = new_client();
  paynow_call call = INIT(paynow_call);
  call.on_completion = count_completion;
  call.user_data = (void *)&calls;
  CHECK_OK(get_mira(other, &call, NULL));
  call.on_completion = poll_the_other;
  call.user_data = &other;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &frees, 1);
  destroy(client);
  destroy(other);
}

static void submit_again(paynow_client of, paynow_completion completion, void *user_data) {
  count_completion(of, completion, user_data);
  if (calls < 50) {
    paynow_call call = counted();
    call.on_completion = submit_again;
    CHECK_OK(get_mira(of, &call, NULL));
  }
}

TEST(callbacks_that_submit) {
  begin();
  paynow_call call = counted();
  call.on_completion = submit_again;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 50);
  CHECK_INT(frees, 50);
  destroy(client);
}

// What ends while poll is running waits for the next poll, or a callback could keep it without end.
static void cancel_the_others(paynow_client of, paynow_completion completion, void *user_data) {
  count_completion(of, completion, user_data);
  uint32_t cancelled = 0;
  if (calls > 1) return;
  CHECK_OK(paynow_client_cancel_all(of, 5, &cancelled));
  CHECK_INT(cancelled, 10);
}

TEST(callbacks_that_cancel) {
  begin();
  sandbox_hangs();
  paynow_call call = counted();
  call.tag = 5;
  for (uint64_t number = 0; number < 10; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  paynow_request_id first = 0;
  call.tag = 6;
  call.on_completion = cancel_the_others;
  CHECK_OK(get_mira(client, &call, &first));
  CHECK_OK(paynow_client_cancel(client, first));
  uint32_t delivered = 0;
  CHECK_OK(paynow_client_poll(client, 0, 0, &delivered));
  CHECK_INT(delivered, 1);
  poll_until(client, &calls, 11);
  CHECK_INT(frees, 11);
  destroy(client);
}

static void destroy_it(paynow_client of, paynow_completion completion, void *user_data) {
  count_completion(of, completion, user_data);
  if (calls == 1) CHECK_STATUS(paynow_client_destroy(of), PAYNOW_E_PENDING);
  // It stays usable until poll returns, but takes nothing more.
  CHECK_INT(info_of(completion).operation, PAYNOW_OP_GET_CUSTOMER);
  CHECK_STATUS(get_mira(of, NULL, NULL), PAYNOW_E_SHUTDOWN);
}

TEST(callbacks_that_destroy) {
  begin();
  sandbox_hangs();
  paynow_call call = counted();
  call.on_completion = destroy_it;
  paynow_request_id request = 0;
  for (uint64_t number = 0; number < 20; number++) CHECK_OK(get_stranger(client, number, &call, &request));
  CHECK_OK(paynow_client_cancel(client, request));
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  CHECK_INT(calls, 20);
  CHECK_INT(frees, 20);
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
}

static void shut_it_down(paynow_client of, paynow_completion completion, void *user_data) {
  count_completion(of, completion, user_data);
  CHECK_OK(paynow_client_shutdown(of));
}

TEST(callbacks_that_shut_down) {
  begin();
  paynow_call call = counted();
  call.on_completion = shut_it_down;
  CHECK_OK(get_mira(client, &call, NULL));
  poll_until(client, &calls, 1);
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_SHUTDOWN);
  destroy(client);
}

// --- cancelling ---

TEST(cancel_on_a_hung_server) {
  begin();
  sandbox_hangs();
  paynow_call call = counted();
  paynow_request_id request = 0;
  CHECK_OK(get_mira(client, &call, &request));
  REQUIRE(sandbox_asked(1));
  CHECK_OK(paynow_client_cancel(client, request));
  CHECK_STATUS(paynow_client_cancel(client, request), PAYNOW_E_TOO_LATE);
  paynow_completion_info info = info_of(await(client));
  CHECK_STATUS(info.status, PAYNOW_E_CANCELLED);
  CHECK_INT(info.sent, PAYNOW_SENT_MAYBE);
  CHECK(info.message != NULL);
  CHECK_STATUS(paynow_client_cancel(client, request), PAYNOW_E_TOO_LATE);
  CHECK_INT(stats_of(client).cancelled, 1);
  destroy(client);
  CHECK_INT(frees, 1);
}

TEST(cancel_of_an_answered_request_is_too_late) {
  begin();
  paynow_request_id request = 0;
  CHECK_OK(get_mira(client, NULL, &request));
  REQUIRE(ended(1));
  CHECK_STATUS(paynow_client_cancel(client, request), PAYNOW_E_TOO_LATE);
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(cancel_all_finds_the_tag) {
  begin();
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  uint32_t cancelled = 77;
  for (uint64_t number = 0; number < 30; number++) {
    call.tag = number % 3;
    CHECK_OK(get_stranger(client, number, &call, NULL));
  }
  CHECK_OK(paynow_client_cancel_all(client, 1, &cancelled));
  CHECK_INT(cancelled, 10);
  CHECK_OK(paynow_client_cancel_all(client, 1, &cancelled));
  CHECK_INT(cancelled, 0);
  CHECK_OK(paynow_client_cancel_all(client, UINT64_MAX, NULL));
  for (int index = 0; index < 10; index++) {
    paynow_completion completion = await(client);
    paynow_completion_info info = info_of(completion);
    CHECK_STATUS(info.status, PAYNOW_E_CANCELLED);
    CHECK_INT(info.tag, 1);
    CHECK_OK(paynow_completion_free(completion));
  }
  CHECK_INT(stats_of(client).outstanding, 20);
  sandbox_recovers();
  for (int index = 0; index < 20; index++) CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

// --- shutting down ---

TEST(shutdown_then_drain) {
  begin();
  CHECK_OK(get_mira(client, NULL, NULL));
  REQUIRE(ended(1));
  sandbox_hangs();
  for (uint64_t number = 0; number < 20; number++) CHECK_OK(get_stranger(client, number, NULL, NULL));
  CHECK_OK(paynow_client_shutdown(client));
  CHECK_OK(paynow_client_shutdown(client));
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_SHUTDOWN);
  // What had been answered before stays answered.
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  for (int index = 0; index < 20; index++) CHECK_STATUS(await_status(client), PAYNOW_E_SHUTDOWN);
  paynow_completion completion = 0;
  size_t count = 77;
  // Nothing can come any more, so this does not wait.
  CHECK_OK(paynow_client_next(client, 4 * PATIENCE_MS, &completion, 1, &count));
  CHECK_INT(count, 0);
  CHECK_INT(stats_of(client).outstanding, 0);
  destroy(client);
}

TEST(destroy_delivers_what_was_not_collected) {
  begin();
  sandbox_hangs();
  seen.times = 0;
  paynow_call call = counted();
  call.on_completion = remember;
  CHECK_OK(get_mira(client, &call, NULL));
  destroy(client);
  CHECK_INT(seen.times, 1);
  CHECK_STATUS(seen.status, PAYNOW_E_SHUTDOWN);
  CHECK_INT(frees, 1);
}

TEST(destroy_frees_what_was_not_given_back) {
  begin();
  paynow_call call = counted();
  for (uint64_t number = 0; number < 10; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  REQUIRE(ended(10));
  paynow_completion completions[5];
  size_t count = 0;
  CHECK_OK(paynow_client_next(client, 0, completions, 5, &count));
  CHECK_INT(count, 5);
  destroy(client);
  CHECK_INT(calls, 5);
  CHECK_INT(frees, 10);
}

static void free_destroys(void *user_data) {
  frees++;
  CHECK_OK(paynow_client_destroy(*(paynow_client *)user_data));
}

// user_data_free is host code too: it may call anything.
TEST(user_data_free_that_destroys) {
  begin();
  paynow_call call = INIT(paynow_call);
  call.user_data = &client;
  call.user_data_free = free_destroys;
  CHECK_OK(get_mira(client, &call, NULL));
  paynow_completion completion = await(client);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_INT(frees, 1);
  CHECK_STATUS(paynow_client_poll(client, 0, 0, NULL), PAYNOW_E_INVALID_HANDLE);
}
