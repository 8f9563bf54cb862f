#include <paynow_bridge.h>
#include <stdio.h>
#include <stdlib.h>

static void found(paynow_client client, paynow_completion completion, void *done) {
  paynow_completion_info info = {.struct_size = sizeof info};
  paynow_customer customer = {.struct_size = sizeof customer};
  if (!paynow_completion_customer(completion, 0, &customer)) printf("Notch is %s\n", customer.id);
  else if (!paynow_completion_info_get(completion, &info)) puts(info.message ? info.message : "Notch is not a customer");
  (void)client;
  *(int *)done = 1;
}

int main(void) {
  int done = 0;
  paynow_client client;
  paynow_client_config config = {.struct_size = sizeof config, .api_base = getenv("PAYNOW_API_BASE"),
                                 .api_key = getenv("PAYNOW_API_KEY"), .store_id = getenv("PAYNOW_STORE_ID")};
  if (paynow_client_create(&config, &client)) return puts(paynow_last_error()), 2;
  paynow_lookup_query query = {.struct_size = sizeof query, .minecraft_java_name = "Notch"};
  paynow_call call = {.struct_size = sizeof call, .on_completion = found, .user_data = &done};
  if (paynow_lookup_customer(client, &query, &call, NULL)) return puts(paynow_last_error()), 2;
  while (!done) paynow_client_poll(client, 0, 0, NULL);  // in a game: once a tick
  return paynow_client_destroy(client);
}
