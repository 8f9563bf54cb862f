/* What the measured programs share: the clock, the samples, the tick loop, and what the kernel says of this process. Linux. */
#ifndef PAYNOW_BENCH_H
#define PAYNOW_BENCH_H

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "customers.h"

#define BENCH_TICK_NS UINT64_C(15625000) /* 64 ticks a second */

static inline void bench_fail(const char *what, const char *why) {
  fprintf(stderr, "bench: %s: %s\n", what, why);
  exit(1);
}

static inline uint64_t bench_now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

static inline void bench_sleep_until(uint64_t when) {
  struct timespec at;
  at.tv_sec = (time_t)(when / UINT64_C(1000000000));
  at.tv_nsec = (long)(when % UINT64_C(1000000000));
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
  }
}

static inline void bench_sleep_us(uint64_t us) { bench_sleep_until(bench_now() + us * 1000u); }

/* ---- samples ---- */

struct bench_samples {
  uint64_t *values;
  size_t count;
  size_t capacity;
};

static inline void bench_samples_init(struct bench_samples *samples, size_t capacity) {
  samples->values = malloc((capacity + 1) * sizeof *samples->values);
  if (samples->values == NULL) bench_fail("samples", "out of memory");
  /* Touched now, so that no page fault falls between two measurements. */
  memset(samples->values, 0xff, (capacity + 1) * sizeof *samples->values);
  samples->count = 0;
  samples->capacity = capacity;
}

static inline void bench_samples_add(struct bench_samples *samples, uint64_t value) {
  if (samples->count < samples->capacity) samples->values[samples->count++] = value;
}

static inline int bench_compare(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left;
  const uint64_t b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

/* Nearest rank on sorted samples: always a value that was really seen. */
static inline uint64_t bench_rank(const struct bench_samples *samples, double share) {
  if (samples->count == 0) return 0;
  size_t rank = (size_t)(share * (double)samples->count);
  if ((double)rank < share * (double)samples->count) rank++;
  if (rank == 0) rank = 1;
  return samples->values[rank - 1];
}

static inline void bench_print(const char *name, double value) { printf("%s %.6f\n", name, value); }

static inline void bench_samples_print(const char *name, struct bench_samples *samples) {
  qsort(samples->values, samples->count, sizeof *samples->values, bench_compare);
  printf("%s.n %zu\n", name, samples->count);
  printf("%s.p50 %" PRIu64 "\n", name, bench_rank(samples, 0.5));
  printf("%s.p99 %" PRIu64 "\n", name, bench_rank(samples, 0.99));
  printf("%s.p999 %" PRIu64 "\n", name, bench_rank(samples, 0.999));
  printf("%s.max %" PRIu64 "\n", name, bench_rank(samples, 1.0));
  free(samples->values);
  samples->values = NULL;
}

/* One after the other as they came, a line each in ns: only before they are printed, which sorts them. */
static inline void bench_samples_write(const char *path, const struct bench_samples *samples) {
  FILE *file = fopen(path, "w");
  if (file == NULL) bench_fail(path, "cannot be written");
  for (size_t i = 0; i < samples->count; i++) fprintf(file, "%" PRIu64 "\n", samples->values[i]);
  fclose(file);
}

/* ---- this process ---- */

static inline double bench_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline double bench_system_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

static inline double bench_context_switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_nvcsw + usage.ru_nivcsw);
}

/* A number of /proc/self/status: "VmRSS" in KiB, "Threads", ... */
static inline double bench_process(const char *field) {
  char line[256];
  double value = 0;
  const size_t length = strlen(field);
  FILE *status = fopen("/proc/self/status", "r");
  if (status == NULL) bench_fail("/proc/self/status", "cannot be read");
  while (fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, field, length) == 0 && line[length] == ':') value = strtod(line + length + 1, NULL);
  }
  fclose(status);
  return value;
}

/* ---- what is asked for ---- */

static inline const char *bench_env(const char *name) {
  const char *value = getenv(name);
  if (value == NULL || value[0] == '\0') bench_fail(name, "not set");
  return value;
}

static inline double bench_argument(int argc, char **argv, const char *name, double otherwise) {
  for (int i = 2; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], name) == 0) return strtod(argv[i + 1], NULL);
  }
  return otherwise;
}

/* ---- a game server: 64 ticks a second ---- */

struct bench_ticks {
  struct bench_samples first;  /* the first submit of a tick: its code and data have been idle since the last one */
  struct bench_samples all;    /* every submit, the first ones among them */
  struct bench_samples tick;   /* all that a tick with submits pays: collecting, submitting */
  struct bench_samples quiet;  /* all that a tick without submits pays */
  struct bench_samples timer;  /* two clock readings with nothing in between, as often as submits */
  struct bench_samples cold;   /* the same as the first thing a tick does */
  unsigned per_tick;
  bool recording;
};

/* Collects what is ready, then submits `count` requests and adds a sample for each to ticks->first and ticks->all. */
typedef void (*bench_tick_fn)(void *peer, unsigned count, struct bench_ticks *ticks);

static atomic_bool bench_spinning;

static inline void *bench_spin(void *unused) {
  (void)unused;
  while (atomic_load_explicit(&bench_spinning, memory_order_relaxed)) {
  }
  return NULL;
}

/* The memory a game touches in a tick before it comes to us: none of our data is left in the inner caches. */
static inline unsigned bench_walk(const unsigned char *memory, size_t size) {
  unsigned sum = 0;
  for (size_t i = 0; i < size; i += 64) sum += memory[i];
  return sum;
}

/* Ticks for `seconds` after a second of warming up, with `per_tick` submits on every `every`-th tick. */
static inline void bench_run_ticks(int argc, char **argv, bench_tick_fn tick, void *peer) {
  enum { MAX_SPINNERS = 256 };
  const double seconds = bench_argument(argc, argv, "--seconds", 8);
  const unsigned per_tick = (unsigned)bench_argument(argc, argv, "--per-tick", 20);
  const unsigned every = (unsigned)bench_argument(argc, argv, "--every", 1);
  const unsigned spinners = (unsigned)bench_argument(argc, argv, "--spinners", 0);
  const size_t walk = (size_t)bench_argument(argc, argv, "--walk-mib", 0) << 20;
  const unsigned warm = every > 64 ? every : 64;
  const unsigned total = warm + (unsigned)(seconds * 64);
  const size_t most = (size_t)total * per_tick;
  struct bench_ticks ticks;
  pthread_t threads[MAX_SPINNERS];
  unsigned char *memory = NULL;
  volatile unsigned sink = 0;

  if (per_tick == 0 || every == 0 || spinners > MAX_SPINNERS) bench_fail("ticks", "an argument is out of range");
  bench_samples_init(&ticks.first, total);
  bench_samples_init(&ticks.all, most);
  bench_samples_init(&ticks.tick, total);
  bench_samples_init(&ticks.quiet, total);
  bench_samples_init(&ticks.timer, most);
  bench_samples_init(&ticks.cold, total);
  ticks.per_tick = per_tick;
  if (walk != 0) {
    memory = malloc(walk);
    if (memory == NULL) bench_fail("walk", "out of memory");
    memset(memory, 1, walk);
  }
  atomic_store(&bench_spinning, true);
  for (unsigned i = 0; i < spinners; i++) {
    if (pthread_create(&threads[i], NULL, bench_spin, NULL) != 0) bench_fail("spinner", "cannot be started");
  }

  uint64_t next = bench_now();
  for (unsigned i = 0; i < total; i++) {
    /* Submits fall on the last tick of each stretch, so that the first one counted has been preceded by a whole one. */
    const unsigned count = i % every == every - 1 ? per_tick : 0;
    next += BENCH_TICK_NS;
    bench_sleep_until(next);
    ticks.recording = i >= warm;
    if (memory != NULL) sink += bench_walk(memory, walk);
    const uint64_t cold = bench_now();
    const uint64_t begin = bench_now();
    tick(peer, count, &ticks);
    const uint64_t end = bench_now();
    if (!ticks.recording) continue;
    bench_samples_add(&ticks.cold, begin - cold);
    bench_samples_add(count != 0 ? &ticks.tick : &ticks.quiet, end - begin);
    for (unsigned j = 0; j < count; j++) {
      const uint64_t from = bench_now();
      const uint64_t to = bench_now();
      bench_samples_add(&ticks.timer, to - from);
    }
  }

  atomic_store(&bench_spinning, false);
  for (unsigned i = 0; i < spinners; i++) pthread_join(threads[i], NULL);
  free(memory);
  if (getenv("BENCH_TICKS_FILE") != NULL) bench_samples_write(getenv("BENCH_TICKS_FILE"), &ticks.tick);
  bench_samples_print("first", &ticks.first);
  bench_samples_print("all", &ticks.all);
  bench_samples_print("tick", &ticks.tick);
  bench_samples_print("quiet", &ticks.quiet);
  bench_samples_print("timer", &ticks.timer);
  bench_samples_print("cold", &ticks.cold);
}

#endif
