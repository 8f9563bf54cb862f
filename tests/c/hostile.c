// Hosts that are unkind to the libraries they load: closed standard streams, an environment that changes, forks, another
// user, other copies of the same library, other allocators, ends without a farewell, storms of signals. Each in a process of
// its own, so that a crash is one failed test.
#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/time.h>
#include <sys/wait.h>

// --- a process of its own ---

// What a child says when something is not as it should be; it ends with it.
#define EXPECT(condition)                                                                       \
  do {                                                                                          \
    if (!(condition)) give_up("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);       \
  } while (0)

static int failure_pipe;

__attribute__((format(printf, 1, 2))) static void give_up(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (write(failure_pipe, text, (size_t)length) < 0) _exit(98);
  _exit(99);
}

// Runs `child`, which must end with `code` and say nothing. Says itself what was tried.
static void in_child(const char *what, void (*child)(void), int code) {
  int report[2];
  char said[512] = {0};
  size_t length = 0;
  if (under_valgrind()) {
    harness_skip("it would be valgrind that is tried");
    return;
  }
  if (pipe2(report, O_CLOEXEC) != 0) FAIL("no pipe");
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    // Out of the way of the standard streams, which some close.
    failure_pipe = fcntl(report[1], F_DUPFD_CLOEXEC, 100);
    close(report[0]), close(report[1]);
    // What the shell left open is not ours.
    for (int descriptor = 3; descriptor < 1024; descriptor++) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    alarm(100);
    signal(SIGALRM, SIG_DFL);
    child();
    _exit(0);
  }
  close(report[1]);
  for (ssize_t got; length < sizeof said - 1 && (got = read(report[0], said + length, sizeof said - 1 - length)) > 0;) {
    length += (size_t)got;
  }
  close(report[0]);
  int status = -1;
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
  printf("tried %s\n", what);
  if (length > 0) FAIL("%s: %s", what, said);
  else if (WIFSIGNALED(status)) FAIL("%s: ended by signal %d", what, WTERMSIG(status));
  else if (WEXITSTATUS(status) != code) FAIL("%s: ended with %d", what, WEXITSTATUS(status));
}

// --- ordinary work ---

static paynow_client client;

static char secure_base[64], named_base[64];

// Where a handshake fails: TLS reads files, and is set up, but the other side does not speak it.
static const char *over_tls(void) {
  snprintf(secure_base, sizeof secure_base, "https://127.0.0.1:%s", strrchr(sandbox_base, ':') + 1);
  return secure_base;
}

static const char *by_name(void) {
  snprintf(named_base, sizeof named_base, "http://localhost:%s", strrchr(sandbox_base, ':') + 1);
  return named_base;
}

static void begin(const char *base) {
  paynow_client_config config = sandbox_config();
  config.api_base = base;
  paynow_status status = paynow_client_create(&config, &client);
  if (status != PAYNOW_OK) give_up("no client: %s", paynow_last_error());
}

static void work(uint64_t requests, paynow_status expected) {
  for (uint64_t number = 0; number < requests; number++) EXPECT(get_stranger(client, number, NULL, NULL) == PAYNOW_OK);
  for (uint64_t number = 0; number < requests; number++) {
    paynow_completion completion = 0;
    size_t count = 0;
    EXPECT(paynow_client_next(client, PATIENCE_MS, &completion, 1, &count) == PAYNOW_OK && count == 1);
    paynow_completion_info info = INIT(paynow_completion_info);
    EXPECT(paynow_completion_info_get(completion, &info) == PAYNOW_OK);
    if (info.status != expected) give_up("status %d: %s", info.status, info.message ? info.message : "");
    EXPECT(paynow_completion_free(completion) == PAYNOW_OK);
  }
}

static void end(void) { EXPECT(paynow_client_destroy(client) == PAYNOW_OK); }

static void everything(void) {
  begin(sandbox_base), work(50, PAYNOW_OK), end();
  begin(by_name()), work(50, PAYNOW_OK), end();
  begin(over_tls()), work(10, PAYNOW_E_TLS), end();
}

// What other processes run to see whether all is well.
TEST(ordinary_work) { in_child("ordinary work", everything, 0); }

// Requests that are never answered, under way.
static void leave_pending(uint64_t requests) {
  for (uint64_t number = 0; number < requests; number++) EXPECT(get_stranger(client, number, NULL, NULL) == PAYNOW_OK);
  EXPECT(sandbox_asked(requests < 8 ? (int64_t)requests : 8));
}

// --- descriptors ---

// Our descriptors are none of the standard streams, and no program that the host starts inherits one.
static void check_descriptors(unsigned closed) {
  for (int stream = 0; stream < 3; stream++) {
    if (closed & 1U << stream) EXPECT(fcntl(stream, F_GETFD) == -1 && errno == EBADF);
  }
  for (int descriptor = 3; descriptor < 1024; descriptor++) {
    int flags = fcntl(descriptor, F_GETFD);
    if (flags >= 0 && !(flags & FD_CLOEXEC)) give_up("descriptor %d would be inherited", descriptor);
  }
}

static unsigned to_close;
static char key_path[128];

static void with_closed_streams(void) {
  for (int stream = 0; stream < 3; stream++) {
    if (to_close & 1U << stream) close(stream);
  }
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_file = key_path;
  EXPECT(paynow_client_create(&config, &client) == PAYNOW_OK);
  work(20, PAYNOW_OK);
  check_descriptors(to_close);
  end();
  begin(by_name()), work(20, PAYNOW_OK), check_descriptors(to_close);
  end();
  begin(over_tls()), work(5, PAYNOW_E_TLS), check_descriptors(to_close);
  end();
}

static void write_key_file(void) {
  snprintf(key_path, sizeof key_path, P_tmpdir "/paynow-bridge-hostile-%d", getpid());
  int file = open(key_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  CHECK(file >= 0 && write(file, sandbox_key, strlen(sandbox_key)) == (ssize_t)strlen(sandbox_key));
  close(file);
}

TEST(closed_standard_streams) {
  write_key_file();
  for (to_close = 1; to_close < 8; to_close++) {
    char what[64];
    snprintf(what, sizeof what, "closed descriptors %s%s%s", to_close & 1 ? "0" : "", to_close & 2 ? "1" : "", to_close & 4 ? "2" : "");
    in_child(what, with_closed_streams, 0);
  }
  unlink(key_path);
}

// --- the environment ---

// Makes the environment grow, so that it moves, and changes what a program like this one looks at.
static void change_environment(unsigned round) {
  static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
                                      "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES", "TZ", "LC_ALL"};
  static char put[2][64];
  char name[32], value[32];
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    snprintf(value, sizeof value, "http://127.0.0.1:%u", 1 + round % 1000);
    setenv(names[index], value, 1);
    if (round % 3 == index % 3) unsetenv(names[index]);
  }
  snprintf(put[round % 2], sizeof put[0], "PUT_%u=%u", round % 2, round);
  putenv(put[round % 2]);
  if (round % 64 == 0) clearenv();
  snprintf(name, sizeof name, "GROWS_%u", round % 64);
  setenv(name, "x", 1);
}

// The host's own thread changes it between its ticks, while requests run.
static void change_while_requests_run(const char *base, paynow_status expected, unsigned clients) {
  unsigned round = 0;
  for (unsigned made = 0; made < clients; made++) {
    // What stands there now is not for this client.
    unsetenv("HTTPS_PROXY"), unsetenv("https_proxy");
    begin(base);
    for (uint64_t number = 0; number < 40; number++) {
      EXPECT(get_stranger(client, number, NULL, NULL) == PAYNOW_OK);
      change_environment(round++);
    }
    for (unsigned collected = 0; collected < 40;) {
      change_environment(round++);
      paynow_completion completion = 0;
      size_t count = 0;
      EXPECT(paynow_client_next(client, 0, &completion, 1, &count) == PAYNOW_OK);
      if (count == 0) continue;
      paynow_completion_info info = INIT(paynow_completion_info);
      EXPECT(paynow_completion_info_get(completion, &info) == PAYNOW_OK);
      if (info.status != expected) give_up("status %d: %s", info.status, info.message ? info.message : "");
      EXPECT(paynow_completion_free(completion) == PAYNOW_OK);
      collected++;
    }
    end();
  }
}

static void change_under_http(void) { change_while_requests_run(sandbox_base, PAYNOW_OK, 150); }
static void change_under_https(void) { change_while_requests_run(over_tls(), PAYNOW_E_TLS, 150); }

static void change_under_names(void) { change_while_requests_run(by_name(), PAYNOW_OK, 150); }
TEST(an_environment_that_changes_under_names) { in_child("setenv, unsetenv and putenv under names", change_under_names, 0); }
TEST(an_environment_that_changes_under_http) { in_child("setenv, unsetenv and putenv under http", change_under_http, 0); }
TEST(an_environment_that_changes_under_https) { in_child("setenv, unsetenv and putenv under https", change_under_https, 0); }

// --- forks ---

// Calls what a child of a fork may call by mistake; each says so at once.
static void use_after_fork(void) {
  paynow_client_config config = sandbox_config();
  paynow_completion completion = 0;
  paynow_client own = 0;
  size_t count = 0;
  EXPECT(get_mira(client, NULL, NULL) == PAYNOW_E_FORKED);
  EXPECT(paynow_client_poll(client, 0, 0, NULL) == PAYNOW_E_FORKED);
  EXPECT(paynow_client_next(client, PATIENCE_MS, &completion, 1, &count) == PAYNOW_E_FORKED);
  EXPECT(paynow_client_destroy(client) == PAYNOW_E_FORKED);
  // As the header says: a child makes its own.
  EXPECT(paynow_client_create(&config, &own) == PAYNOW_OK);
  EXPECT(paynow_client_destroy(own) == PAYNOW_OK);
}

// A program that the child becomes says which descriptors it has got: the standard streams, and the folder it reads.
static void become_another_program(int output) {
  dup2(output, 1);
  execl("/bin/ls", "ls", "/proc/self/fd", (char *)NULL);
  _exit(97);
}

static volatile bool storm_is_over;

static void *fork_in_a_storm(void *context) {
  for (unsigned round = 0; round < 90; round++) {
    int output[2];
    EXPECT(pipe2(output, O_CLOEXEC) == 0);
    pid_t pid = fork();
    EXPECT(pid >= 0);
    if (pid == 0) {
      alarm(60);
      if (round % 3 == 1) use_after_fork();
      if (round % 3 == 2) become_another_program(output[1]);
      _exit(0);
    }
    close(output[1]);
    char seen[256] = {0};
    size_t length = 0;
    for (ssize_t got; (got = read(output[0], seen + length, sizeof seen - 1 - length)) > 0;) length += (size_t)got;
    close(output[0]);
    int status = -1;
    EXPECT(waitpid(pid, &status, 0) == pid);
    if (status != 0) give_up("child %u ended with %#x", round, (unsigned)status);
    if (round % 3 == 2 && strcmp(seen, "0\n1\n2\n3\n") != 0) give_up("a program inherited descriptors: %s", seen);
  }
  storm_is_over = true;
  return context;
}

static void fork_while_requests_run(void) {
  pthread_t storm;
  begin(sandbox_base);
  EXPECT(pthread_create(&storm, NULL, fork_in_a_storm, NULL) == 0);
  while (!storm_is_over) work(20, PAYNOW_OK);
  EXPECT(pthread_join(storm, NULL) == 0);
  end();
}

TEST(forks_in_a_storm) { in_child("90 forks beside requests: idle, calling the library, becoming another program", fork_while_requests_run, 0); }

// --- another user ---

static void become_another_user(void) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  config.api_key_file = key_path;
  EXPECT(paynow_client_create(&config, &client) == PAYNOW_OK);
  work(20, PAYNOW_OK);
  for (uint64_t number = 100; number < 150; number++) EXPECT(get_stranger(client, number, NULL, NULL) == PAYNOW_OK);
  // The C library asks every thread to change its user too: a thread that cannot be asked would hang it.
  EXPECT(setgid(65534) == 0 && setuid(65534) == 0);
  for (int collected = 0; collected < 50; collected++) {
    paynow_completion completion = 0;
    size_t count = 0;
    EXPECT(paynow_client_next(client, PATIENCE_MS, &completion, 1, &count) == PAYNOW_OK && count == 1);
    EXPECT(paynow_completion_free(completion) == PAYNOW_OK);
  }
  // New connections, new threads, and names are looked up as that user.
  begin(by_name()), work(20, PAYNOW_OK), end();
  paynow_client refused = 0;
  EXPECT(paynow_client_create(&config, &refused) == PAYNOW_E_INVALID_ARGUMENT);
  EXPECT(strstr(paynow_last_error(), "api_key_file") && strstr(paynow_last_error(), "cannot be read by the user"));
}

TEST(another_user_on_the_way) {
  if (getuid() != 0) {
    harness_skip("only root can become another user");
    return;
  }
  write_key_file();
  in_child("setgid and setuid under requests", become_another_user, 0);
  unlink(key_path);
}

// --- other copies of the library ---

static const char *copy_of_the_library(int number) {
  static char paths[2][128];
  Dl_info found;
  char *path = paths[number], command[600];
  snprintf(path, sizeof paths[0], P_tmpdir "/paynow-bridge-copy-%d-%d.so", getpid(), number);
  EXPECT(dladdr((void *)(uintptr_t)paynow_version, &found) != 0);
  snprintf(command, sizeof command, "cp -L '%s' '%s'", found.dli_fname, path);
  EXPECT(system(command) == 0);
  return path;
}

typedef paynow_status create_fn(const paynow_client_config *, paynow_client *);
typedef paynow_status get_fn(paynow_client, const char *, size_t, const paynow_call *, paynow_request_id *);
typedef paynow_status next_fn(paynow_client, uint32_t, paynow_completion *, size_t, size_t *);
typedef paynow_status info_fn(paynow_completion, paynow_completion_info *);
typedef paynow_status destroy_fn(paynow_client);

static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found) give_up("%s", dlerror());
  return found;
}

// Asks with one of the copies.
static void use_copy(void *library) {
  create_fn *create;
  get_fn *get;
  next_fn *next;
  info_fn *info_get;
  destroy_fn *finish;
  *(void **)&create = symbol(library, "paynow_client_create");
  *(void **)&get = symbol(library, "paynow_get_customer");
  *(void **)&next = symbol(library, "paynow_client_next");
  *(void **)&info_get = symbol(library, "paynow_completion_info_get");
  *(void **)&finish = symbol(library, "paynow_client_destroy");
  paynow_client_config config = sandbox_config();
  config.on_log = NULL;
  paynow_client own = 0;
  EXPECT(create(&config, &own) == PAYNOW_OK);
  for (int round = 0; round < 20; round++) {
    paynow_completion completion = 0;
    size_t count = 0;
    EXPECT(get(own, MIRA, 0, NULL, NULL) == PAYNOW_OK);
    EXPECT(next(own, PATIENCE_MS, &completion, 1, &count) == PAYNOW_OK && count == 1);
    paynow_completion_info info = INIT(paynow_completion_info);
    EXPECT(info_get(completion, &info) == PAYNOW_OK && info.status == PAYNOW_OK);
  }
  EXPECT(finish(own) == PAYNOW_OK);
}

static int load_mode;

static void load_copies(void) {
  begin(sandbox_base);
  const char *paths[2];
  for (int number = 0; number < 2; number++) paths[number] = copy_of_the_library(number);
  for (int round = 0; round < 3; round++) {
    void *copies[2];
    for (int number = 0; number < 2; number++) {
      copies[number] = dlopen(paths[number], load_mode);
      if (!copies[number]) give_up("%s", dlerror());
    }
    // Each is a library of its own.
    EXPECT(dlsym(copies[0], "paynow_version") != dlsym(copies[1], "paynow_version"));
    for (int number = 0; number < 2; number++) use_copy(copies[number]);
    work(20, PAYNOW_OK);
    for (int number = 0; number < 2; number++) EXPECT(dlclose(copies[number]) == 0);
    work(20, PAYNOW_OK);
  }
  for (int number = 0; number < 2; number++) unlink(paths[number]);
  end();
}

static const struct {
  int mode;
  const char *name;
} modes[] = {{RTLD_LAZY | RTLD_LOCAL, "lazy, local"},
             {RTLD_LAZY | RTLD_GLOBAL, "lazy, global"},
             {RTLD_NOW | RTLD_LOCAL, "now, local"},
             {RTLD_NOW | RTLD_GLOBAL, "now, global"},
#ifdef RTLD_DEEPBIND
             {RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND, "now, local, deepbind"},
             {RTLD_LAZY | RTLD_GLOBAL | RTLD_DEEPBIND, "lazy, global, deepbind"},
#endif
};

TEST(two_more_copies_in_every_mode) {
  for (size_t index = 0; index < sizeof modes / sizeof *modes; index++) {
    load_mode = modes[index].mode;
    char what[64];
    snprintf(what, sizeof what, "two more copies, %s", modes[index].name);
    in_child(what, load_copies, 0);
  }
}

// --- other allocators ---

static const char *preloaded, *perturbed;

static void become_this_program_again(void) {
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, 1);
  if (preloaded) setenv("LD_PRELOAD", preloaded, 1);
  if (perturbed) setenv("MALLOC_PERTURB_", perturbed, 1), setenv("MALLOC_CHECK_", "3", 1);
  unsetenv("TEST_SAID");
  char self[512];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  EXPECT(length > 0);
  self[length] = 0;
  execl(self, self, "hostile.ordinary_work", (char *)NULL);
  give_up("%s: %s", self, strerror(errno));
}

static void with_allocator(const char *library) {
  preloaded = library;
  char what[300];
  snprintf(what, sizeof what, "the allocator %s", library ? library : "of the C library, perturbed");
  in_child(what, become_this_program_again, 0);
  preloaded = NULL;
}

// What they are called differs, and not every machine has all of them. One of this suite's own is always there.
TEST(other_allocators) {
  static const char *const names[] = {"libjemalloc.so.2", "libmimalloc.so.2", "libtcmalloc_minimal.so.4",
                                      "libtcmalloc_minimal_debug.so.4"};
  perturbed = "165";
  with_allocator(NULL);
  perturbed = NULL;
  const char *own = getenv("TEST_ALLOCATOR");
  REQUIRE(own);
  with_allocator(own);
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    // This program may be a 32-bit one, or under a sanitizer that brings an allocator.
    char path[256];
    snprintf(path, sizeof path, "/usr/lib/x86_64-linux-gnu/%s", names[index]);
    if (sizeof(void *) != 8 || access(path, R_OK) != 0) continue;
    with_allocator(path);
  }
}

// --- ends without a farewell ---

static void begin_and_leave_pending(void) { begin(sandbox_base), leave_pending(20); }

static void leave_by_exit(void) { begin_and_leave_pending(), exit(7); }
static void leave_by_quick_exit(void) { begin_and_leave_pending(), quick_exit(7); }
static void leave_at_once(void) { begin_and_leave_pending(), _exit(7); }
static void return_from_everything(void) { begin_and_leave_pending(); }

static void *exit_elsewhere(void *context) {
  (void)context;
  exit(7);
}

static void leave_from_another_thread(void) {
  pthread_t other;
  begin_and_leave_pending();
  EXPECT(pthread_create(&other, NULL, exit_elsewhere, NULL) == 0);
  // It submits until there is no more process.
  for (uint64_t number = 1000;; number++) {
    (void)get_stranger(client, number, NULL, NULL);
    (void)paynow_client_poll(client, 0, 0, NULL);
  }
}

static void exit_now(paynow_client from, paynow_completion completion, void *user_data) {
  (void)from, (void)completion, (void)user_data;
  exit(7);
}

static void leave_from_a_callback(void) {
  begin(sandbox_base);
  paynow_call call = INIT(paynow_call);
  call.on_completion = exit_now;
  EXPECT(get_mira(client, &call, NULL) == PAYNOW_OK);
  for (;;) (void)paynow_client_poll(client, 0, 0, NULL), breathe();
}

static void destroy_at_exit(void) {
  if (paynow_client_destroy(client) != PAYNOW_OK) _exit(96);
}
static void poll_at_exit(void) {
  if (paynow_client_poll(client, 0, 0, NULL) != PAYNOW_OK) _exit(96);
}
static void create_at_exit(void) {
  begin(sandbox_base), work(5, PAYNOW_OK);
}

static void destroy_in_an_exit_handler(void) {
  atexit(destroy_at_exit), atexit(poll_at_exit);
  begin_and_leave_pending(), exit(7);
}

static void destroy_in_a_quick_exit_handler(void) {
  at_quick_exit(destroy_at_exit);
  begin_and_leave_pending(), quick_exit(7);
}

static void begin_in_an_exit_handler(void) {
  atexit(create_at_exit);
  exit(7);
}

static void *leave_the_thread(void *context) { begin_and_leave_pending(), pthread_exit(context); }

// The thread that made the client, and its thread-locals, are gone long before the process ends.
static void leave_by_a_thread_of_its_own(void) {
  pthread_t other;
  EXPECT(pthread_create(&other, NULL, leave_the_thread, NULL) == 0 && pthread_join(other, NULL) == 0);
  exit(7);
}

TEST(ends_without_destroy) {
  static const struct {
    void (*child)(void);
    const char *name;
  } ends[] = {{leave_by_exit, "exit"},
              {leave_by_quick_exit, "quick_exit"},
              {leave_at_once, "_exit"},
              {leave_from_another_thread, "exit on another thread"},
              {destroy_in_an_exit_handler, "destroy in an exit handler"},
              {destroy_in_a_quick_exit_handler, "destroy in a quick_exit handler"},
              {leave_by_a_thread_of_its_own, "exit after the thread of the client"}};
  sandbox_hangs();
  for (size_t index = 0; index < sizeof ends / sizeof *ends; index++) {
    char what[64];
    snprintf(what, sizeof what, "ending by %s", ends[index].name);
    in_child(what, ends[index].child, 7);
  }
  in_child("ending with requests under way and a status of 0", return_from_everything, 0);
  sandbox_recovers();
  in_child("ending by exit in a callback", leave_from_a_callback, 7);
  in_child("a client that an exit handler makes", begin_in_an_exit_handler, 7);
}

// --- signals ---

static volatile sig_atomic_t signals_seen;
static pthread_t host_thread;
static volatile sig_atomic_t elsewhere;

static void on_signal(int number) {
  (void)number;
  signals_seen++;
  if (!pthread_equal(pthread_self(), host_thread)) elsewhere = 1;
}

// Signals for the whole process: any thread that does not block them may get one, with every call interrupted.
static void work_under_signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  host_thread = pthread_self();
  for (int number = SIGRTMIN; number <= SIGRTMIN + 3; number++) EXPECT(sigaction(number, &action, NULL) == 0);
  EXPECT(sigaction(SIGALRM, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
  EXPECT(sigaction(SIGCHLD, &action, NULL) == 0 && sigaction(SIGPROF, &action, NULL) == 0);
  alarm(0);
  struct itimerval often = {{0, 300}, {0, 300}};
  EXPECT(setitimer(ITIMER_REAL, &often, NULL) == 0 && setitimer(ITIMER_PROF, &often, NULL) == 0);
  for (int round = 0; round < 20; round++) {
    begin(round % 2 ? sandbox_base : by_name());
    for (int number = SIGRTMIN; number <= SIGRTMIN + 3; number++) kill(getpid(), number);
    kill(getpid(), SIGUSR1);
    pid_t child = fork();
    if (child == 0) _exit(0);
    work(100, PAYNOW_OK);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    end();
  }
  often = (struct itimerval){{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, NULL), setitimer(ITIMER_PROF, &often, NULL);
  EXPECT(signals_seen > 100);
  if (elsewhere) give_up("a thread of the library ran the host's handler");
}

TEST(storms_of_signals) { in_child("signals to the process, timers and children under requests", work_under_signals, 0); }

// A write to a connection that was reset: without more ado the signal would end the process.
static void write_to_what_was_closed(void) {
  signal(SIGPIPE, SIG_DFL);
  begin(sandbox_base);
  for (int round = 0; round < 20; round++) work(20, PAYNOW_E_TRANSPORT);
  end();
}

TEST(the_default_sigpipe) {
  sandbox_faults("{\"rules\":[{\"reset\":true}]}");
  in_child("SIGPIPE: resets", write_to_what_was_closed, 0);
  sandbox_faults("{\"rules\":[{\"close\":true}]}");
  in_child("SIGPIPE: closes", write_to_what_was_closed, 0);
}
