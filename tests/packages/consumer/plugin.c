// A module that brings a bridge into its host and exports three functions of its own.
#include <paynow_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static paynow_client client;
static char found_id[64];
static int done;

static void found(paynow_client from, paynow_completion completion, void *user_data) {
  paynow_customer customer = {.struct_size = sizeof customer};
  (void)from;
  (void)user_data;
  if (!paynow_completion_customer(completion, 0, &customer)) snprintf(found_id, sizeof found_id, "%s", customer.id);
  done = 1;
}

// Asks for the customer of a player. 0 when it was accepted.
int plugin_begin(const char *player) {
  paynow_client_config config = {.struct_size = sizeof config,
                                 .api_base = getenv("PAYNOW_API_BASE"),
                                 .api_key = getenv("PAYNOW_API_KEY"),
                                 .store_id = getenv("PAYNOW_STORE_ID")};
  paynow_lookup_query query = {.struct_size = sizeof query, .minecraft_java_name = player};
  paynow_call call = {.struct_size = sizeof call, .on_completion = found};
  if (paynow_abi_version() != PAYNOW_ABI_VERSION) return 1;
  if (paynow_client_create(&config, &client)) return 1;
  return paynow_lookup_customer(client, &query, &call, NULL) != PAYNOW_OK;
}

// A tick: NULL until there is an answer, then the customer's id, "" for none.
const char *plugin_tick(void) {
  paynow_client_poll(client, 0, 0, NULL);
  return done ? found_id : NULL;
}

int plugin_end(void) {
  return paynow_client_destroy(client) != PAYNOW_OK;
}
