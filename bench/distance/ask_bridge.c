/* Asks through paynow-bridge: one host thread submits, then waits in paynow_client_next; it polls in its ticks. With a number, so many workers at
 * most. */
#define _GNU_SOURCE
#include "peer.h"

#include <paynow_bridge.h>

static paynow_client client;
static uint32_t most_workers;
static unsigned asked;

static void check(paynow_status status, const char *what) {
  if (status != PAYNOW_OK) bench_fail(what, paynow_last_error());
}

static void create(void) {
  paynow_client_config config;
  memset(&config, 0, sizeof config);
  config.struct_size = sizeof config;
  config.max_workers = most_workers;
  config.store_id = bench_env("PAYNOW_STORE_ID");
  config.api_key = bench_env("PAYNOW_API_KEY");
  config.api_base = bench_env("PAYNOW_API_BASE");
  config.ca_file = bench_env("BENCH_CA_FILE");
  config.proxy = "";
  /* Every question goes over the wire: it is not the memory that is measured. */
  config.cache_ttl_ms = PAYNOW_OFF;
  check(paynow_client_create(&config, &client), "paynow_client_create");
}

static void ask(unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    char uuid[BENCH_UUID_SIZE];
    paynow_lookup_query query;
    bench_uuid(asked++, uuid);
    memset(&query, 0, sizeof query);
    query.struct_size = sizeof query;
    query.minecraft_uuid = uuid;
    check(paynow_lookup_customer(client, &query, NULL, NULL), "paynow_lookup_customer");
  }
}

static void tick(void) {
  check(paynow_client_poll(client, 0, 0, NULL), "paynow_client_poll");
}

static void collect(struct distance_answers *answers) {
  paynow_completion out[64];
  size_t count = 0;
  check(paynow_client_next(client, 1000, out, 64, &count), "paynow_client_next");
  for (size_t i = 0; i < count; i++) {
    paynow_completion_info info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    check(paynow_completion_info_get(out[i], &info), "paynow_completion_info_get");
    distance_note(answers, info.status == PAYNOW_OK && info.found);
    check(paynow_completion_free(out[i]), "paynow_completion_free");
  }
}

static void destroy(void) { check(paynow_client_destroy(client), "paynow_client_destroy"); }

int main(int argc, char **argv) {
  const struct distance_peer peer = {create, ask, collect, tick, destroy};
  most_workers = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
  return distance_serve(&peer);
}
