// Players, known by what the host has of them: finding, creating once, minting a token.
#include "one_client.h"

#define CUSTOMERS "/v1/stores/411486491630370816/customers"
// What the API says when there is no such customer, as it stands inside a plan.
#define UNKNOWN "{\\\"status\\\":404,\\\"code\\\":\\\"not-found\\\",\\\"message\\\":\\\"none\\\"}"

static paynow_completion_info ensure(paynow_player player) {
  player.struct_size = sizeof player;
  CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  return answer();
}

struct kind {
  paynow_player player;
  // What is asked, and what is created when the customer is unknown.
  const char *query, *body;
};

// The first of the last two requests the sandbox was sent.
static void sent_before(char *target, size_t room) {
  char *log = sandbox("GET", "log?limit=2", "");
  json_text(log, "target", target, room);
  free(log);
}

static void check_kinds(const struct kind *kinds, size_t count) {
  for (size_t index = 0; index < count; index++) {
    char target[256], expected[256], id[32];
    int64_t before = sandbox_count("creates_effective");
    paynow_completion_info info = ensure(kinds[index].player);
    if (!CHECK_STATUS(info.status, PAYNOW_OK)) FAIL("the key was %s", kinds[index].query);
    CHECK_INT(info.operation, PAYNOW_OP_ENSURE_CUSTOMER);
    CHECK_INT(info.found, 1);
    CHECK_INT(info.attempts, 2);
    snprintf(id, sizeof id, "%s", customer_at(0).id);
    sent_before(target, sizeof target);
    snprintf(expected, sizeof expected, CUSTOMERS "/lookup?%s", kinds[index].query);
    CHECK_STR(target, expected);
    struct sent sent = sandbox_sent();
    CHECK_STR(sent.method, "POST");
    CHECK_STR(sent.target, CUSTOMERS);
    CHECK_STR(sent.body, kinds[index].body);
    CHECK_INT(sandbox_count("creates_effective"), before + 1);
    // Who exists by now is found by the same key.
    info = ensure(kinds[index].player);
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_STR(customer_at(0).id, id);
    if (!CHECK_INT(sandbox_count("creates_effective"), before + 1)) FAIL("the key was %s", kinds[index].query);
  }
}

TEST(ensure_creates_every_kind_of_player) {
  static const struct kind kinds[] = {
      {{.minecraft_uuid = "1b671a6440d5491e99b0da01ff1f3341", .name = "Newcomer"},
       "minecraft_uuid=1b671a64-40d5-491e-99b0-da01ff1f3341",
       "{\"minecraft_uuid\":\"1b671a64-40d5-491e-99b0-da01ff1f3341\",\"minecraft_platform\":\"java\"}"},
      {{.minecraft_uuid = "00000000-0000-0000-0009-01f700000001", .name = ".Newcomer"},
       "xbox_xuid=2535435158945793",
       "{\"xbox_xuid\":\"2535435158945793\",\"minecraft_platform\":\"bedrock\"}"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_New"},
       "minecraft_java_name=Offline_New",
       "{\"name\":\"Offline_New\",\"minecraft_platform\":\"java\"}"},
      {{.name = "Only_A_Name"}, "minecraft_java_name=Only_A_Name", "{\"name\":\"Only_A_Name\",\"minecraft_platform\":\"java\"}"},
      {{.steam_id = "76561198000000081", .name = "Gordon"}, "steam_id=76561198000000081", "{\"steam_id\":\"76561198000000081\"}"},
      {{.xbox_xuid = "2535400000000081", .name = ".Gordon"},
       "xbox_xuid=2535400000000081",
       "{\"xbox_xuid\":\"2535400000000081\",\"minecraft_platform\":\"bedrock\"}"},
  };
  client = new_client();
  check_kinds(kinds, sizeof kinds / sizeof *kinds);
  destroy(client);
}

// Of a gamertag nothing is known but the gamertag: who was created by it must be found by it.
TEST(ensure_creates_a_gamertag_once) {
  client = new_client();
  char id[32];
  paynow_player player = {.name = ".Newcomer"};
  CHECK_STATUS(ensure(player).status, PAYNOW_OK);
  snprintf(id, sizeof id, "%s", customer_at(0).id);
  CHECK_INT(customer_at(0).minecraft_platform, PAYNOW_MINECRAFT_BEDROCK);
  char target[256];
  sent_before(target, sizeof target);
  CHECK_STR(target, CUSTOMERS "/lookup?minecraft_bedrock_name=Newcomer");
  CHECK_STATUS(ensure(player).status, PAYNOW_OK);
  CHECK_STR(customer_at(0).id, id);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

static void check_query(paynow_player player, const char *query) {
  char expected[256];
  player.struct_size = sizeof player;
  CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  snprintf(expected, sizeof expected, CUSTOMERS "/lookup?%s", query);
  CHECK_STR(sandbox_sent().target, expected);
}

TEST(the_bedrock_prefix_is_the_servers) {
  static const paynow_player dot = {.name = ".PixelPia"}, star = {.name = "*PixelPia"}, longer = {.name = "BR_PixelPia"};
  static const paynow_player alone = {.name = "."};
  client = new_client();
  check_query(dot, "minecraft_bedrock_name=PixelPia");
  check_query(star, "minecraft_java_name=%2APixelPia");
  // Nothing behind the prefix: no gamertag.
  check_query(alone, "minecraft_java_name=.");
  destroy(client);
  paynow_client_config config = sandbox_config();
  config.bedrock_prefix = "*";
  client = client_with(&config);
  check_query(star, "minecraft_bedrock_name=PixelPia");
  check_query(dot, "minecraft_java_name=.PixelPia");
  destroy(client);
  config.bedrock_prefix = "BR_";
  client = client_with(&config);
  check_query(longer, "minecraft_bedrock_name=PixelPia");
  destroy(client);
  config.bedrock_prefix = "";
  client = client_with(&config);
  check_query(dot, "minecraft_java_name=.PixelPia");
  destroy(client);
  config.bedrock_prefix = NULL;
  config.send_bedrock_prefix = 1;
  client = client_with(&config);
  check_query(dot, "minecraft_bedrock_name=.PixelPia");
  destroy(client);
}

TEST(players_in_offline_mode_may_be_known_by_uuid) {
  static const struct kind kinds[] = {
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_New"},
       "minecraft_uuid=b50ad385-829d-3141-a216-7e7d7539ba7f",
       "{\"minecraft_uuid\":\"b50ad385-829d-3141-a216-7e7d7539ba7f\",\"minecraft_platform\":\"java\"}"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba80"},
       "minecraft_uuid=b50ad385-829d-3141-a216-7e7d7539ba80",
       "{\"minecraft_uuid\":\"b50ad385-829d-3141-a216-7e7d7539ba80\",\"minecraft_platform\":\"java\"}"},
  };
  paynow_client_config config = sandbox_config();
  config.offline_players_by_uuid = 1;
  client = client_with(&config);
  check_kinds(kinds, sizeof kinds / sizeof *kinds);
  destroy(client);
}

TEST(bad_players_name_what_is_wrong) {
  static const struct {
    paynow_player player;
    const char *argument;
  } cases[] = {
      {{0}, "player"},
      {{.minecraft_uuid = "00000000-0000-0000-0000-000000000000", .name = "x"}, "minecraft_uuid"},
      {{.minecraft_uuid = "not a uuid", .name = "x"}, "minecraft_uuid"},
      {{.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f"}, "name"},
      {{.steam_id = "12x"}, "steam_id"},
      {{.steam_id = ""}, "steam_id"},
      {{.xbox_xuid = "-1"}, "xbox_xuid"},
      {{.name = ""}, "name"},
      {{.name = "a\nb"}, "name"},
      {{.name = "\xff"}, "name"},
  };
  client = new_client();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_player player = cases[index].player;
    player.struct_size = sizeof player;
    paynow_request_id request = 77;
    completion = 77;
    CHECK_STATUS(paynow_lookup_player(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_ensure_customer(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_token_for(client, &player, NULL, &request), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_STATUS(paynow_client_peek_player(client, &player, &completion), PAYNOW_E_INVALID_ARGUMENT);
    CHECK_HAS(paynow_last_error(), cases[index].argument);
    CHECK_INT(request, 77);
    CHECK_INT(completion, 77);
  }
  CHECK_INT(stats_of(client).submitted, 0);
  CHECK_INT(sandbox_count("requests"), 0);
  destroy(client);
}

TEST(four_servers_create_a_player_once) {
  static const paynow_player players[] = {
      {.steam_id = "76561198000000091"},
      {.minecraft_uuid = "1b671a64-40d5-491e-99b0-da01ff1f3391"},
      {.minecraft_uuid = "00000000-0000-0000-0009-01f700000091", .name = ".Newcomer"},
      {.xbox_xuid = "2535400000000091"},
  };
  enum { servers = 4 };
  for (size_t index = 0; index < sizeof players / sizeof *players; index++) {
    free(sandbox("POST", "reset", ""));
    // All have looked before any of them hears that the customer is unknown, so that all of them create.
    sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":4,\"after_effect\":true,\"hang\":true}]}");
    paynow_player player = players[index];
    player.struct_size = sizeof player;
    paynow_client clients[servers];
    char ids[servers][32];
    for (int server = 0; server < servers; server++) clients[server] = new_client();
    for (int server = 0; server < servers; server++) CHECK_OK(paynow_ensure_customer(clients[server], &player, NULL, NULL));
    CHECK(sandbox_asked(servers));
    sandbox_recovers();
    for (int server = 0; server < servers; server++) {
      client = clients[server];
      CHECK_STATUS(answer().status, PAYNOW_OK);
      snprintf(ids[server], sizeof ids[server], "%s", customer_at(0).id);
      CHECK_STR(ids[server], ids[0]);
      destroy(client);
    }
    CHECK_INT(sandbox_count("creates_effective"), 1);
    CHECK(sandbox_count("create_customer") > 1);
  }
}

// The name is all there is of this player and nothing keeps the API from having it twice: sharing is what does.
TEST(calls_for_the_same_player_share_one_answer) {
  enum { calls = 10 };
  for (int memory = 0; memory < 2; memory++) {
    free(sandbox("POST", "reset", ""));
    paynow_client_config config = sandbox_config();
    config.cache_ttl_ms = memory ? 0 : PAYNOW_OFF;
    client = client_with(&config);
    // No customer is found as long as all of them may be looking.
    sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":10,\"respond\":{\"status\":404,\"body\":\"" UNKNOWN "\"}}]}");
    paynow_player player = INIT(paynow_player);
    player.name = "Only_A_Name";
    for (int call = 0; call < calls; call++) CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
    for (int call = 0; call < calls; call++) CHECK_STATUS(answer().status, PAYNOW_OK);
    if (!CHECK_INT(sandbox_count("creates_effective"), 1)) FAIL("with memory %s", memory ? "on" : "off");
    destroy(client);
  }
}

TEST(losing_the_race_to_create_is_not_a_failure) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":1,\"respond\":{\"status\":404,\"body\":\"" UNKNOWN "\"}}]}");
  paynow_player player = {.steam_id = "76561198087654321"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.attempts, 3);
  CHECK_STR(customer_at(0).id, MIRA);
  CHECK_INT(sandbox_count("creates_effective"), 0);
  CHECK_INT(sandbox_count("create_customer"), 1);
  // When the customer is unknown after all, the conflict is what is told.
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"respond\":{\"status\":404,\"body\":\"" UNKNOWN "\"}}]}");
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_CONFLICT);
  CHECK_INT(info.found, 0);
  destroy(client);
}

TEST(a_create_that_worked_without_saying_so_is_found) {
  static const char *const faults[] = {"\"respond\":{\"status\":504}", "\"respond\":{\"status\":500}", "\"reset\":true",
                                       "\"close\":true", "\"reset_mid_body\":true", "\"respond\":{\"status\":200,\"body\":\"<html>\"}"};
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
    char plan[256];
    free(sandbox("POST", "reset", ""));
    begin_persistent();
    snprintf(plan, sizeof plan, "{\"rules\":[{\"operation\":\"create_customer\",\"times\":1,\"after_effect\":true,%s}]}", faults[index]);
    sandbox_faults(plan);
    paynow_player player = {.name = "Only_A_Name"};
    paynow_completion_info info = ensure(player);
    if (!CHECK_STATUS(info.status, PAYNOW_OK)) FAIL("the fault was %s", faults[index]);
    CHECK_STR(customer_at(0).name, "Only_A_Name");
    CHECK_INT(sandbox_count("creates_effective"), 1);
    CHECK_INT(sandbox_count("create_customer"), 1);
    CHECK_INT(sandbox_count("lookup_customer"), 2);
    destroy(client);
  }
}

TEST(a_create_that_did_not_work_is_told) {
  begin_persistent();
  sandbox_answers("create_customer", 504, "{}", "");
  paynow_player player = {.steam_id = "76561198000000101"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.found, 0);
  CHECK_INT(sandbox_count("create_customer"), 1);
  // No such account at the platform.
  sandbox_recovers();
  player = (paynow_player){.minecraft_uuid = "deadbeef-0000-4000-8000-000000000000"};
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_NOT_FOUND);
  CHECK_INT(info.found, 0);
  sandbox_answers("lookup_customer", 401, "{}", "");
  CHECK_STATUS(ensure(player).status, PAYNOW_E_UNAUTHORIZED);
  destroy(client);
}

TEST(each_step_of_an_ensure_is_repeated_like_what_it_is) {
  begin_persistent();
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":2,\"respond\":{\"status\":503}},"
                 "{\"operation\":\"create_customer\",\"times\":1,\"after_effect\":true,\"respond\":{\"status\":503}},"
                 "{\"operation\":\"lookup_customer\",\"times\":1,\"delay_ms\":0},"
                 "{\"operation\":\"lookup_customer\",\"times\":2,\"respond\":{\"status\":503}}]}");
  paynow_player player = {.steam_id = "76561198000000111"};
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  // Three to find no customer, one to create, three to find who was created.
  CHECK_INT(info.attempts, 7);
  CHECK_INT(stats_of(client).retries, 4);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

// That the customer was unknown is why one is created, never the answer: not even when the API fails meanwhile.
TEST(ensure_is_never_answered_with_no_customer) {
  begin_remembering();
  CHECK_INT(look_up("Herobrine").found, 0);
  paynow_player player = {.name = "Herobrine"};
  sandbox_answers("*", 503, "{}", "");
  paynow_completion_info info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  sandbox_hangs();
  player.struct_size = sizeof player;
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  CHECK_OK(paynow_ensure_customer(client, &player, &call, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TIMEOUT);
  sandbox_recovers();
  info = ensure(player);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(ensure_remembers_and_is_remembered) {
  begin_remembering();
  paynow_player player = {.name = "Notch"};
  CHECK_INT(ensure(player).source, PAYNOW_SOURCE_NETWORK);
  paynow_completion_info info = ensure(player);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(info.operation, PAYNOW_OP_ENSURE_CUSTOMER);
  CHECK_STR(customer_at(0).id, NOTCH);
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(peek("Notch"));
  CHECK_INT(sandbox_count("requests"), 1);
  // Created: known from then on, though unknown before.
  CHECK_INT(look_up("Only_A_Name").found, 0);
  player.name = "Only_A_Name";
  CHECK_INT(ensure(player).found, 1);
  info = look_up("Only_A_Name");
  CHECK_INT(info.found, 1);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  destroy(client);
}

TEST(token_for_holds_customer_and_token) {
  static const struct {
    paynow_player player;
    bool is_new;
  } cases[] = {
      {{.steam_id = "76561198087654321"}, false},
      {{.steam_id = "76561198000000121"}, true},
      {{.minecraft_uuid = "00000000-0000-0000-0009-01f700000121", .name = ".Newcomer"}, true},
      {{.name = "Offline_Olga"}, false},
  };
  begin_remembering();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_player player = cases[index].player;
    player.struct_size = sizeof player;
    int64_t before = sandbox_count("creates_effective");
    char tokens[2][256];
    // Twice: a new token is minted each time, however well the customer is known.
    for (int round = 0; round < 2; round++) {
      const char *token = NULL;
      size_t length = 0;
      char id[32];
      CHECK_OK(paynow_token_for(client, &player, NULL, NULL));
      paynow_completion_info info = answer();
      CHECK_STATUS(info.status, PAYNOW_OK);
      CHECK_INT(info.operation, PAYNOW_OP_TOKEN_FOR);
      CHECK_INT(info.found, 1);
      CHECK_INT(info.customer_count, 1);
      CHECK_OK(paynow_completion_token(completion, &token, &length));
      if (!token) return;
      CHECK_INT(strlen(token), length);
      snprintf(tokens[round], sizeof tokens[round], "%s", token);
      snprintf(id, sizeof id, "%s", customer_at(0).id);
      CHECK_OK(paynow_get_current_customer(client, tokens[round], 0, NULL, NULL));
      CHECK_STATUS(answer().status, PAYNOW_OK);
      CHECK_STR(customer_at(0).id, id);
    }
    CHECK(strcmp(tokens[0], tokens[1]) != 0);
    CHECK_INT(sandbox_count("creates_effective"), before + cases[index].is_new);
  }
  destroy(client);
}

TEST(token_for_without_a_token_is_a_failure) {
  begin_remembering();
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  // The customer is well known; the token is what cannot be had.
  look_up("Notch");
  sandbox_answers("create_customer_token", 503, "{}", "");
  CHECK_OK(paynow_token_for(client, &player, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_E_SERVER);
  CHECK_INT(info.found, 0);
  const char *token = NULL;
  CHECK_STATUS(paynow_completion_token(completion, &token, NULL), PAYNOW_E_NO_VALUE);
  CHECK(token == NULL);
  CHECK_INT(sandbox_count("create_customer_token"), 1);
  destroy(client);
}

TEST(player_operations_need_a_key) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  client = client_with(&config);
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_STATUS(paynow_lookup_player(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_STATUS(paynow_ensure_customer(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_STATUS(paynow_token_for(client, &player, NULL, NULL), PAYNOW_E_NO_API_KEY);
  destroy(client);
}
