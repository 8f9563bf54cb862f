// Remembering answers: by which keys, for how long, and what a change makes of them.
#include "one_client.h"

// A client that remembers, but not for long: what is known is soon old.
static void begin_forgetful(void) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.cache_negative_ttl_ms = 20;
  client = client_with(&config);
}

static bool is_old(void *name) {
  paynow_status status = peek(name);
  if (status == PAYNOW_OK) CHECK_OK(paynow_completion_free(completion));
  return status == PAYNOW_E_NO_VALUE;
}

TEST(an_answer_is_remembered_by_its_key) {
  begin_remembering();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  for (int count = 0; count < 5; count++) {
    paynow_completion_info info = look_up("Notch");
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
    CHECK_INT(info.found, 1);
    CHECK_INT(info.attempts, 0);
    CHECK_INT(info.sent, PAYNOW_SENT_NEVER);
    CHECK_STR(customer_at(0).id, NOTCH);
    // As the answer came, to the last entry of its metadata.
    CHECK_INT(customer_at(0).metadata_count, 2);
    const char *json = NULL;
    CHECK_OK(paynow_completion_json(completion, &json, NULL));
    CHECK_HAS(json, NOTCH);
  }
  CHECK_INT(sandbox_count("requests"), 1);
  // Another key of the same customer is another question.
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  // The same in another spelling is not.
  query.minecraft_uuid = "069A79F444E94726A5BEFCA90E38AAF5";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_CACHE);
  CHECK_OK(paynow_get_customer(client, NOTCH, 0, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  CHECK_OK(paynow_get_customer(client, NOTCH, 0, NULL, NULL));
  CHECK_INT(answer().source, PAYNOW_SOURCE_CACHE);
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.cache_hits, 7);
  CHECK_INT(stats.cache_entries, 3);
  CHECK(stats.cache_bytes > 0);
  CHECK_INT(sandbox_count("requests"), 3);
  destroy(client);
}

TEST(failures_lists_tokens_and_cards_are_not_remembered) {
  begin_remembering();
  sandbox_faults("{\"rules\":[{\"times\":1,\"respond\":{\"status\":500}}]}");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  CHECK_STATUS(look_up("Notch").status, PAYNOW_OK);
  CHECK_INT(stats_of(client).cache_entries, 1);
  char token[256];
  for (int count = 0; count < 2; count++) {
    const char *text = NULL;
    CHECK_OK(paynow_list_customers(client, NULL, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    CHECK_OK(paynow_create_customer_token(client, NOTCH, 0, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    CHECK_OK(paynow_completion_token(completion, &text, NULL));
    snprintf(token, sizeof token, "%s", text);
    CHECK_OK(paynow_get_current_customer(client, token, 0, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
    paynow_giftcard_query card = INIT(paynow_giftcard_query);
    card.customer_token = token;
    card.code = "GIFT-2500-ALEX";
    CHECK_OK(paynow_lookup_giftcard(client, &card, NULL, NULL));
    CHECK_INT(answer().source, PAYNOW_SOURCE_NETWORK);
  }
  CHECK_INT(stats_of(client).cache_entries, 1);
  CHECK_INT(sandbox_count("requests"), 10);
  destroy(client);
}

TEST(an_unknown_customer_is_remembered_until_one_is_created) {
  begin_remembering();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.steam_id = "76561198000000071";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_INT(answer().found, 0);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.found, 0);
  CHECK_INT(info.source, PAYNOW_SOURCE_CACHE);
  CHECK_INT(sandbox_count("requests"), 1);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.steam_id = query.steam_id;
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_OK);
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  info = answer();
  CHECK_INT(info.found, 1);
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  destroy(client);
}

// A bulk creates, too, and so may one whose answer was lost.
TEST(an_unknown_customer_is_forgotten_after_any_create) {
  begin_remembering();
  CHECK_INT(look_up("Herobrine").found, 0);
  CHECK_INT(look_up("Herobrine").source, PAYNOW_SOURCE_CACHE);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Herobrine";
  fields.minecraft_platform = PAYNOW_MINECRAFT_JAVA;
  sandbox_faults("{\"rules\":[{\"operation\":\"bulk_create_customers\",\"after_effect\":true,\"reset\":true}]}");
  CHECK_OK(paynow_bulk_create_customers(client, &fields, 1, NULL, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TRANSPORT);
  paynow_completion_info info = look_up("Herobrine");
  CHECK_INT(info.source, PAYNOW_SOURCE_NETWORK);
  CHECK_INT(info.found, 1);
  destroy(client);
}

TEST(an_unknown_customer_is_remembered_for_less_long) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.cache_negative_ttl_ms = 20;
  client = client_with(&config);
  CHECK_INT(look_up("Notch").found, 1);
  CHECK_INT(look_up("Herobrine").found, 0);
  CHECK(eventually(is_old, "Herobrine"));
  CHECK_OK(peek("Notch"));
  CHECK_INT(look_up("Herobrine").source, PAYNOW_SOURCE_NETWORK);
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
  destroy(client);
}

// Whatever key it was remembered by, and whatever became of the change.
TEST(a_change_is_seen_under_every_key) {
  static const char *const outcomes[] = {"{}", "{\"rules\":[{\"operation\":\"update_customer\",\"after_effect\":true,\"reset\":true}]}"};
  for (size_t index = 0; index < 2; index++) {
    free(sandbox("POST", "reset", ""));
    begin_remembering();
    paynow_lookup_query steam = INIT(paynow_lookup_query);
    steam.steam_id = "76561198087654321";
    for (int count = 0; count < 2; count++) {
      CHECK_OK(paynow_lookup_customer(client, &steam, NULL, NULL));
      CHECK_STR((answer(), customer_at(0).name), "Mira");
      look_up("MiraMines");
      CHECK_OK(get_mira(client, NULL, NULL));
      answer();
    }
    look_up("Notch");
    CHECK_INT(sandbox_count("requests"), 4);
    sandbox_faults(outcomes[index]);
    rename_customer(MIRA, "Changed");
    sandbox_recovers();
    CHECK_OK(paynow_lookup_customer(client, &steam, NULL, NULL));
    CHECK_STR((answer(), customer_at(0).name), "Changed");
    look_up("MiraMines");
    CHECK_STR(customer_at(0).name, "Changed");
    CHECK_OK(get_mira(client, NULL, NULL));
    CHECK_STR((answer(), customer_at(0).name), "Changed");
    // Others stay.
    CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_CACHE);
    destroy(client);
  }
}

// Holds the answer to the next lookup back, with what it said when it was asked.
static void hold_lookups(void) {
  sandbox_faults("{\"rules\":[{\"operation\":\"lookup_customer\",\"times\":1,\"after_effect\":true,\"hang\":true}]}");
}

// Collects two completions, whichever comes first.
static void collect_two(paynow_completion *both) {
  both[0] = await(client);
  both[1] = await(client);
}

TEST(an_answer_from_before_a_change_is_not_remembered_after_it) {
  begin_remembering();
  hold_lookups();
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_recovers();
  CHECK_STATUS(answer().status, PAYNOW_OK);
  look_up("Notch");
  CHECK_STR(customer_at(0).name, "Changed");
  destroy(client);
}

TEST(an_answer_an_ensure_got_before_a_change_is_not_remembered_after_it) {
  begin_remembering();
  hold_lookups();
  paynow_player player = INIT(paynow_player);
  player.name = "Notch";
  CHECK_OK(paynow_ensure_customer(client, &player, NULL, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_recovers();
  CHECK_STATUS(answer().status, PAYNOW_OK);
  look_up("Notch");
  CHECK_STR(customer_at(0).name, "Changed");
  destroy(client);
}

static bool is_under_way(void *unused) {
  (void)unused;
  // Shared, or asked by itself: the held one and the change were two.
  return stats_of(client).coalesced >= 1 || sandbox_count("requests") >= 3;
}

TEST(who_asks_after_a_change_gets_no_answer_from_before) {
  begin_remembering();
  hold_lookups();
  paynow_call call = INIT(paynow_call);
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK(sandbox_asked(1));
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  call.tag = 2;
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK(eventually(is_under_way, NULL));
  sandbox_recovers();
  paynow_completion both[2];
  collect_two(both);
  for (int index = 0; index < 2; index++) {
    completion = both[index];
    if (info_of(completion).tag == 2) CHECK_STR(customer_at(0).name, "Changed");
  }
  destroy(client);
}

TEST(an_old_answer_stands_in_for_a_failure) {
  begin_forgetful();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  CHECK(eventually(is_old, "Notch"));
  static const char *const faults[] = {
      "{\"rules\":[{\"respond\":{\"status\":503}}]}",
      "{\"rules\":[{\"reset\":true}]}",
      "{\"rules\":[{\"respond\":{\"status\":500,\"body\":\"<html></html>\"}}]}",
  };
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
    sandbox_faults(faults[index]);
    paynow_completion_info info = look_up("Notch");
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
    CHECK_INT(info.found, 1);
    // It was asked for.
    CHECK(info.attempts > 0);
    CHECK(info.sent != PAYNOW_SENT_NEVER);
    CHECK_STR(customer_at(0).id, NOTCH);
    CHECK_INT(stats_of(client).cache_stale, index + 1);
  }
  // What the API says itself counts, and so does what was never asked before.
  sandbox_answers("lookup_customer", 403, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_FORBIDDEN);
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("jeb_").status, PAYNOW_E_SERVER);
  // A stand-in is not an answer: it does not become young again.
  CHECK_STATUS(peek("Notch"), PAYNOW_E_NO_VALUE);
  sandbox_recovers();
  CHECK_INT(look_up("Notch").source, PAYNOW_SOURCE_NETWORK);
  destroy(client);
}

TEST(an_old_answer_stands_in_at_the_deadline) {
  begin_forgetful();
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_hangs();
  paynow_call call = INIT(paynow_call);
  call.deadline_ms = 50;
  paynow_lookup_query query = by_name("Notch");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  paynow_completion_info info = answer();
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
  CHECK_STR(customer_at(0).id, NOTCH);
  query = by_name("jeb_");
  CHECK_OK(paynow_lookup_customer(client, &query, &call, NULL));
  CHECK_STATUS(answer().status, PAYNOW_E_TIMEOUT);
  destroy(client);
}

TEST(an_old_answer_stands_in_while_the_api_is_not_asked) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.circuit_threshold = 1;
  client = client_with(&config);
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_answers("*", 503, "{}", "");
  CHECK_STATUS(ask(), PAYNOW_E_SERVER);
  ask_until_refused();
  paynow_completion_info info = look_up("Notch");
  CHECK_STATUS(info.status, PAYNOW_OK);
  CHECK_INT(info.source, PAYNOW_SOURCE_STALE_CACHE);
  destroy(client);
}

TEST(an_answer_that_is_too_old_or_changed_stands_in_for_nothing) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 20;
  config.cache_stale_ms = 20;
  client = client_with(&config);
  look_up("Notch");
  CHECK(eventually(is_old, "Notch"));
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  CHECK_INT(stats_of(client).cache_stale, 0);
  destroy(client);
  sandbox_recovers();
  begin_remembering();
  look_up("Notch");
  CHECK_STATUS(rename_customer(NOTCH, "Changed").status, PAYNOW_OK);
  sandbox_answers("lookup_customer", 503, "{}", "");
  CHECK_STATUS(look_up("Notch").status, PAYNOW_E_SERVER);
  destroy(client);
}

TEST(memory_is_bounded) {
  paynow_client_config config = sandbox_config();
  config.cache_ttl_ms = 0;
  config.cache_bytes = 65536;
  client = client_with(&config);
  for (uint64_t number = 0; number < 500; number++) {
    CHECK_OK(get_stranger(client, number, NULL, NULL));
    paynow_completion_info info = answer();
    CHECK_STATUS(info.status, PAYNOW_OK);
    CHECK_OK(paynow_completion_free(completion));
  }
  struct paynow_stats stats = stats_of(client);
  CHECK(stats.cache_entries > 0 && stats.cache_entries < 500);
  CHECK(stats.cache_bytes <= 65536);
  destroy(client);
}
