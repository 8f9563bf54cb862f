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
