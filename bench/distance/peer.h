/*
 * What the programs share that ask over a distance. For each line "COUNT" on standard input they ask so many questions at once and answer with a
 * line of figures; the first time they make their client before, on the clock. In the quiet between they tick as a game does, 20 times a second. They
 * end when standard input does. Linux.
 */
#ifndef PAYNOW_DISTANCE_PEER_H
#define PAYNOW_DISTANCE_PEER_H

#include "../bench.h"

#include <poll.h>
#include <unistd.h>

#define DISTANCE_MOST 1024u
#define DISTANCE_TICK_MS 50

struct distance_answers {
  uint64_t times[DISTANCE_MOST]; /* when each was in the host's hands, in order */
  unsigned count;
  unsigned errors;
};

static inline void distance_note(struct distance_answers *answers, bool good) {
  if (answers->count == DISTANCE_MOST) bench_fail("distance", "more answers than questions");
  answers->times[answers->count++] = bench_now();
  if (!good) answers->errors++;
}

/* What a peer does: make its client, ask `count` questions at once, wait for some of the answers and note them, what a tick without a question
 * asks of it, end. */
struct distance_peer {
  void (*create)(void);
  void (*ask)(unsigned count);
  void (*collect)(struct distance_answers *answers);
  void (*tick)(void);
  void (*destroy)(void);
};

static inline void distance_burst(const struct distance_peer *peer, unsigned count, bool cold) {
  static struct distance_answers answers;
  answers.count = answers.errors = 0;
  const uint64_t from = bench_now();
  if (cold) peer->create();
  peer->ask(count);
  while (answers.count < count) peer->collect(&answers);
  printf("first %" PRIu64 " median %" PRIu64 " last %" PRIu64 " errors %u\n", answers.times[0] - from,
         answers.times[(count - 1) / 2] - from, answers.times[count - 1] - from, answers.errors);
  fflush(stdout);
}

/* Ticks until there is something to read. */
static inline void distance_wait(const struct distance_peer *peer) {
  struct pollfd input = {STDIN_FILENO, POLLIN, 0};
  while (poll(&input, 1, DISTANCE_TICK_MS) == 0) peer->tick();
}

static inline int distance_serve(const struct distance_peer *peer) {
  char line[64];
  bool cold = true;
  /* Each line is answered before the next is written, so that none of them waits in the buffer. */
  while (fgets(line, sizeof line, stdin) != NULL) {
    const unsigned long count = strtoul(line, NULL, 10);
    if (count == 0 || count > DISTANCE_MOST) bench_fail("distance", "how many questions?");
    distance_burst(peer, (unsigned)count, cold);
    cold = false;
    distance_wait(peer);
  }
  if (!cold) peer->destroy();
  return 0;
}

#endif
