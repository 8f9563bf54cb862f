// Reading what is remembered, without a request.
#include "one_client.h"

TEST(peek_finds_what_is_remembered) {
  begin_remembering();
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  look_up("Notch");
  look_up("Herobrine");
  CHECK_OK(peek("Notch"));
  paynow_completion_info info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.operation, PAYNOW_OP_LOOKUP_CUSTOMER);
  CHECK_INT(info.found, 1);
  CHECK_INT(info.customer_count, 1);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(info.attempts, 0);
  CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
  CHECK_INT(info.request, completion);
  CHECK_STR(customer_at(0).id, NOTCH);
  const char *key = NULL, *value = NULL;
  CHECK_OK(paynow_completion_metadata(completion, 0, 1, &key, &value));
  CHECK_STR(key, "rank");
  CHECK_OK(paynow_completion_free(completion));
  CHECK_STATUS(paynow_completion_free(completion), PAYNOW_E_INVALID_HANDLE);
  CHECK_OK(peek("Herobrine"));
  info = info_of(completion);
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 0);
  CHECK_INT(info.customer_count, 0);
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_STATUS(paynow_completion_customer(completion, 0, &customer), PAYNOW_E_NO_VALUE);
  CHECK_OK(paynow_completion_free(completion));
  CHECK_INT(sandbox_count("requests"), 2);
  destroy(client);
}

TEST(peek_knows_players_by_the_same_keys) {
  static const paynow_player players[] = {
      {.steam_id = "76561198087654321"},
      {.xbox_xuid = "2535432196048835"},
      {.minecraft_uuid = "00000000-0000-0000-0009-01f64f65c7c3", .name = ".PixelPia"},
      {.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5"},
      {.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f", .name = "Offline_Olga"},
      {.name = ".PixelPia"},
      {.name = "Herobrine"},
  };
  begin_remembering();
  for (size_t index = 0; index < sizeof players / sizeof *players; index++) {
    paynow_player player = players[index];
    player.struct_size = sizeof player;
    CHECK_OK(paynow_lookup_player(client, &player, NULL, NULL));
    paynow_completion_info looked_up = answer();
    int64_t before = sandbox_count("requests");
    CHECK_OK(paynow_client_peek_player(client, &player, &completion));
    CHECK_INT(info_of(completion).found, looked_up.found);
    CHECK_OK(paynow_completion_free(completion));
    CHECK_INT(sandbox_count("requests"), before);
  }
  // Two of them are the same question.
  CHECK_INT(sandbox_count("requests"), 6);
  destroy(client);
}

TEST(peek_forgets_with_the_rest) {
  begin_remembering();
  look_up("Notch");
  CHECK_OK(peek("Notch"));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  destroy(client);
  CHECK_STATUS(peek("Notch"), PAYNOW_E_INVALID_HANDLE);
}

TEST(peeked_completions_count_until_they_are_freed) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.max_outstanding = 2;
  client = client_with(&config);
  look_up("Notch");
  CHECK_OK(paynow_completion_free(completion));
  paynow_completion peeked[2];
  for (int index = 0; index < 2; index++) {
    CHECK_OK(peek("Notch"));
    peeked[index] = completion;
  }
  completion = 77;
  CHECK_STATUS(peek("Notch"), PAYNOW_E_QUEUE_FULL);
  CHECK_INT(completion, 77);
  CHECK_INT(stats_of(client).outstanding, 2);
  CHECK_OK(paynow_completion_free(peeked[1]));
  CHECK_OK(peek("Notch"));
  CHECK_OK(paynow_completion_free(completion));
  CHECK_OK(paynow_completion_free(peeked[0]));
  CHECK_INT(stats_of(client).outstanding, 0);
  // They never come through next.
  size_t count = 1;
  CHECK_OK(paynow_client_next(client, 0, &completion, 1, &count));
  CHECK_INT(count, 0);
  destroy(client);
}

TEST(peek_refuses_what_a_lookup_refuses) {
  begin_remembering();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  query.name = "a";
  query.steam_id = "76561198000000001";
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  query.name = NULL;
  query.steam_id = "x";
  CHECK_STATUS(paynow_client_peek(client, &query, &completion), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "steam_id");
  CHECK_STATUS(paynow_client_peek(client, NULL, &completion), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_client_peek_player(client, NULL, &completion), PAYNOW_E_INVALID_ARGUMENT);
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_STATUS(paynow_client_peek_player(client, &player, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_STATUS(paynow_client_peek_player(client, &player, &completion), PAYNOW_E_NO_VALUE);
  destroy(client);
}
