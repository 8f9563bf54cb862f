// Every operation once, on the target itself, against the sandbox. Nothing but C99 and the bridge: it has to compile for
// whatever the bridge was built for.
#include <inttypes.h>
#include <paynow_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static paynow_client client;
static paynow_completion completion;
static char customer_id[64];
static char token[1024];
static int operations;

static void die(const char *operation, const char *why) {
  printf("FAIL %s: %s\n", operation, why ? why : "");
  exit(1);
}

// Takes the answer to a request that was just submitted, and checks how it ended.
static paynow_completion_info answer(const char *operation, paynow_status submitted, int32_t found) {
  paynow_completion_info info = {.struct_size = sizeof info};
  size_t count = 0;
  if (submitted != PAYNOW_OK) die(operation, paynow_last_error());
  while (count == 0)
    if (paynow_client_next(client, 1000, &completion, 1, &count) != PAYNOW_OK) die(operation, paynow_last_error());
  if (paynow_completion_info_get(completion, &info) != PAYNOW_OK) die(operation, paynow_last_error());
  if (info.status != PAYNOW_OK) die(operation, info.message);
  if (info.found != found) die(operation, "its answer should have been another");
  operations++;
  printf("ok %s\n", operation);
  return info;
}

static paynow_customer customer(const char *operation) {
  paynow_customer out = {.struct_size = sizeof out};
  if (paynow_completion_customer(completion, 0, &out) != PAYNOW_OK) die(operation, paynow_last_error());
  return out;
}

static void keep_token(const char *operation) {
  const char *text;
  size_t length;
  if (paynow_completion_token(completion, &text, &length) != PAYNOW_OK) die(operation, paynow_last_error());
  if (length != strlen(text) || length >= sizeof token) die(operation, "its token has another length");
  memcpy(token, text, length + 1);
}

int main(void) {
  paynow_client_config config = {.struct_size = sizeof config,
                                 .api_base = getenv("PAYNOW_API_BASE"),
                                 .api_key = getenv("PAYNOW_API_KEY"),
                                 .store_id = getenv("PAYNOW_STORE_ID")};
  const paynow_metadata_entry entry = {.key = "rank", .value = "k\xc3\xb6nig"};
  paynow_customer_fields fields = {.struct_size = sizeof fields, .name = "Target", .metadata = &entry, .metadata_count = 1};
  paynow_customer_fields several[2] = {{.struct_size = sizeof fields, .steam_id = "76561198000000077"},
                                       {.struct_size = sizeof fields, .name = "Second"}};
  paynow_list_query list = {.struct_size = sizeof list, .has_limit = 1, .limit = 7};
  paynow_lookup_query lookup = {.struct_size = sizeof lookup, .minecraft_java_name = "Notch"};
  paynow_lookup_query stranger = {.struct_size = sizeof stranger, .minecraft_java_name = "NoSuchPlayer"};
  paynow_authentication who = {.struct_size = sizeof who,
                               .platform = PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME,
                               .id = "Notch",
                               .customer_ip = "203.0.113.7"};
  paynow_giftcard_query card_query = {.struct_size = sizeof card_query, .customer_token = token, .code = "GIFT-2500-ALEX"};
  paynow_giftcard card = {.struct_size = sizeof card};
  const char *key, *value;

  if (paynow_abi_version() != PAYNOW_ABI_VERSION) die("version", "library and header differ");
  if (paynow_client_create(&config, &client) != PAYNOW_OK) die("create", paynow_last_error());

  if (answer("list_customers", paynow_list_customers(client, &list, NULL, NULL), 1).customer_count != 7)
    die("list_customers", "there should have been seven");

  answer("create_customer", paynow_create_customer(client, &fields, NULL, NULL), 1);
  snprintf(customer_id, sizeof customer_id, "%s", customer("create_customer").id);

  answer("get_customer", paynow_get_customer(client, customer_id, 0, NULL, NULL), 1);
  if (customer("get_customer").created_at_ms < INT64_C(1500000000000)) die("get_customer", "its date is long gone");
  if (paynow_completion_metadata(completion, 0, 0, &key, &value) != PAYNOW_OK || strcmp(value, entry.value))
    die("get_customer", "its metadata is not what was sent");

  fields.name = "Renamed";
  answer("update_customer", paynow_update_customer(client, customer_id, 0, &fields, NULL, NULL), 1);
  if (strcmp(customer("update_customer").name, "Renamed")) die("update_customer", "the name is as before");

  answer("lookup_customer", paynow_lookup_customer(client, &lookup, NULL, NULL), 1);
  answer("lookup_customer, a stranger", paynow_lookup_customer(client, &stranger, NULL, NULL), 0);
  operations--;

  if (answer("bulk_create_customers", paynow_bulk_create_customers(client, several, 2, NULL, NULL), 1).customer_count != 2)
    die("bulk_create_customers", "there should have been two");

  answer("create_customer_token", paynow_create_customer_token(client, customer_id, 0, NULL, NULL), 1);
  keep_token("create_customer_token");
  answer("invalidate_customer_tokens", paynow_invalidate_customer_tokens(client, customer_id, 0, NULL, NULL), 0);

  answer("authenticate_customer", paynow_authenticate_customer(client, &who, NULL, NULL), 1);
  keep_token("authenticate_customer");
  answer("get_current_customer", paynow_get_current_customer(client, token, 0, NULL, NULL), 1);

  answer("lookup_giftcard", paynow_lookup_giftcard(client, &card_query, NULL, NULL), 1);
  if (paynow_completion_giftcard(completion, &card) != PAYNOW_OK || card.balance != 2500 || card.starting_balance != 5000)
    die("lookup_giftcard", "its money is not right");

  if (paynow_client_destroy(client) != PAYNOW_OK) die("destroy", paynow_last_error());
  printf("%d operations, %d-bit\n", operations, (int)(8 * sizeof(void *)));
  return operations != 11;
}
