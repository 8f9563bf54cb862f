// A forked child gets an error, never a hang, and neither side harms the other.
#include "harness.h"

#include <sys/wait.h>

static paynow_client client;

// Runs `child` in a fork; returns what it returns: 0 when all was well, else which check failed. It says so through a
// pipe, because what a program runs under may have its own idea of an exit code.
static int report[2];

static void say(int result) {
  ssize_t written = write(report[1], &result, sizeof result);
  (void)written;
}

static int in_child(int (*child)(void)) {
  int result = -1, status = -1;
  fflush(NULL);
  if (pipe(report) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    // An answer that does not come ends the child, and shows.
    alarm(under_valgrind() ? 120 : 20);
    say(child());
    _exit(0);
  }
  close(report[1]);
  if (read(report[0], &result, sizeof result) != sizeof result) result = -1;
  close(report[0]);
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
  if (WIFSIGNALED(status)) FAIL("the child ended by signal %d", WTERMSIG(status));
  return result;
}

static paynow_completion kept;
static paynow_request_id pending;

static int everything_is_forked(void) {
  paynow_completion completion;
  paynow_completion_info info = INIT(paynow_completion_info);
  struct paynow_stats stats = INIT(struct paynow_stats);
  struct paynow_customer customer = INIT(struct paynow_customer);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  const char *text;
  size_t count;
  int step = 1;
  lookup.id = MIRA;
#define FORKED(call)                                  \
  do {                                                \
    if ((call) != PAYNOW_E_FORKED) return step;       \
    step++;                                           \
  } while (0)
  FORKED(get_mira(client, NULL, NULL));
  FORKED(paynow_list_customers(client, NULL, NULL, NULL));
  FORKED(paynow_lookup_customer(client, &lookup, NULL, NULL));
  FORKED(paynow_client_peek(client, &lookup, &completion));
  FORKED(paynow_client_poll(client, 0, 0, NULL));
  FORKED(paynow_client_next(client, 0, &completion, 1, &count));
  FORKED(paynow_client_next(client, 600000, &completion, 1, &count));
  FORKED(paynow_client_cancel(client, pending));
  FORKED(paynow_client_cancel_all(client, 0, NULL));
  FORKED(paynow_client_stats(client, &stats));
  FORKED(paynow_completion_info_get(kept, &info));
  FORKED(paynow_completion_customer(kept, 0, &customer));
  FORKED(paynow_completion_json(kept, &text, NULL));
  FORKED(paynow_completion_free(kept));
  FORKED(paynow_client_shutdown(client));
  FORKED(paynow_client_destroy(client));
  FORKED(paynow_client_destroy(client));
  if (!strstr(paynow_last_error(), "fork")) return step;
  return 0;
}

static void begin(void) {
  client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  kept = await(client);
  sandbox_hangs();
  for (uint64_t number = 0; number < 50; number++) CHECK_OK(get_stranger(client, number, NULL, &pending));
  REQUIRE(sandbox_asked(10));
}

static void the_parent_goes_on(void) {
  CHECK_STATUS(info_of(kept).status, PAYNOW_OK);
  sandbox_recovers();
  for (int index = 0; index < 50; index++) CHECK_STATUS(await_status(client), PAYNOW_OK);
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(the_childs_calls_say_forked) {
  begin();
  CHECK_INT(in_child(everything_is_forked), 0);
  the_parent_goes_on();
}

static int a_client_of_its_own(void) {
  paynow_client own = 0;
  paynow_completion completion = 0;
  size_t count = 0;
  paynow_completion_info info = INIT(paynow_completion_info);
  paynow_client_config config = sandbox_config();
  if (paynow_client_create(&config, &own) != PAYNOW_OK) return 1;
  if (own == client) return 2;
  if (paynow_list_customers(own, NULL, NULL, NULL) != PAYNOW_OK) return 3;
  if (paynow_client_next(own, PATIENCE_MS, &completion, 1, &count) != PAYNOW_OK || count != 1) return 4;
  if (paynow_completion_info_get(completion, &info) != PAYNOW_OK || info.status != PAYNOW_OK) return 5;
  if (paynow_client_destroy(own) != PAYNOW_OK) return 6;
  if (paynow_client_destroy(client) != PAYNOW_E_FORKED) return 7;
  return 0;
}

TEST(the_child_makes_a_client_of_its_own) {
  client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  kept = await(client);
  CHECK_INT(in_child(a_client_of_its_own), 0);
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

// The destructors of a host that ends a child with exit run there too.
static int ends_ordinarily(void) {
  paynow_client_destroy(client);
  say(0);
  exit(0);
}

TEST(a_child_that_ends_ordinarily) {
  begin();
  CHECK_INT(in_child(ends_ordinarily), 0);
  the_parent_goes_on();
}

static int grandchild(void) {
  if (everything_is_forked() != 0) return 100;
  if (a_client_of_its_own() != 0) return 101;
  // This process's own end of the pipe is in use, so its child gets another.
  int outer = report[1], result = in_child(a_client_of_its_own);
  report[1] = outer;
  return result;
}

TEST(a_childs_child) {
  client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  kept = await(client);
  CHECK_INT(in_child(grandchild), 0);
  destroy(client);
}

static paynow_network network;

static bool network_is_up(void *context) { return stats_of(*(paynow_client *)context).network_up == 1; }

static paynow_client joined(void) {
  network = INIT(paynow_network);
  network.addresses = getenv("TEST_REDIS");
  network.password = getenv("TEST_REDIS_PASSWORD");
  network.network_id = "fork";
  network.timeout_ms = 10000;
  paynow_client_config config = sandbox_config();
  config.network = &network;
  return client_with(&config);
}

// It has the parent's connection too, and leaves it alone.
static int joins_by_itself(void) {
  if (everything_is_forked() != 0) return 1;
  paynow_client own = joined();
  if (own == 0 || !eventually(network_is_up, &own)) return 2;
  if (get_mira(own, NULL, NULL) != PAYNOW_OK || await_status(own) != PAYNOW_OK) return 3;
  if (stats_of(own).network_commands == 0) return 4;
  if (paynow_client_destroy(own) != PAYNOW_OK) return 5;
  return harness_failed() ? 6 : 0;
}

TEST(a_child_in_the_network_of_its_parent) {
  const char *address = getenv("TEST_REDIS");
  if (!address || !*address) {
    harness_skip("redis-server is not installed");
    return;
  }
  client = joined();
  REQUIRE(eventually(network_is_up, &client));
  CHECK_OK(get_mira(client, NULL, NULL));
  kept = await(client);
  CHECK_INT(in_child(joins_by_itself), 0);
  CHECK(eventually(network_is_up, &client));
  uint64_t before = stats_of(client).network_commands;
  for (uint64_t number = 0; number < 20; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    CHECK_STATUS(await_status(client), PAYNOW_OK);
  }
  // More than its signs of life.
  CHECK(stats_of(client).network_commands >= before + 20);
  destroy(client);
}
