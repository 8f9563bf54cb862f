// What this machine lacks: memory, threads, and the room that the host's own thread-locals take from every stack.
#include "harness.h"

#include <sys/resource.h>
#include <sys/wait.h>

static bool is_sanitized(void) {
#if defined(__SANITIZE_ADDRESS__)
  return true;
#else
  return false;
#endif
}

// Runs `child` in a process of its own, which a limit may be set for. 0 when all was well, else which step failed.
static int in_child(int (*child)(void)) {
  int status = -1;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(60);
    _exit(child());
  }
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
  if (WIFSIGNALED(status)) FAIL("the child ended by signal %d", WTERMSIG(status));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void lower(int resource, rlim_t limit) {
  struct rlimit lowered = {limit, limit};
  if (setrlimit(resource, &lowered) != 0) _exit(100);
}

// --- memory ---

// As many slots as there may be, in a process with 400 MB of addresses, until there is no room for more.
static int clients_beyond_all_memory(void) {
  enum { MOST = 4 };
  paynow_client made[MOST];
  paynow_client_config config = sandbox_config();
  config.max_outstanding = 1048576;
  lower(RLIMIT_AS, 400u * 1024 * 1024);
  int count = 0;
  paynow_status status = PAYNOW_OK;
  while (count < MOST && (status = paynow_client_create(&config, &made[count])) == PAYNOW_OK) count++;
  if (status != PAYNOW_E_RESOURCES) return 1;
  if (!strstr(paynow_last_error(), "max_outstanding")) return 2;
  while (count > 0) {
    if (paynow_client_destroy(made[--count]) != PAYNOW_OK) return 3;
  }
  // Neither the process nor what was given back is worse for it.
  config.max_outstanding = 1000;
  paynow_client client;
  if (paynow_client_create(&config, &client) != PAYNOW_OK) return 4;
  paynow_completion completion;
  size_t got = 0;
  if (get_mira(client, NULL, NULL) != PAYNOW_OK) return 5;
  if (paynow_client_next(client, PATIENCE_MS, &completion, 1, &got) != PAYNOW_OK || got != 1) return 6;
  if (info_of(completion).status != PAYNOW_OK) return 7;
  if (paynow_completion_free(completion) != PAYNOW_OK) return 8;
  return paynow_client_destroy(client) == PAYNOW_OK ? 0 : 9;
}

TEST(a_client_there_is_no_memory_for_is_refused) {
  if (under_valgrind() || is_sanitized()) {
    harness_skip("what it runs under needs the addresses for itself");
    return;
  }
  CHECK_INT(in_child(clients_beyond_all_memory), 0);
}

// --- the host's thread-locals ---

// glibc takes them out of the stack of every thread, the library's too.
static __thread volatile char host_state[8 * 1024 * 1024];

TEST(a_host_with_large_thread_locals) {
  host_state[0] = host_state[sizeof host_state - 1] = 1;
  paynow_client client = new_client();
  for (int round = 0; round < 4; round++) {
    CHECK_OK(get_mira(client, NULL, NULL));
    CHECK_OK(await_status(client));
  }
  destroy(client);
  CHECK(host_state[0] == 1);
}

// --- threads ---

static uint32_t lines_about_threads;

static void count_line(int32_t level, const char *message, size_t length, void *user_data) {
  (void)level, (void)length, (void)user_data;
  lines_about_threads += strstr(message, "thread") != NULL;
}

static void limit_threads(rlim_t count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NPROC, &limit) != 0) _exit(100);
  limit.rlim_cur = count == RLIM_INFINITY ? limit.rlim_max : count;
  if (setrlimit(RLIMIT_NPROC, &limit) != 0) _exit(101);
}

static int requests_without_threads(void) {
  enum { ROUNDS = 20, TOGETHER = 50 };
  // The limit is for everybody but root.
  if (geteuid() == 0 && setuid(61234) != 0) return 1;
  paynow_client_config config = sandbox_config();
  config.on_log = count_line;
  config.circuit_threshold = 1;
  paynow_client client;
  if (paynow_client_create(&config, &client) != PAYNOW_OK) return 2;
  limit_threads(0);
  paynow_call call = INIT(paynow_call);
  for (uint64_t round = 0; round < ROUNDS; round++) {
    // The first have time enough for a worker to be tried.
    call.deadline_ms = round == 0 ? 2000 : 20;
    for (uint64_t number = 0; number < TOGETHER; number++) {
      if (get_stranger(client, round * TOGETHER + number, &call, NULL) != PAYNOW_OK) return 3;
    }
    for (size_t collected = 0; collected < TOGETHER;) {
      paynow_completion ended[TOGETHER];
      size_t got = 0;
      if (paynow_client_next(client, PATIENCE_MS, ended, TOGETHER, &got) != PAYNOW_OK || got == 0) return 4;
      for (size_t index = 0; index < got; index++) {
        paynow_completion_info info = info_of(ended[index]);
        if (info.status != PAYNOW_E_TIMEOUT || info.sent != PAYNOW_SENT_NEVER) return 5;
        if (!info.message || !strstr(info.message, "ulimit -u")) return 6;
        if (paynow_completion_free(ended[index]) != PAYNOW_OK) return 7;
      }
      collected += got;
    }
  }
  if (stats_of(client).circuit_open) return 8;
  if (paynow_client_poll(client, 0, 0, NULL) != PAYNOW_OK) return 9;
  if (lines_about_threads == 0 || lines_about_threads > 6) return 10;
  // Threads can be started again, and are.
  limit_threads(RLIM_INFINITY);
  paynow_completion completion;
  size_t got = 0;
  if (get_mira(client, NULL, NULL) != PAYNOW_OK) return 11;
  if (paynow_client_next(client, PATIENCE_MS, &completion, 1, &got) != PAYNOW_OK || got != 1) return 12;
  if (info_of(completion).status != PAYNOW_OK) return 13;
  if (paynow_completion_free(completion) != PAYNOW_OK) return 14;
  return paynow_client_destroy(client) == PAYNOW_OK ? 0 : 15;
}

TEST(a_thousand_requests_without_a_thread_are_a_handful_of_lines) {
  if (under_valgrind() || is_sanitized()) {
    harness_skip("what it runs under starts threads of its own");
    return;
  }
  CHECK_INT(in_child(requests_without_threads), 0);
}
