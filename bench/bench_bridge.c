/* The measurements of paynow-bridge, each a subcommand and a process of its own. Prints "name value" lines for the driver. */
#define _GNU_SOURCE
#include "bench.h"

#include <paynow_bridge.h>

#define MAX_BATCH 256u

static char uuids[BENCH_CUSTOMERS][BENCH_UUID_SIZE];

static void check(paynow_status status, const char *what) {
  if (status != PAYNOW_OK) bench_fail(what, paynow_last_error());
}

static bool remembers;

static paynow_client create(uint32_t workers, paynow_completion_fn on_completion, void *user_data) {
  paynow_client_config config;
  paynow_client client = 0;
  memset(&config, 0, sizeof config);
  config.struct_size = sizeof config;
  config.max_workers = workers;
  config.store_id = bench_env("PAYNOW_STORE_ID");
  config.api_key = bench_env("PAYNOW_API_KEY");
  config.api_base = bench_env("PAYNOW_API_BASE");
  config.on_completion = on_completion;
  config.completion_user_data = user_data;
  /* Every request goes over the wire: it is not the memory that is measured. */
  config.cache_ttl_ms = remembers ? 0 : PAYNOW_OFF;
  check(paynow_client_create(&config, &client), "paynow_client_create");
  return client;
}

static void stats_of(paynow_client client, paynow_stats *stats) {
  memset(stats, 0, sizeof *stats);
  stats->struct_size = sizeof *stats;
  check(paynow_client_stats(client, stats), "paynow_client_stats");
}

static void query_of(unsigned index, paynow_lookup_query *query) {
  memset(query, 0, sizeof *query);
  query->struct_size = sizeof *query;
  query->minecraft_uuid = uuids[index % BENCH_CUSTOMERS];
}

/* ---- submit ---- */

struct host {
  paynow_client client;
  unsigned asked;
  uint64_t refused;
  paynow_call call;
  struct bench_samples queue;
  struct bench_samples age;
  bool recording;
};

static void note_completion(paynow_client client, paynow_completion completion, void *user_data) {
  struct host *host = user_data;
  paynow_completion_info info;
  (void)client;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (!host->recording || paynow_completion_info_get(completion, &info) != PAYNOW_OK) return;
  bench_samples_add(&host->queue, info.queue_us);
  bench_samples_add(&host->age, info.age_us);
}

static void host_tick(void *peer, unsigned count, struct bench_ticks *ticks) {
  struct host *host = peer;
  host->recording = ticks->recording;
  check(paynow_client_poll(host->client, 0, 0, NULL), "paynow_client_poll");
  for (unsigned i = 0; i < count; i++) {
    paynow_lookup_query query;
    paynow_request_id request = 0;
    query_of(host->asked++, &query);
    const uint64_t from = bench_now();
    const paynow_status status = paynow_lookup_customer(host->client, &query, &host->call, &request);
    const uint64_t to = bench_now();
    if (status != PAYNOW_OK) {
      host->refused++;
      continue;
    }
    if (!ticks->recording) continue;
    if (i == 0) bench_samples_add(&ticks->first, to - from);
    bench_samples_add(&ticks->all, to - from);
  }
}

static void measure_submit(int argc, char **argv) {
  struct host host;
  paynow_stats stats;
  memset(&host, 0, sizeof host);
  bench_samples_init(&host.queue, 1u << 16);
  bench_samples_init(&host.age, 1u << 16);
  host.call.struct_size = sizeof host.call;
  host.call.deadline_ms = (uint32_t)bench_argument(argc, argv, "--deadline-ms", 0);
  host.client = create(0, note_completion, &host);
  bench_run_ticks(argc, argv, host_tick, &host);
  stats_of(host.client, &stats);
  bench_print("refused", (double)host.refused);
  bench_print("submitted", (double)stats.submitted);
  bench_print("answered", (double)stats.completed_ok);
  bench_print("failed", (double)stats.completed_error);
  bench_print("timed_out", (double)stats.timed_out);
  bench_print("outstanding", (double)stats.outstanding);
  bench_print("workers", (double)stats.workers);
  bench_samples_print("queue_us", &host.queue);
  bench_samples_print("age_us", &host.age);
  host.recording = false;
  const uint64_t from = bench_now();
  check(paynow_client_destroy(host.client), "paynow_client_destroy");
  bench_print("destroy_ms", (double)(bench_now() - from) / 1e6);
}

/* ---- drain ---- */

struct reader {
  bool reads;
  size_t read;
};

static void read_customer(paynow_completion completion, size_t *read) {
  paynow_customer customer;
  memset(&customer, 0, sizeof customer);
  customer.struct_size = sizeof customer;
  check(paynow_completion_customer(completion, 0, &customer), "paynow_completion_customer");
  *read += strlen(customer.id) + strlen(customer.minecraft_uuid) + strlen(customer.name) + customer.metadata_count;
}

static void on_drained(paynow_client client, paynow_completion completion, void *user_data) {
  struct reader *reader = user_data;
  (void)client;
  if (reader->reads) read_customer(completion, &reader->read);
}

/* A hundred answers lie ready; how long does the tick thread take to collect them? */
static void measure_drain(int argc, char **argv) {
  enum { READY = 100 };
  const unsigned rounds = (unsigned)bench_argument(argc, argv, "--rounds", 200);
  const bool next = bench_argument(argc, argv, "--next", 0) != 0;
  struct reader reader = {bench_argument(argc, argv, "--read", 0) != 0, 0};
  struct bench_samples drain;
  bench_samples_init(&drain, rounds);
  const paynow_client client = create(0, on_drained, &reader);
  uint64_t submitted = 0;
  for (unsigned round = 0; round < rounds + 10; round++) {
    paynow_stats stats;
    for (unsigned i = 0; i < READY; i++) {
      paynow_lookup_query query;
      query_of((unsigned)submitted, &query);
      check(paynow_lookup_customer(client, &query, NULL, NULL), "paynow_lookup_customer");
      submitted++;
    }
    do {
      bench_sleep_us(500);
      stats_of(client, &stats);
    } while (stats.completed_ok + stats.completed_error + stats.timed_out < submitted);
    /* The workers go quiet: what they were doing is not what is asked here. */
    bench_sleep_us(3000);
    paynow_completion out[READY];
    size_t count = 0;
    uint32_t delivered = 0;
    const uint64_t from = bench_now();
    if (next) {
      check(paynow_client_next(client, 0, out, READY, &count), "paynow_client_next");
      for (size_t i = 0; i < count; i++) {
        if (reader.reads) read_customer(out[i], &reader.read);
        check(paynow_completion_free(out[i]), "paynow_completion_free");
      }
    } else {
      check(paynow_client_poll(client, 0, 0, &delivered), "paynow_client_poll");
      count = delivered;
    }
    const uint64_t took = bench_now() - from;
    if (stats.completed_error + stats.timed_out != 0) bench_fail("drain", "a request failed");
    if (count != READY) bench_fail("drain", "not all that was complete was delivered");
    if (round >= 10) bench_samples_add(&drain, took / READY);
  }
  bench_samples_print("drain", &drain);
  bench_print("read", (double)reader.read);
  check(paynow_client_destroy(client), "paynow_client_destroy");
}

/* ---- peek ---- */

/* The server has answered once for every customer; how long does the tick thread take to look at what is remembered? */
static void measure_peek(int argc, char **argv) {
  const unsigned rounds = (unsigned)bench_argument(argc, argv, "--rounds", 20);
  struct bench_samples peek;
  size_t read = 0;
  remembers = true;
  bench_samples_init(&peek, (size_t)rounds * BENCH_CUSTOMERS);
  const paynow_client client = create(0, NULL, NULL);
  for (unsigned i = 0; i < BENCH_CUSTOMERS; i++) {
    paynow_lookup_query query;
    query_of(i, &query);
    check(paynow_lookup_customer(client, &query, NULL, NULL), "paynow_lookup_customer");
  }
  for (uint32_t drained = 0, delivered = 0; drained < BENCH_CUSTOMERS; drained += delivered) {
    bench_sleep_us(500);
    check(paynow_client_poll(client, 0, 0, &delivered), "paynow_client_poll");
  }
  for (unsigned i = 0; i < rounds * BENCH_CUSTOMERS; i++) {
    paynow_lookup_query query;
    paynow_completion completion = 0;
    query_of(i, &query);
    const uint64_t from = bench_now();
    check(paynow_client_peek(client, &query, &completion), "paynow_client_peek");
    const uint64_t to = bench_now();
    read_customer(completion, &read);
    check(paynow_completion_free(completion), "paynow_completion_free");
    bench_samples_add(&peek, to - from);
  }
  bench_samples_print("peek", &peek);
  bench_print("read", (double)read);
  check(paynow_client_destroy(client), "paynow_client_destroy");
}

/* ---- load ---- */

struct load {
  paynow_client client;
  unsigned asked;
  unsigned outstanding;
  uint64_t done;
  uint64_t bytes;
  uint64_t errors;
  bool refill;
};

static void load_submit(struct load *load) {
  paynow_lookup_query query;
  query_of(load->asked++, &query);
  check(paynow_lookup_customer(load->client, &query, NULL, NULL), "paynow_lookup_customer");
  load->outstanding++;
}

static void load_turn(struct load *load) {
  paynow_completion out[MAX_BATCH];
  size_t count = 0;
  check(paynow_client_next(load->client, 100, out, MAX_BATCH, &count), "paynow_client_next");
  for (size_t i = 0; i < count; i++) {
    paynow_completion_info info;
    const char *json = NULL;
    size_t length = 0;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    check(paynow_completion_info_get(out[i], &info), "paynow_completion_info_get");
    if (info.status != PAYNOW_OK || !info.found) {
      load->errors++;
    } else {
      check(paynow_completion_json(out[i], &json, &length), "paynow_completion_json");
      load->bytes += length;
    }
    check(paynow_completion_free(out[i]), "paynow_completion_free");
    load->done++;
    load->outstanding--;
    if (load->refill) load_submit(load);
  }
}

/* A closed loop: each answer collected is replaced by another request. */
static void load_run(struct load *load, unsigned outstanding, double warm, double seconds) {
  load->refill = true;
  while (load->outstanding < outstanding) load_submit(load);
  for (const uint64_t until = bench_now() + (uint64_t)(warm * 1e9); bench_now() < until;) load_turn(load);
  load->done = load->bytes = load->errors = 0;
  const double cpu = bench_cpu_seconds();
  const double system = bench_system_seconds();
  const double switches = bench_context_switches();
  const uint64_t from = bench_now();
  for (const uint64_t until = from + (uint64_t)(seconds * 1e9); bench_now() < until;) load_turn(load);
  const double took = (double)(bench_now() - from) / 1e9;
  bench_print("seconds", took);
  bench_print("requests", (double)load->done);
  bench_print("rate", (double)load->done / took);
  bench_print("cpu_per_10k", (bench_cpu_seconds() - cpu) * 1e4 / (double)load->done);
  bench_print("system_per_10k", (bench_system_seconds() - system) * 1e4 / (double)load->done);
  bench_print("switches_per_request", (bench_context_switches() - switches) / (double)load->done);
  bench_print("bytes_per_request", (double)load->bytes / (double)load->done);
  bench_print("errors", (double)load->errors);
  bench_print("loaded_rss_kib", bench_process("VmRSS"));
  bench_print("loaded_threads", bench_process("Threads"));
  load->refill = false;
  while (load->outstanding != 0) load_turn(load);
}

static void measure_load(int argc, char **argv) {
  struct load load;
  paynow_stats stats;
  memset(&load, 0, sizeof load);
  load.client = create((uint32_t)bench_argument(argc, argv, "--workers", 0), NULL, NULL);
  load_run(&load, (unsigned)bench_argument(argc, argv, "--outstanding", 64), bench_argument(argc, argv, "--warm", 0.5),
           bench_argument(argc, argv, "--seconds", 2));
  stats_of(load.client, &stats);
  bench_print("connections", (double)stats.connections_opened);
  check(paynow_client_destroy(load.client), "paynow_client_destroy");
}

/* ---- idle ---- */

/* `--polls 1`: the host goes on ticking and polls on each tick; 0: it does nothing at all. */
static void measure_idle(int argc, char **argv) {
  struct load load;
  const double seconds = bench_argument(argc, argv, "--seconds", 20);
  const double loaded = bench_argument(argc, argv, "--load-seconds", 0);
  const bool polls = bench_argument(argc, argv, "--polls", 0) != 0;
  memset(&load, 0, sizeof load);
  load.client = create(0, NULL, NULL);
  if (loaded > 0) load_run(&load, 64, 0.5, loaded);
  bench_sleep_us(1000000);
  bench_print("rss_kib", bench_process("VmRSS"));
  bench_print("threads", bench_process("Threads"));
  const double cpu = bench_cpu_seconds();
  const double switches = bench_context_switches();
  const uint64_t from = bench_now();
  const uint64_t until = from + (uint64_t)(seconds * 1e9);
  if (polls) {
    for (uint64_t next = from; next < until; next += BENCH_TICK_NS) {
      bench_sleep_until(next);
      check(paynow_client_poll(load.client, 0, 0, NULL), "paynow_client_poll");
    }
  } else {
    bench_sleep_until(until);
  }
  const double took = (double)(bench_now() - from) / 1e9;
  bench_print("idle_percent", (bench_cpu_seconds() - cpu) / took * 100);
  bench_print("idle_switches_per_second", (bench_context_switches() - switches) / took);
  bench_print("end_rss_kib", bench_process("VmRSS"));
  bench_print("end_threads", bench_process("Threads"));
  check(paynow_client_destroy(load.client), "paynow_client_destroy");
}

/* ---- from the call to the wire ---- */

struct wire {
  struct bench_samples waits;
  uint64_t from;
};

/* The id in the answer is when the server read the request, see bench/server.c. */
static void note_arrival(paynow_client client, paynow_completion completion, void *user_data) {
  struct wire *wire = user_data;
  paynow_customer customer;
  (void)client;
  memset(&customer, 0, sizeof customer);
  customer.struct_size = sizeof customer;
  check(paynow_completion_customer(completion, 0, &customer), "paynow_completion_customer");
  bench_samples_add(&wire->waits, strtoull(customer.id, NULL, 10) - wire->from);
}

/* One request now and then from a host that ticks and polls at the beginning of each tick. */
static void measure_wire(int argc, char **argv) {
  const unsigned rate = (unsigned)bench_argument(argc, argv, "--rate", 64);
  const unsigned submits = (unsigned)bench_argument(argc, argv, "--submits", 150);
  struct wire wire;
  uint32_t random = 1;
  if (rate == 0) bench_fail("wire", "how many ticks a second?");
  bench_samples_init(&wire.waits, submits);
  const paynow_client client = create(0, note_arrival, &wire);
  /* Two seconds in which the client learns the rhythm, and then a request every third of a second or so. */
  unsigned quiet = 2 * rate;
  unsigned asked = 0;
  for (uint64_t next = bench_now(); wire.waits.count < submits;) {
    next += UINT64_C(1000000000) / rate;
    bench_sleep_until(next);
    check(paynow_client_poll(client, 0, 0, NULL), "paynow_client_poll");
    if (quiet-- != 0) continue;
    random = random * 1664525u + 1013904223u;
    quiet = rate / 6 + (random >> 16) % (rate / 3 + 1);
    if (asked == submits) continue;
    paynow_lookup_query query;
    query_of(asked++, &query);
    wire.from = bench_now();
    check(paynow_lookup_customer(client, &query, NULL, NULL), "paynow_lookup_customer");
  }
  bench_samples_print("wire", &wire.waits);
  check(paynow_client_destroy(client), "paynow_client_destroy");
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  for (unsigned i = 0; i < BENCH_CUSTOMERS; i++) bench_uuid(i, uuids[i]);
  if (strcmp(what, "version") == 0) {
    printf("%s\n", paynow_version());
  } else if (strcmp(what, "submit") == 0) {
    measure_submit(argc, argv);
  } else if (strcmp(what, "drain") == 0) {
    measure_drain(argc, argv);
  } else if (strcmp(what, "peek") == 0) {
    measure_peek(argc, argv);
  } else if (strcmp(what, "wire") == 0) {
    measure_wire(argc, argv);
  } else if (strcmp(what, "load") == 0) {
    measure_load(argc, argv);
  } else if (strcmp(what, "idle") == 0) {
    measure_idle(argc, argv);
  } else {
    fprintf(stderr, "usage: bench_bridge version|submit|drain|peek|wire|load|idle [--name number]...\n");
    return 2;
  }
  return 0;
}
