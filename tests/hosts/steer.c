// What the host tests need besides the hosts: talks to the sandbox's steering interface, and says how large the structs are.
//
//   steer sizes                    the name and size of each struct that other languages declare again
//   steer METHOD PATH [JSON]       sends it to PAYNOW_API_BASE and prints the answer
#include <paynow_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int sizes(void) {
#define SIZE(type) printf("%s %zu\n", #type, sizeof(type))
  SIZE(paynow_client_config);
  SIZE(paynow_lookup_query);
  SIZE(paynow_call);
  SIZE(paynow_completion_info);
  SIZE(paynow_profile);
  SIZE(paynow_customer);
  SIZE(paynow_stats);
#undef SIZE
  return 0;
}

static void answered(paynow_client client, paynow_completion completion, void *exit_code) {
  paynow_completion_info info = {.struct_size = sizeof info};
  const char *json = NULL;
  (void)client;
  paynow_completion_info_get(completion, &info);
  if (info.status != PAYNOW_OK) fprintf(stderr, "steer: %s\n", info.message);
  else if (paynow_completion_json(completion, &json, NULL) == PAYNOW_OK) puts(json);
  *(int *)exit_code = info.status == PAYNOW_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "sizes") == 0) return sizes();
  if (argc < 3) return 2;
  int exit_code = -1;
  paynow_client client;
  const paynow_client_config config = {.struct_size = sizeof config, .store_id = "1", .api_base = getenv("PAYNOW_API_BASE"),
                                       .max_response_bytes = 64 << 20};
  const paynow_raw_request request = {.struct_size = sizeof request, .auth = PAYNOW_AUTH_NONE, .method = argv[1],
                                      .path = argv[2], .json = argc > 3 ? argv[3] : NULL};
  const paynow_call call = {.struct_size = sizeof call, .on_completion = answered, .user_data = &exit_code};
  if (paynow_client_create(&config, &client) || paynow_request(client, &request, &call, NULL))
    return fprintf(stderr, "steer: %s\n", paynow_last_error()), 2;
  while (exit_code < 0) paynow_client_poll(client, 0, 0, NULL);
  paynow_client_destroy(client);
  return exit_code;
}
