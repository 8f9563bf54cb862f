// Runs a function on a thread that may make no system call: the kernel lets it read, write and end, and nothing else.
//
// seccomp's strict mode would do, but on x86 it also forbids reading the time stamp counter, which is how the clock
// is read *without* a system call. So a filter says the same, and a handler says which call it was.
#ifndef NO_SYSTEM_CALLS_H
#define NO_SYSTEM_CALLS_H

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
static inline void end_thread(int32_t result) {
  ssize_t written = write(report[1], &result, sizeof result);
  (void)written;
  for (;;) syscall(SYS_exit, 0);
}

static inline void on_forbidden_call(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  end_thread(1000 + info->si_syscall);
}

static inline bool forbid_system_calls(void) {
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
// Whether what is checked allocates. A thread's first allocation is a system call, so it is made before.
static volatile bool allocates;

static inline void *thread(void *context) {
  (void)context;
  if (allocates) {
    // More than all that follows takes, and less than the allocator would give back to the system.
    void *volatile first = malloc(96 * 1024);
    free(first);
  }
  if (!forbid_system_calls()) end_thread(1);
  work();
  end_thread(0);
  return NULL;
}

static inline int32_t without_system_calls(void (*what)(void)) {
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

static inline void read_the_clock(void) {
  struct timespec now;
  for (int round = 0; round < 100; round++) clock_gettime(CLOCK_MONOTONIC, &now);
}

static inline void call_the_kernel(void) { syscall(SYS_getppid); }

// False, and the test is skipped, where this cannot be checked.
static inline bool can_check(void) {
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

#endif
