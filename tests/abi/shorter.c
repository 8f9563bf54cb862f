// What the library fills for a program of version 0.1 ends where that program's struct ends. Prints the size of each struct.
#include <paynow_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 0xA5 };

static struct {
  paynow_stats stats;
  unsigned char after[512];
} filled;

int main(void) {
  paynow_client_config config = {.struct_size = sizeof config};
  paynow_client client = {0};
  config.store_id = getenv("PAYNOW_STORE_ID");
  config.api_key = getenv("PAYNOW_API_KEY");
  config.api_base = getenv("PAYNOW_API_BASE");
  if (paynow_client_create(&config, &client) != PAYNOW_OK) return 1;
  memset(&filled, GUARD, sizeof filled);
  filled.stats.struct_size = sizeof filled.stats;
  if (paynow_client_stats(client, &filled.stats) != PAYNOW_OK) return 2;
  for (size_t i = 0; i < sizeof filled.after; i++)
    if (filled.after[i] != GUARD) return 3;
  if (filled.stats.outstanding != 0) return 4;
  paynow_client_destroy(client);
  printf("%zu %zu %zu\n", sizeof(paynow_client_config), sizeof(paynow_stats), sizeof(paynow_list_query));
  return 0;
}
