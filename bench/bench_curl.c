/*
 * The same measurements of libcurl's multi interface: what a modder who does not block would write instead. Easy handles are made beforehand and
 * used again, connections are kept alive, and the answer is received but not parsed. Prints "name value" lines for the driver.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <curl/curl.h>

#define HOST_HANDLES 4096u
#define HOST_CONNECTIONS 64L /* as many as the bridge has workers */
#define URL_SIZE 256u

struct peer {
  CURLM *multi;
  CURL **idle;
  size_t idle_count;
  size_t handles;
  struct curl_slist *headers;
  unsigned asked;
  unsigned outstanding;
  uint64_t done;
  uint64_t bytes;
  uint64_t errors;
  uint64_t refused;
  uint64_t connections;
};

static char urls[BENCH_CUSTOMERS][URL_SIZE];

static size_t receive(char *data, size_t size, size_t count, void *user) {
  struct peer *peer = user;
  (void)data;
  peer->bytes += size * count;
  return size * count;
}

static void check_easy(CURLcode code, const char *what) {
  if (code != CURLE_OK) bench_fail(what, curl_easy_strerror(code));
}

static void check_multi(CURLMcode code, const char *what) {
  if (code != CURLM_OK) bench_fail(what, curl_multi_strerror(code));
}

static void peer_init(struct peer *peer, size_t handles, long connections, long timeout_ms) {
  char authorization[512];
  memset(peer, 0, sizeof *peer);
  peer->multi = curl_multi_init();
  peer->idle = calloc(handles, sizeof(CURL *));
  if (peer->multi == NULL || peer->idle == NULL) bench_fail("curl", "out of memory");
  check_multi(curl_multi_setopt(peer->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections), "CURLMOPT_MAX_TOTAL_CONNECTIONS");
  check_multi(curl_multi_setopt(peer->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L), "CURLMOPT_MAX_HOST_CONNECTIONS");
  check_multi(curl_multi_setopt(peer->multi, CURLMOPT_MAXCONNECTS, (long)handles), "CURLMOPT_MAXCONNECTS");
  snprintf(authorization, sizeof authorization, "Authorization: APIKey %s", bench_env("PAYNOW_API_KEY"));
  peer->headers = curl_slist_append(NULL, authorization);
  peer->headers = curl_slist_append(peer->headers, "Accept: application/json");
  for (size_t i = 0; i < handles; i++) {
    CURL *easy = curl_easy_init();
    if (easy == NULL) bench_fail("curl_easy_init", "failed");
    check_easy(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, peer->headers), "CURLOPT_HTTPHEADER");
    check_easy(curl_easy_setopt(easy, CURLOPT_USERAGENT, "bench-curl/1"), "CURLOPT_USERAGENT");
    check_easy(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive), "CURLOPT_WRITEFUNCTION");
    check_easy(curl_easy_setopt(easy, CURLOPT_WRITEDATA, peer), "CURLOPT_WRITEDATA");
    check_easy(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), "CURLOPT_NOSIGNAL");
    check_easy(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms), "CURLOPT_TIMEOUT_MS");
    peer->idle[peer->idle_count++] = easy;
  }
  peer->handles = handles;
}

static void peer_free(struct peer *peer) {
  for (size_t i = 0; i < peer->idle_count; i++) curl_easy_cleanup(peer->idle[i]);
  curl_multi_cleanup(peer->multi);
  curl_slist_free_all(peer->headers);
  free(peer->idle);
}

static void peer_add(struct peer *peer) {
  CURL *easy = peer->idle[--peer->idle_count];
  check_easy(curl_easy_setopt(easy, CURLOPT_URL, urls[peer->asked++ % BENCH_CUSTOMERS]), "CURLOPT_URL");
  check_multi(curl_multi_add_handle(peer->multi, easy), "curl_multi_add_handle");
  peer->outstanding++;
}

static void peer_perform(struct peer *peer) {
  int running = 0;
  check_multi(curl_multi_perform(peer->multi, &running), "curl_multi_perform");
}

static unsigned peer_collect(struct peer *peer) {
  unsigned ended = 0;
  int left = 0;
  for (CURLMsg *message; (message = curl_multi_info_read(peer->multi, &left)) != NULL;) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL *easy = message->easy_handle;
    long status = 0;
    long connections = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    if (message->data.result != CURLE_OK || status != 200) peer->errors++;
    peer->connections += (uint64_t)connections;
    check_multi(curl_multi_remove_handle(peer->multi, easy), "curl_multi_remove_handle");
    peer->idle[peer->idle_count++] = easy;
    peer->outstanding--;
    peer->done++;
    ended++;
  }
  return ended;
}

/* ---- submit ---- */

/*
 * The first request of a tick is added and driven by itself, as when it is the only one; the rest are added one by one and driven together, and
 * each of them bears its share of that. It is the cheapest way to start them all within the tick.
 */
static void host_tick(void *user, unsigned count, struct bench_ticks *ticks) {
  struct peer *peer = user;
  uint64_t added[64];
  unsigned rest = 0;
  peer_perform(peer);
  peer_collect(peer);
  for (unsigned i = 0; i < count; i++) {
    if (peer->idle_count == 0) {
      peer->refused++;
      continue;
    }
    const uint64_t from = bench_now();
    peer_add(peer);
    if (i == 0) peer_perform(peer);
    const uint64_t took = bench_now() - from;
    if (i != 0) {
      if (rest < 64) added[rest++] = took;
    } else if (ticks->recording) {
      bench_samples_add(&ticks->first, took);
      bench_samples_add(&ticks->all, took);
    }
  }
  if (rest == 0) return;
  const uint64_t from = bench_now();
  peer_perform(peer);
  const uint64_t share = (bench_now() - from) / rest;
  if (!ticks->recording) return;
  for (unsigned i = 0; i < rest; i++) bench_samples_add(&ticks->all, added[i] + share);
}

static void drop_outstanding(struct peer *peer) {
  const uint64_t until = bench_now() + UINT64_C(15000000000);
  while (peer->outstanding != 0 && bench_now() < until) {
    curl_multi_poll(peer->multi, NULL, 0, 100, NULL);
    peer_perform(peer);
    peer_collect(peer);
  }
  if (peer->outstanding != 0) bench_fail("curl", "requests did not end");
}

static void measure_submit(int argc, char **argv) {
  struct peer peer;
  peer_init(&peer, HOST_HANDLES, HOST_CONNECTIONS, (long)bench_argument(argc, argv, "--deadline-ms", 10000));
  bench_run_ticks(argc, argv, host_tick, &peer);
  bench_print("refused", (double)peer.refused);
  bench_print("answered", (double)(peer.done - peer.errors));
  bench_print("failed", (double)peer.errors);
  bench_print("outstanding", (double)peer.outstanding);
  drop_outstanding(&peer);
  peer_free(&peer);
}

/* ---- load ---- */

static void load_turn(struct peer *peer, unsigned outstanding) {
  while (peer->outstanding < outstanding) peer_add(peer);
  peer_perform(peer);
  /* Waiting is right only when driving ended nothing: the answer that ended may have been the only one under way. */
  if (peer_collect(peer) == 0) check_multi(curl_multi_poll(peer->multi, NULL, 0, 100, NULL), "curl_multi_poll");
}

static void load_run(struct peer *peer, unsigned outstanding, double warm, double seconds) {
  for (const uint64_t until = bench_now() + (uint64_t)(warm * 1e9); bench_now() < until;) load_turn(peer, outstanding);
  peer->done = peer->bytes = peer->errors = 0;
  const double cpu = bench_cpu_seconds();
  const double system = bench_system_seconds();
  const double switches = bench_context_switches();
  const uint64_t from = bench_now();
  for (const uint64_t until = from + (uint64_t)(seconds * 1e9); bench_now() < until;) load_turn(peer, outstanding);
  const double took = (double)(bench_now() - from) / 1e9;
  bench_print("seconds", took);
  bench_print("requests", (double)peer->done);
  bench_print("rate", (double)peer->done / took);
  bench_print("cpu_per_10k", (bench_cpu_seconds() - cpu) * 1e4 / (double)peer->done);
  bench_print("system_per_10k", (bench_system_seconds() - system) * 1e4 / (double)peer->done);
  bench_print("switches_per_request", (bench_context_switches() - switches) / (double)peer->done);
  bench_print("bytes_per_request", (double)peer->bytes / (double)peer->done);
  bench_print("errors", (double)peer->errors);
  bench_print("loaded_rss_kib", bench_process("VmRSS"));
  bench_print("loaded_threads", bench_process("Threads"));
  drop_outstanding(peer);
}

static void measure_load(int argc, char **argv) {
  struct peer peer;
  const unsigned outstanding = (unsigned)bench_argument(argc, argv, "--outstanding", 64);
  peer_init(&peer, outstanding, 0, 10000);
  load_run(&peer, outstanding, bench_argument(argc, argv, "--warm", 0.5), bench_argument(argc, argv, "--seconds", 2));
  bench_print("connections", (double)peer.connections);
  peer_free(&peer);
}

/* ---- idle ---- */

static void measure_idle(int argc, char **argv) {
  struct peer peer;
  peer_init(&peer, 64, 0, 10000);
  load_run(&peer, 64, 0.5, bench_argument(argc, argv, "--load-seconds", 2));
  bench_sleep_us(1000000);
  bench_print("rss_kib", bench_process("VmRSS"));
  bench_print("threads", bench_process("Threads"));
  peer_free(&peer);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  check_easy(curl_global_init(CURL_GLOBAL_DEFAULT), "curl_global_init");
  if (strcmp(what, "version") == 0) {
    printf("%s\n", curl_version());
    return 0;
  }
  const char *base = bench_env("PAYNOW_API_BASE");
  const char *store = bench_env("PAYNOW_STORE_ID");
  for (unsigned i = 0; i < BENCH_CUSTOMERS; i++) {
    char uuid[BENCH_UUID_SIZE];
    bench_uuid(i, uuid);
    snprintf(urls[i], URL_SIZE, "%s/v1/stores/%s/customers/lookup?minecraft_uuid=%s", base, store, uuid);
  }
  if (strcmp(what, "submit") == 0) {
    measure_submit(argc, argv);
  } else if (strcmp(what, "load") == 0) {
    measure_load(argc, argv);
  } else if (strcmp(what, "idle") == 0) {
    measure_idle(argc, argv);
  } else {
    fprintf(stderr, "usage: bench_curl version|submit|load|idle [--name number]...\n");
    return 2;
  }
  curl_global_cleanup();
  return 0;
}
