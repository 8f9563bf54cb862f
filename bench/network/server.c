/*
 * A game server of a network, as far as the bridge sees one: does what the lines on its standard input say and answers each with one line.
 *   create ADDRESS RATE BURST        a client; ADDRESS of a Redis, or "-" for one without network, or "NAME@ADDRESS" of a Sentinel
 *   wait SERVERS                     until the network has so many
 *   play START LOOK END PLAN RESULT  asks what the file PLAN says, from START on: CLOCK_MONOTONIC in ns; ends when all is answered and END has
 *                                    passed. Each LOOK ms it looks whether the network answers. RESULT is the file of what came of it.
 *   write PLAYER NAME                changes a customer, and says when that was answered
 *   watch PLAYER NAME LIMIT          looks the customer up each 10 ms until the name is that, and says when; 0 after LIMIT ms
 *   state                            numbers of the client and the process
 *   idle SECONDS                     ticks 20 times a second, with nothing to do
 * A plan has lines "AFTER e PLAYER" (ensure) and "AFTER l PLAYER" (look up); AFTER is in us from START. Linux.
 */
#define _GNU_SOURCE
#include "../bench.h"

#include <paynow_bridge.h>

#define MAX_BATCH 256u

enum { LONGEST_LINE = 1024, LONGEST_LOG = 64 };

/* One question of a plan. */
struct question {
  uint64_t after_us;
  uint64_t asked; /* ns */
  uint64_t took;  /* ns */
  unsigned player;
  char kind;
  int status;
  int found;
  int source;
};

static paynow_client client;
static FILE *result; /* while it plays */
static uint64_t start;
static unsigned lines;

static void check(paynow_status status, const char *what) {
  if (status != PAYNOW_OK) bench_fail(what, paynow_last_error());
}

static void on_log(int32_t level, const char *message, size_t length, void *unused) {
  (void)level;
  (void)unused;
  lines++;
  if (result != NULL) fprintf(result, "line %" PRId64 " %.*s\n", ((int64_t)bench_now() - (int64_t)start) / 1000, (int)length, message);
}

static void create(const char *address, uint32_t rate, uint32_t burst) {
  paynow_client_config config;
  paynow_network network;
  char sentinel[LONGEST_LINE];
  memset(&config, 0, sizeof config);
  config.struct_size = sizeof config;
  config.store_id = bench_env("PAYNOW_STORE_ID");
  config.api_key = bench_env("PAYNOW_API_KEY");
  config.api_base = bench_env("PAYNOW_API_BASE");
  config.rate_per_second = rate;
  config.rate_burst = burst;
  config.on_log = on_log;
  memset(&network, 0, sizeof network);
  network.struct_size = sizeof network;
  network.user = "paynow";
  network.password = bench_env("BENCH_REDIS_PASSWORD");
  network.addresses = address;
  const char *at = strchr(address, '@');
  if (at != NULL) {
    snprintf(sentinel, sizeof sentinel, "%.*s", (int)(at - address), address);
    network.sentinel_name = sentinel;
    network.addresses = at + 1;
  }
  if (strcmp(address, "-") != 0) config.network = &network;
  check(paynow_client_create(&config, &client), "paynow_client_create");
}

static void stats_of(paynow_stats *stats) {
  memset(stats, 0, sizeof *stats);
  stats->struct_size = sizeof *stats;
  check(paynow_client_stats(client, stats), "paynow_client_stats");
}

static void ask(char kind, unsigned player, void *user_data) {
  char uuid[BENCH_UUID_SIZE];
  char name[32];
  paynow_call call;
  memset(&call, 0, sizeof call);
  call.struct_size = sizeof call;
  call.user_data = user_data;
  bench_player_uuid(player, uuid);
  if (kind == 'e') {
    paynow_player who;
    snprintf(name, sizeof name, "Bench_%u", player);
    memset(&who, 0, sizeof who);
    who.struct_size = sizeof who;
    who.minecraft_uuid = uuid;
    who.name = name;
    check(paynow_ensure_customer(client, &who, &call, NULL), "paynow_ensure_customer");
  } else {
    paynow_lookup_query query;
    memset(&query, 0, sizeof query);
    query.struct_size = sizeof query;
    query.minecraft_uuid = uuid;
    check(paynow_lookup_customer(client, &query, &call, NULL), "paynow_lookup_customer");
  }
}

static void info_of(paynow_completion completion, paynow_completion_info *info) {
  memset(info, 0, sizeof *info);
  info->struct_size = sizeof *info;
  check(paynow_completion_info_get(completion, info), "paynow_completion_info_get");
}

/* ---- play ---- */

static struct question *read_plan(const char *path, size_t *count) {
  FILE *file = fopen(path, "r");
  struct question *plan = NULL;
  size_t room = 0;
  struct question next;
  if (file == NULL) bench_fail(path, "cannot be read");
  memset(&next, 0, sizeof next);
  *count = 0;
  while (fscanf(file, "%" SCNu64 " %c %u", &next.after_us, &next.kind, &next.player) == 3) {
    if (*count == room) {
      room = room * 2 + 256;
      plan = realloc(plan, room * sizeof *plan);
      if (plan == NULL) bench_fail(path, "out of memory");
    }
    plan[(*count)++] = next;
  }
  fclose(file);
  return plan;
}

static size_t collect(uint32_t timeout_ms) {
  paynow_completion out[MAX_BATCH];
  size_t count = 0;
  check(paynow_client_next(client, timeout_ms, out, MAX_BATCH, &count), "paynow_client_next");
  const uint64_t now = bench_now();
  for (size_t i = 0; i < count; i++) {
    paynow_completion_info info;
    info_of(out[i], &info);
    struct question *question = info.user_data;
    question->took = now - question->asked;
    question->status = info.status;
    question->found = info.found;
    question->source = info.source;
    check(paynow_completion_free(out[i]), "paynow_completion_free");
  }
  return count;
}

static void look(uint32_t *was_up) {
  paynow_stats stats;
  stats_of(&stats);
  if (stats.network_up != *was_up) fprintf(result, "up %" PRId64 " %u\n", ((int64_t)bench_now() - (int64_t)start) / 1000, stats.network_up);
  *was_up = stats.network_up;
}

static void play(uint64_t from, uint32_t look_ms, uint64_t end, const char *plan_file, const char *result_file) {
  size_t count = 0;
  size_t asked = 0;
  size_t answered = 0;
  uint32_t was_up = 1;
  struct question *plan = read_plan(plan_file, &count);
  start = from;
  result = fopen(result_file, "w");
  if (result == NULL) bench_fail(result_file, "cannot be written");
  for (;;) {
    const uint64_t now = bench_now();
    /* The wait for answers is in whole ms: what is due within the next is asked now. */
    while (asked < count && start + plan[asked].after_us * 1000 < now + 1000000) {
      plan[asked].asked = bench_now();
      ask(plan[asked].kind, plan[asked].player, &plan[asked]);
      asked++;
    }
    look(&was_up);
    if (asked == count && answered == count && now >= end) break;
    uint64_t wait_ms = look_ms;
    if (asked < count) {
      const uint64_t due = start + plan[asked].after_us * 1000;
      const uint64_t left_ms = due > now ? (due - now) / 1000000 : 0;
      if (left_ms < wait_ms) wait_ms = left_ms;
    } else if (answered == count && (end - now) / 1000000 + 1 < wait_ms) {
      wait_ms = (end - now) / 1000000 + 1;
    }
    answered += collect((uint32_t)wait_ms);
  }
  for (size_t i = 0; i < count; i++) {
    const struct question *one = &plan[i];
    fprintf(result, "answer %" PRIu64 " %" PRIu64 " %c %u %d %d %d\n", one->after_us, one->took, one->kind, one->player, one->status, one->found,
            one->source);
  }
  fclose(result);
  result = NULL;
  free(plan);
  printf("played %zu\n", count);
}

/* ---- one at a time ---- */

/* The customer's id and name, once the question is answered. Says when. */
static uint64_t answer_of(char *id, char *name) {
  for (;;) {
    paynow_completion completion;
    paynow_completion_info info;
    paynow_customer customer;
    size_t count = 0;
    check(paynow_client_next(client, 1000, &completion, 1, &count), "paynow_client_next");
    if (count == 0) continue;
    const uint64_t now = bench_now();
    info_of(completion, &info);
    if (info.status == PAYNOW_OK && info.found) {
      memset(&customer, 0, sizeof customer);
      customer.struct_size = sizeof customer;
      check(paynow_completion_customer(completion, 0, &customer), "paynow_completion_customer");
      snprintf(id, LONGEST_LOG, "%s", customer.id);
      snprintf(name, LONGEST_LOG, "%s", customer.name == NULL ? "" : customer.name);
    } else {
      id[0] = name[0] = '\0';
    }
    check(paynow_completion_free(completion), "paynow_completion_free");
    return now;
  }
}

static void write_name(unsigned player, const char *name) {
  char id[LONGEST_LOG];
  char seen[LONGEST_LOG];
  paynow_customer_fields fields;
  ask('l', player, NULL);
  answer_of(id, seen);
  memset(&fields, 0, sizeof fields);
  fields.struct_size = sizeof fields;
  fields.name = name;
  check(paynow_update_customer(client, id, 0, &fields, NULL, NULL), "paynow_update_customer");
  const uint64_t now = answer_of(id, seen);
  printf("written %" PRIu64 "\n", strcmp(seen, name) == 0 ? now : 0);
}

static void watch_name(unsigned player, const char *name, uint64_t limit_ms) {
  char id[LONGEST_LOG];
  char seen[LONGEST_LOG];
  for (const uint64_t until = bench_now() + limit_ms * 1000000; bench_now() < until; bench_sleep_us(10000)) {
    ask('l', player, NULL);
    const uint64_t now = answer_of(id, seen);
    if (strcmp(seen, name) == 0) {
      printf("seen %" PRIu64 "\n", now);
      return;
    }
  }
  printf("seen 0\n");
}

static void wait_for(uint32_t servers) {
  paynow_stats stats;
  for (const uint64_t until = bench_now() + UINT64_C(20000000000);; bench_sleep_us(5000)) {
    check(paynow_client_poll(client, 0, 0, NULL), "paynow_client_poll");
    stats_of(&stats);
    if (stats.network_up != 0 && stats.network_servers >= servers) break;
    if (bench_now() > until) bench_fail("network", "it does not come up");
  }
  printf("up %u\n", stats.network_servers);
}

static void print_state(void) {
  paynow_stats stats;
  stats_of(&stats);
  printf("threads %.0f rss_kib %.0f cpu_s %.6f lines %u up %u servers %u commands %" PRIu64 " hits %" PRIu64 " waits %" PRIu64 " refused %" PRIu64
         " alone %" PRIu64 "\n",
         bench_process("Threads"), bench_process("VmRSS"), bench_cpu_seconds(), lines, stats.network_up, stats.network_servers, stats.network_commands,
         stats.network_hits, stats.network_waits, stats.network_refused, stats.network_alone);
}

static void idle(double seconds) {
  const uint64_t from = bench_now();
  for (uint64_t next = from; next < from + (uint64_t)(seconds * 1e9); next += 50000000) {
    bench_sleep_until(next);
    check(paynow_client_poll(client, 0, 0, NULL), "paynow_client_poll");
  }
  printf("idle\n");
}

static void obey(const char *line) {
  char first[LONGEST_LINE];
  char second[LONGEST_LINE];
  uint64_t from = 0;
  uint64_t limit = 0;
  uint32_t number = 0;
  uint32_t other = 0;
  double seconds = 0;
  if (sscanf(line, "create %1023s %" SCNu32 " %" SCNu32, first, &number, &other) == 3) {
    create(first, number, other);
    printf("created\n");
  } else if (sscanf(line, "wait %" SCNu32, &number) == 1) {
    wait_for(number);
  } else if (sscanf(line, "play %" SCNu64 " %" SCNu32 " %" SCNu64 " %1023s %1023s", &from, &number, &limit, first, second) == 5) {
    play(from, number, limit, first, second);
  } else if (sscanf(line, "write %" SCNu32 " %1023s", &number, first) == 2) {
    write_name(number, first);
  } else if (sscanf(line, "watch %" SCNu32 " %1023s %" SCNu64, &number, first, &limit) == 3) {
    watch_name(number, first, limit);
  } else if (sscanf(line, "idle %lf", &seconds) == 1) {
    idle(seconds);
  } else if (strcmp(line, "state\n") == 0) {
    print_state();
  } else {
    bench_fail("what to do", line);
  }
  fflush(stdout);
}

int main(void) {
  char line[2 * LONGEST_LINE];
  while (fgets(line, sizeof line, stdin) != NULL) obey(line);
  if (client != 0) check(paynow_client_destroy(client), "paynow_client_destroy");
  return 0;
}
