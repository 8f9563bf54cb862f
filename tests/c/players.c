// What the library adds to the API's operations: players, memory, repetition, another key.
#include "harness.h"

#define CUSTOMERS "/v1/stores/411486491630370816/customers"

static paynow_client client;
static paynow_completion completion;

// With what sandbox_config leaves out.
static void begin(void) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  client = client_with(&config);
}

static paynow_completion_info answer(void) {
  completion = await(client);
  return info_of(completion);
}

static const char *customer_id(void) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_OK(paynow_completion_customer(completion, 0, &customer));
  return customer.id;
}

TEST(a_player_is_looked_up_by_the_strongest_key) {
  static const struct {
    paynow_player player;
    const char *query, *customer;
  } cases[] = {
      {{.steam_id = "76561198087654321", .xbox_xuid = "2535432196048835", .name = "x"}, "steam_id=76561198087654321", MIRA},
      {{.xbox_xuid = "2535432196048835", .minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5"}, "xbox_xuid=2535432196048835", PIA},
      {{.minecraft_uuid = "069a79f444e94726a5befca90e38aaf5", .name = "Notch"}, "minecraft_uuid=069a79f4-44e9-4726-a5be-fca90e38aaf5", NOTCH},
      // A Floodgate UUID holds the XUID.
      {{.minecraft_uuid = "00000000-0000-0000-0009-01f64f65c7c3", .name = ".PixelPia"}, "xbox_xuid=2535432196048835", PIA},
      // A UUID made in offline mode says nothing: version 3.
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_Olga"}, "minecraft_java_name=Offline_Olga", OLGA},
      {{.name = "Notch"}, "minecraft_java_name=Notch", NOTCH},
      {{.name = ".PixelPia"}, "minecraft_bedrock_name=PixelPia", PIA},
  };
  client = new_client();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    char target[256];
    paynow_player player = cases[index].player;
    player.struct_size = sizeof player;
    CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
    CHECK_STATUS(answer().status, PAYNOW_OK);
    snprintf(target, sizeof target, CUSTOMERS "/lookup?%s", cases[index].query);
    CHECK_STR(sandbox_sent().target, target);
    CHECK_STR(customer_id(), cases[index].customer);
  }
  destroy(client);
}

TEST(a_player_of_nothing_is_refused) {
  client = new_client();
  paynow_player player = INIT(paynow_player);
  CHECK_STATUS(paynow_lookup_player(client, &player, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_ensure_customer(client, &player, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_token_for(client, &player, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_client_peek_player(client, &player, &completion), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_lookup_player(client, NULL, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  player.name = "a\r\nb";
  CHECK_STATUS(paynow_lookup_player(client, &player, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  player.name = "x";
  player.reserved = 1;
  CHECK_STATUS(paynow_lookup_player(client, &player, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_INT(stats_of(client).submitted, 0);
  CHECK_INT(sandbox_count("requests"), 0);
  destroy(client);
}

TEST(ensure_finds_who_exists) {
  client = new_client();
  paynow_player player = INIT(paynow_player);
  player.steam_id = "76561198087654321";
  CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.operation, PAYNOW_OP_ENSURE_CUSTOMER);
  CHECK_STR(customer_id(), MIRA);
  CHECK_INT(sandbox_count("creates_effective"), 0);
  destroy(client);
}

TEST(ensure_creates_the_unknown_once) {
  client = new_client();
  paynow_player player = INIT(paynow_player);
  player.steam_id = "76561198000000049";
  // Ten at once are one player still.
  for (int index = 0; index < 10; index++) CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  for (int index = 0; index < 10; index++) {
    CHECK_STATUS(answer().status, PAYNOW_OK);
    CHECK(*customer_id() != 0);
  }
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(token_for_brings_the_customer_and_a_token) {
  const char *token = NULL;
  client = new_client();
  paynow_player player = INIT(paynow_player);
  player.steam_id = "76561198000000059";
  CHECK_OK(paynow_token_for(client, &player, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.operation, PAYNOW_OP_TOKEN_FOR);
  CHECK_OK(paynow_completion_token(completion, &token, NULL));
  char id[32];
  snprintf(id, sizeof id, "%s", customer_id());
  CHECK_OK(paynow_get_current_customer(client, token, 0, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_STR(customer_id(), id);
  destroy(client);
}

TEST(answers_are_remembered) {
  begin();
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_STR(customer_id(), MIRA);
  CHECK_INT(sandbox_count("requests"), 1);
  CHECK_INT(stats_of(client).cache_hits, 1);
  // A change through this client makes it forget.
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Changed";
  CHECK_OK(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_OK(get_mira(client, NULL, NULL));
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_OK(paynow_completion_customer(completion, 0, &customer));
  CHECK_STR(customer.name, "Changed");
  destroy(client);
}

TEST(memory_can_be_switched_off) {
  client = new_client();
  for (int round = 1; round <= 3; round++) {
    CHECK_OK(get_mira(client, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    CHECK_INT(sandbox_count("requests"), round);
  }
  CHECK_INT(stats_of(client).cache_entries, 0);
  destroy(client);
}

TEST(peek_sends_nothing) {
  begin();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_java_name = "Notch";
  completion = 77;
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_NO_VALUE);
  CHECK_INT(completion, 77);
  CHECK_STATUS(paynow_client_peek(client, &query, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_INT(sandbox_count("requests"), 0);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_OK(paynow_client_peek(client, &query, &completion));
  CHECK_STR(customer_id(), NOTCH);
  CHECK_INT(info_of(completion).found, 1);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_completion_free(completion), PAYNOW_E_INVALID_HANDLE);
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_OK(paynow_client_peek_player(client, &player, &completion));
  CHECK_STR(customer_id(), NOTCH);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

TEST(a_player_who_is_unknown_is_remembered_too) {
  begin();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_java_name = "Herobrine";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().found, 0);
  CHECK_OK(paynow_client_peek(client, &query, &completion));
  CHECK_INT(info_of(completion).found, 0);
  destroy(client);
}

TEST(what_can_do_no_harm_is_repeated) {
  paynow_client_config config = sandbox_config();
  config.max_attempts = 3;
  config.retry_base_ms = 1;
  client = client_with(&config);
  sandbox_faults("{\"rules\":[{\"times\":2,\"respond\":{\"status\":503}}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 3);
  CHECK_INT(stats_of(client).retries, 2);
  // A create is not, once it may have left.
  sandbox_faults("{\"rules\":[{\"times\":1,\"after_effect\":true,\"respond\":{\"status\":504}}]}");
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "x";
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.attempts, 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(an_api_that_is_down_is_not_asked) {
  paynow_client_config config = sandbox_config();
  config.circuit_threshold = 3;
  client = client_with(&config);
  sandbox_answers("*", 500, "{}", "");
  bool refused = false;
  for (uint64_t number = 0; number < 100; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK(info.status == PAYNOW_E_SERVER || info.status == PAYNOW_E_UNAVAILABLE);
    if (info.status != PAYNOW_E_UNAVAILABLE) continue;
    refused = true;
    CHECK_INT(info.attempts, 0);
    CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
    CHECK(info.message != NULL);
  }
  CHECK(refused);
  CHECK(stats_of(client).unavailable > 0);
  CHECK_INT(stats_of(client).circuit_open, 1);
  destroy(client);
}

TEST(another_key_on_a_living_client) {
  paynow_client_config config = sandbox_config();
  config.api_key = "pnapi_old";
  client = client_with(&config);
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_UNAUTHORIZED);
  CHECK_OK(paynow_client_set_api_key(client, sandbox_key, 0));
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  static const char *const keys[] = {NULL, "", "a b", "a\r\nb", "\xff"};
  for (size_t index = 0; index < sizeof keys / sizeof *keys; index++) {
    CHECK_STATUS(paynow_client_set_api_key(client, keys[index], 0), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), "key");
  }
  // A refused one changes nothing.
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  destroy(client);
}
