// The promise under load: every accepted request completes exactly once, whatever the server does, and what is not
// accepted is refused at once.
#include "harness.h"

#include <pthread.h>

enum { MOST = 20000 };

// By the index that is its user_data: how often a request completed, how often its user_data was freed, and how.
static volatile uint32_t completed[MOST], freed[MOST];
static volatile paynow_status statuses[MOST];
static volatile int32_t sent[MOST];
static volatile uint32_t total, total_freed;

static void on_completion(paynow_client client, paynow_completion completion, void *user_data) {
  (void)client;
  uintptr_t index = (uintptr_t)user_data;
  paynow_completion_info info = info_of(completion);
  completed[index]++;
  statuses[index] = info.status;
  sent[index] = info.sent;
  total++;
}

static void on_free(void *user_data) {
  freed[(uintptr_t)user_data]++;
  total_freed++;
}

static void forget(void) {
  memset((void *)completed, 0, sizeof completed);
  memset((void *)freed, 0, sizeof freed);
  total = total_freed = 0;
}

static paynow_call tracked(uintptr_t index) {
  paynow_call call = INIT(paynow_call);
  call.on_completion = on_completion;
  call.user_data = (void *)index;
  call.user_data_free = on_free;
  return call;
}

static void check_once_each(uint32_t count) {
  for (uint32_t index = 0; index < count; index++) {
    if (completed[index] != 1 || freed[index] != 1) {
      FAIL("request %u completed %u times and was freed %u times", index, completed[index], freed[index]);
    }
  }
  CHECK_INT(total, count);
  CHECK_INT(total_freed, count);
}

static uint32_t how_many(uint32_t count, paynow_status status) {
  uint32_t found = 0;
  for (uint32_t index = 0; index < count; index++) found += statuses[index] == status;
  return found;
}

TEST(deadlines_hold_though_all_workers_hang) {
  enum { COUNT = 100 };
  forget();
  sandbox_hangs();
  paynow_client_config config = sandbox_config();
  config.max_workers = 4;
  paynow_client client = client_with(&config);
  for (uint32_t index = 0; index < COUNT; index++) {
    paynow_call call = tracked(index);
    call.deadline_ms = 500;
    CHECK_OK(get_stranger(client, index, &call, NULL));
  }
  poll_until(client, &total, COUNT);
  check_once_each(COUNT);
  CHECK_INT(how_many(COUNT, PAYNOW_E_TIMEOUT), COUNT);
  // Those no worker ever took surely never left.
  uint32_t never = 0;
  for (uint32_t index = 0; index < COUNT; index++) never += sent[index] == PAYNOW_SENT_NEVER;
  CHECK(never >= COUNT / 2 && never < COUNT);
  CHECK_INT(stats_of(client).timed_out, COUNT);
  CHECK(stats_of(client).workers <= 4);
  destroy(client);
}

static bool no_worker_is_busy(void *client) { return stats_of(*(paynow_client *)client).workers_busy == 0; }

TEST(after_a_thousand_hung_calls_the_next_is_answered) {
  enum { COUNT = 1000 };
  forget();
  sandbox_hangs();
  paynow_client client = new_client();
  for (uint32_t index = 0; index < COUNT; index++) {
    paynow_call call = tracked(index);
    call.deadline_ms = 700;
    CHECK_OK(get_stranger(client, index, &call, NULL));
  }
  poll_until(client, &total, COUNT);
  check_once_each(COUNT);
  CHECK_INT(how_many(COUNT, PAYNOW_E_TIMEOUT), COUNT);
  // The workers that hung are freed, not leaked, though the server still does not answer.
  CHECK(eventually(no_worker_is_busy, &client));
  sandbox_recovers();
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(ten_thousand_outstanding_and_not_one_more) {
  enum { COUNT = 10000 };
  forget();
  sandbox_hangs();
  paynow_client client = new_client();
  for (uint32_t index = 0; index < COUNT; index++) {
    paynow_call call = tracked(index);
    call.tag = 7;
    if (!CHECK_OK(get_stranger(client, index, &call, NULL))) break;
  }
  paynow_call call = tracked(COUNT);
  paynow_request_id request = 77;
  CHECK_STATUS(get_stranger(client, COUNT, &call, &request), PAYNOW_E_QUEUE_FULL);
  CHECK_INT(request, 77);
  CHECK(*paynow_last_error() != 0);
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.outstanding, COUNT);
  CHECK_INT(stats.submitted, COUNT);
  CHECK_INT(stats.rejected_full, 1);
  uint32_t cancelled = 0;
  CHECK_OK(paynow_client_cancel_all(client, 7, &cancelled));
  CHECK_INT(cancelled, COUNT);
  // Ended is not collected: there is no room yet.
  CHECK_STATUS(get_stranger(client, COUNT, &call, NULL), PAYNOW_E_QUEUE_FULL);
  poll_until(client, &total, COUNT);
  check_once_each(COUNT);
  CHECK_INT(how_many(COUNT, PAYNOW_E_CANCELLED), COUNT);
  sandbox_recovers();
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(destroy_with_a_thousand_outstanding) {
  enum { COUNT = 1000 };
  forget();
  sandbox_hangs();
  paynow_client client = new_client();
  for (uint32_t index = 0; index < COUNT; index++) {
    paynow_call call = tracked(index);
    CHECK_OK(get_stranger(client, index, &call, NULL));
  }
  REQUIRE(sandbox_asked(1));
  destroy(client);
  check_once_each(COUNT);
  CHECK_INT(how_many(COUNT, PAYNOW_E_SHUTDOWN), COUNT);
}

TEST(exactly_once_whatever_the_server_does) {
  const uint32_t count = under_valgrind() ? 300 : 3000;
  forget();
  sandbox_faults(
      "{\"jitter_ms\":5,\"rules\":["
      "{\"probability\":0.02,\"hang\":true},{\"probability\":0.05,\"reset\":true},{\"probability\":0.05,\"close\":true},"
      "{\"probability\":0.05,\"reset_mid_body\":true},{\"probability\":0.1,\"respond\":{\"status\":503}},"
      "{\"probability\":0.05,\"respond\":{\"status\":429}},{\"probability\":0.05,\"respond\":{\"status\":200,\"body\":\"{\"}},"
      "{\"probability\":0.1,\"delay_ms\":40},{\"probability\":0.05,\"close_after\":true}]}");
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  config.circuit_threshold = 0;
  paynow_client client = client_with(&config);
  for (uint32_t index = 0; index < count; index++) {
    paynow_call call = tracked(index);
    paynow_request_id request = 0;
    call.deadline_ms = index % 3 ? 1500 : 30;
    call.priority = index % 2;
    CHECK_OK(get_stranger(client, index, &call, &request));
    if (index % 11 == 0) (void)paynow_client_cancel(client, request);
    if (index % 50 == 0) CHECK_OK(paynow_client_poll(client, 7, 0, NULL));
  }
  poll_until(client, &total, count);
  check_once_each(count);
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.outstanding, 0);
  CHECK_INT(stats.submitted, count);
  CHECK_INT(stats.delivered, count);
  CHECK_INT(stats.completed_ok + stats.completed_error + stats.timed_out + stats.cancelled, count);
  destroy(client);
  check_once_each(count);
}

// --- a host that stops polling ---

static bool all_have_ended(void *client) {
  struct paynow_stats stats = stats_of(*(paynow_client *)client);
  return stats.completed_ok == stats.submitted;
}

TEST(a_host_that_stops_polling_meets_a_full_queue) {
  forget();
  paynow_client_config config = sandbox_config();
  config.max_outstanding = 100;
  paynow_client client = client_with(&config);
  for (uint32_t index = 0; index < 100; index++) {
    paynow_call call = tracked(index);
    CHECK_OK(get_stranger(client, index, &call, NULL));
  }
  CHECK(eventually(all_have_ended, &client));
  for (int round = 0; round < 1000; round++) CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_QUEUE_FULL);
  CHECK_INT(total, 0);
  CHECK_INT(stats_of(client).outstanding, 100);
  CHECK_INT(stats_of(client).rejected_full, 1000);
  CHECK_INT(sandbox_count("requests"), 100);
  // When it polls again everything is still there.
  uint32_t delivered = 0;
  CHECK_OK(paynow_client_poll(client, 0, 0, &delivered));
  CHECK_INT(delivered, 100);
  check_once_each(100);
  CHECK_INT(how_many(100, PAYNOW_OK), 100);
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

enum { LARGE = 50000, HELD = 200000, HOLDERS = 4 };

static bool holds_enough(void *client) { return stats_of(*(paynow_client *)client).held_bytes > HELD - 2 * LARGE; }

TEST(answers_that_are_not_collected_are_bounded) {
  static char body[LARGE];
  const uint32_t count = 60;
  forget();
  memset(body, ' ', sizeof body - 1);
  memcpy(body, "{\"id\":\"7\"}", 10);
  sandbox_answers("get_customer", 200, "{}", body);
  paynow_client_config config = sandbox_config();
  config.max_held_bytes = HELD;
  config.max_workers = HOLDERS;
  paynow_client client = client_with(&config);
  for (uint32_t index = 0; index < count; index++) {
    paynow_call call = tracked(index);
    CHECK_OK(get_stranger(client, index, &call, NULL));
  }
  CHECK(eventually(holds_enough, &client));
  // Room for an answer is set aside before it is asked for: nothing comes beyond the limit but what surprises.
  int64_t end = now_ms() + 300;
  while (now_ms() < end) {
    CHECK(stats_of(client).held_bytes <= HELD + (HOLDERS + 1) * (LARGE + 4096));
    breathe();
  }
  CHECK(sandbox_count("requests") < 20);
  // Room is made by collecting, and the rest follows.
  poll_until(client, &total, count);
  check_once_each(count);
  CHECK_INT(how_many(count, PAYNOW_OK), count);
  destroy(client);
}

// --- several threads, several clients ---

struct submitter {
  pthread_t thread;
  paynow_client client;
  uint32_t first, accepted, count;
  volatile bool stop;
};

static void *submit_until_refused(void *context) {
  struct submitter *submitter = context;
  while (!submitter->stop && submitter->accepted < submitter->count) {
    uint32_t index = submitter->first + submitter->accepted;
    paynow_call call = tracked(index);
    paynow_status status = get_stranger(submitter->client, index, &call, NULL);
    if (status == PAYNOW_OK) {
      submitter->accepted++;
    } else if (status == PAYNOW_E_QUEUE_FULL) {
      breathe();
    } else {
      if (status != PAYNOW_E_SHUTDOWN && status != PAYNOW_E_INVALID_HANDLE) FAIL("a submit says %d", status);
      break;
    }
  }
  return NULL;
}

TEST(eight_threads_submit_and_one_polls) {
  enum { THREADS = 8, EACH = 250 };
  static struct submitter submitters[THREADS];
  forget();
  paynow_client client = new_client();
  for (uint32_t index = 0; index < THREADS; index++) {
    submitters[index] = (struct submitter){.client = client, .first = index * EACH, .count = EACH};
    pthread_create(&submitters[index].thread, NULL, submit_until_refused, &submitters[index]);
  }
  poll_until(client, &total, THREADS * EACH);
  for (int index = 0; index < THREADS; index++) pthread_join(submitters[index].thread, NULL);
  check_once_each(THREADS * EACH);
  CHECK_INT(how_many(THREADS * EACH, PAYNOW_OK), THREADS * EACH);
  destroy(client);
}

// Whatever the threads were doing at that moment: what was accepted is delivered, what was not is not.
TEST(destroy_during_load) {
  enum { THREADS = 4, EACH = 4000, ROUNDS = 10 };
  static struct submitter submitters[THREADS];
  for (int round = 0; round < ROUNDS; round++) {
    forget();
    paynow_client client = new_client();
    for (uint32_t index = 0; index < THREADS; index++) {
      submitters[index] = (struct submitter){.client = client, .first = index * EACH, .count = EACH};
      pthread_create(&submitters[index].thread, NULL, submit_until_refused, &submitters[index]);
    }
    poll_until(client, &total, 50);
    destroy(client);
    uint32_t accepted = 0, at_destroy = total, freed_at_destroy = total_freed;
    for (int index = 0; index < THREADS; index++) {
      submitters[index].stop = true;
      pthread_join(submitters[index].thread, NULL);
      accepted += submitters[index].accepted;
      for (uint32_t request = 0; request < submitters[index].accepted; request++) {
        uint32_t which = submitters[index].first + request;
        if (completed[which] != 1 || freed[which] != 1) {
          FAIL("request %u completed %u times and was freed %u times", which, completed[which], freed[which]);
        }
      }
    }
    CHECK_INT(at_destroy, accepted);
    CHECK_INT(freed_at_destroy, accepted);
    if (harness_failed()) return;
  }
}

TEST(two_clients_know_nothing_of_each_other) {
  enum { EACH = 100 };
  volatile uint32_t good_count = 0, bad_count = 0;
  paynow_client_config config = sandbox_config();
  paynow_client good = client_with(&config);
  config.api_key = "pnapi_wrong";
  paynow_client bad = client_with(&config);
  CHECK(good != bad);
  for (uint32_t index = 0; index < EACH; index++) {
    CHECK_OK(get_stranger(good, index, NULL, NULL));
    CHECK_OK(get_stranger(bad, index, NULL, NULL));
  }
  for (; good_count < EACH && !harness_failed(); good_count++) CHECK_STATUS(await_status(good), PAYNOW_OK);
  for (; bad_count < EACH / 2 && !harness_failed(); bad_count++) CHECK_STATUS(await_status(bad), PAYNOW_E_UNAUTHORIZED);
  destroy(good);
  // The other goes on, also with what it had under way.
  for (; bad_count < EACH && !harness_failed(); bad_count++) CHECK_STATUS(await_status(bad), PAYNOW_E_UNAUTHORIZED);
  CHECK_INT(stats_of(bad).submitted, EACH);
  destroy(bad);
}

// --- order ---

TEST(interactive_goes_before_background) {
  forget();
  sandbox_hangs();
  paynow_client_config config = sandbox_config();
  config.max_workers = 1;
  paynow_client client = client_with(&config);
  CHECK_OK(get_stranger(client, 1000, NULL, NULL));
  REQUIRE(sandbox_asked(1));
  paynow_call call = INIT(paynow_call);
  call.priority = PAYNOW_PRIORITY_BACKGROUND;
  for (uint64_t number = 0; number < 5; number++) CHECK_OK(get_stranger(client, number, &call, NULL));
  call.priority = PAYNOW_PRIORITY_INTERACTIVE;
  call.tag = 1;
  CHECK_OK(get_stranger(client, 6, &call, NULL));
  sandbox_recovers();
  paynow_completion completions[7];
  for (int index = 0; index < 7; index++) completions[index] = await(client);
  CHECK_INT(info_of(completions[1]).tag, 1);
  destroy(client);
}
