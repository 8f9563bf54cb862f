// Each field of what the API answers with, as C reads it.
#include "harness.h"

static paynow_client client;
static paynow_completion completion;

// Gets a customer; the sandbox may have been told what to answer.
static paynow_completion_info get(const char *id) {
  CHECK_OK(paynow_get_customer(client, id, 0, NULL, NULL));
  completion = await(client);
  return info_of(completion);
}

static struct paynow_customer seeded(const char *id) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  client = new_client();
  CHECK_STATUS(get(id).status, PAYNOW_OK);
  CHECK_OK(paynow_completion_customer(completion, 0, &customer));
  return customer;
}

static struct paynow_customer canned(const char *body) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  client = new_client();
  sandbox_answers("get_customer", 200, "{}", body);
  CHECK_STATUS(get(MIRA).status, PAYNOW_OK);
  CHECK_OK(paynow_completion_customer(completion, 0, &customer));
  return customer;
}

static paynow_status canned_status(const char *body) {
  client = new_client();
  sandbox_answers("get_customer", 200, "{}", body);
  paynow_status status = get(MIRA).status;
  destroy(client);
  return status;
}

#define CHECK_METADATA(index, key_, value_)                                             \
  do {                                                                                  \
    const char *key = NULL, *value = NULL;                                              \
    CHECK_OK(paynow_completion_metadata(completion, 0, index, &key, &value));           \
    CHECK_STR(key, key_);                                                               \
    CHECK_STR(value, value_);                                                           \
  } while (0)

#define MIRA_UUID "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264"
#define AVATARS "https://avatars.sandbox.example/"

TEST(customer_with_every_field) {
  struct paynow_customer mira = seeded(MIRA);
  CHECK_INT(mira.struct_size, sizeof mira);
  CHECK_STR(mira.id, MIRA);
  CHECK_STR(mira.store_id, sandbox_store);
  CHECK_STR(mira.steam_id, "76561198087654321");
  CHECK_STR(mira.minecraft_uuid, MIRA_UUID);
  CHECK_STR(mira.xbox_xuid, "2533274790395904");
  CHECK_STR(mira.name, "Mira");
  CHECK_INT(mira.minecraft_platform, PAYNOW_MINECRAFT_JAVA);
  CHECK_STR(mira.created_at, "2025-06-21T10:10:10.000Z");
  CHECK_INT(mira.created_at_ms, INT64_C(1750500610000));
  CHECK_STR(mira.updated_at, "2026-01-14T12:30:05.000Z");
  CHECK_INT(mira.updated_at_ms, INT64_C(1768393805000));
  CHECK_INT(mira.profiles, PAYNOW_HAS_PROFILE | PAYNOW_HAS_STEAM | PAYNOW_HAS_MINECRAFT);
  CHECK_STR(mira.profile.id, MIRA_UUID);
  CHECK_STR(mira.profile.platform, "minecraft");
  CHECK_STR(mira.profile.name, "MiraMines");
  CHECK_STR(mira.profile.avatar_url, AVATARS "minecraft/" MIRA_UUID ".png");
  CHECK_STR(mira.steam.id, "76561198087654321");
  CHECK_STR(mira.steam.platform, NULL);
  CHECK_STR(mira.steam.name, "mira.plays");
  CHECK_STR(mira.steam.avatar_url, AVATARS "steam/76561198087654321.png");
  CHECK_STR(mira.minecraft.id, MIRA_UUID);
  CHECK_STR(mira.minecraft.platform, NULL);
  CHECK_STR(mira.minecraft.name, "MiraMines");
  CHECK_STR(mira.minecraft.avatar_url, AVATARS "minecraft/" MIRA_UUID ".png");
  CHECK_INT(mira.metadata_count, 3);
  CHECK_METADATA(0, "discord_id", "80351110224678912");
  CHECK_METADATA(1, "note", "linked all three accounts \xe2\x9c\x93");
  CHECK_METADATA(2, "rank", "mvp");
  const char *key = NULL, *value = NULL;
  CHECK_STATUS(paynow_completion_metadata(completion, 0, 3, &key, &value), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_metadata(completion, 1, 0, &key, &value), PAYNOW_E_NO_VALUE);
  CHECK(key == NULL && value == NULL);
  destroy(client);
}

TEST(customer_of_bedrock) {
  struct paynow_customer pia = seeded(PIA);
  CHECK_INT(pia.minecraft_platform, PAYNOW_MINECRAFT_BEDROCK);
  CHECK_STR(pia.minecraft_uuid, "00000000-0000-0000-0009-01f64f65c7c3");
  CHECK_STR(pia.minecraft.id, "2535432196048835");
  CHECK_STR(pia.steam_id, NULL);
  CHECK_STR(pia.name, NULL);
  CHECK_STR(pia.updated_at, NULL);
  CHECK_INT(pia.updated_at_ms, PAYNOW_NO_DATE);
  CHECK_INT(pia.profiles, PAYNOW_HAS_PROFILE | PAYNOW_HAS_MINECRAFT);
  CHECK_STR(pia.steam.id, NULL);
  CHECK_STR(pia.steam.name, NULL);
  CHECK_INT(pia.metadata_count, 0);
  destroy(client);
}

TEST(customer_in_offline_mode) {
  struct paynow_customer olga = seeded(OLGA);
  CHECK_STR(olga.minecraft_uuid, NULL);
  CHECK_STR(olga.xbox_xuid, NULL);
  CHECK_STR(olga.minecraft.id, "Offline_Olga");
  destroy(client);
}

TEST(customer_of_steam) {
  struct paynow_customer quiet = seeded(QUIET);
  CHECK_INT(quiet.minecraft_platform, PAYNOW_MINECRAFT_ABSENT);
  CHECK_INT(quiet.profiles, PAYNOW_HAS_PROFILE | PAYNOW_HAS_STEAM);
  CHECK_STR(quiet.profile.platform, "steam");
  CHECK_STR(quiet.profile.avatar_url, NULL);
  CHECK_STR(quiet.minecraft.id, NULL);
  destroy(client);
}

// The contract requires more, but only without an id nothing can be done with a customer.
TEST(customer_of_an_id_alone) {
  struct paynow_customer bare = canned("{\"id\":\"7\"}");
  CHECK_STR(bare.id, "7");
  CHECK_STR(bare.store_id, NULL);
  CHECK_STR(bare.created_at, NULL);
  CHECK_INT(bare.created_at_ms, PAYNOW_NO_DATE);
  CHECK_INT(bare.profiles, 0);
  CHECK_INT(bare.metadata_count, 0);
  CHECK_INT(bare.minecraft_platform, PAYNOW_MINECRAFT_ABSENT);
  destroy(client);
}

TEST(numbers_as_ids_lose_no_digit) {
  struct paynow_customer customer = canned(
      "{\"id\":9223372036854775807,\"store_id\":411486491630370817,\"steam_id\":18446744073709551615,"
      "\"xbox_xuid\":9007199254740993,\"steam\":{\"id\":76561198087654321,\"name\":\"n\",\"avatar_url\":\"a\"}}");
  CHECK_STR(customer.id, "9223372036854775807");
  CHECK_STR(customer.store_id, "411486491630370817");
  CHECK_STR(customer.steam_id, "18446744073709551615");
  CHECK_STR(customer.xbox_xuid, "9007199254740993");
  CHECK_STR(customer.steam.id, "76561198087654321");
  destroy(client);
}

TEST(unknown_fields_and_words_are_tolerated) {
  struct paynow_customer customer = canned(
      "{\"store\":{\"id\":1,\"deep\":[{}]},\"id\":\"7\",\"minecraft_platform\":\"vr\",\"profile\":{\"id\":\"p\","
      "\"platform\":\"console\",\"new\":true},\"later\":null,\"metadata\":{\"a\":\"b\"}}");
  CHECK_STR(customer.id, "7");
  CHECK_INT(customer.minecraft_platform, PAYNOW_MINECRAFT_UNKNOWN);
  CHECK_STR(customer.profile.platform, "console");
  CHECK_STR(customer.profile.name, NULL);
  CHECK_INT(customer.metadata_count, 1);
  destroy(client);
}

TEST(surprising_shapes_do_not_lose_the_customer) {
  struct paynow_customer customer = canned(
      "{\"id\":\"7\",\"name\":null,\"metadata\":{\"n\":5,\"b\":true,\"z\":null},\"profile\":\"none\",\"steam\":[],"
      "\"minecraft\":null,\"created_at\":\"yesterday\"}");
  CHECK_INT(customer.profiles, 0);
  CHECK_STR(customer.created_at, "yesterday");
  CHECK_INT(customer.created_at_ms, PAYNOW_NO_DATE);
  CHECK_INT(customer.metadata_count, 2);
  CHECK_METADATA(0, "b", "true");
  CHECK_METADATA(1, "n", "5");
  destroy(client);
  CHECK_INT(canned("{\"id\":\"7\",\"metadata\":null}").metadata_count, 0);
  destroy(client);
}

TEST(dates_of_every_spelling) {
  static const struct {
    const char *text;
    int64_t ms;
  } cases[] = {
      {"2025-06-21T10:10:10Z", INT64_C(1750500610000)},
      {"2025-06-21T10:10:10.1234567Z", INT64_C(1750500610123)},
      {"2025-06-21T12:10:10.5+02:00", INT64_C(1750500610500)},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2025-06-31T10:10:10Z", PAYNOW_NO_DATE},
      {"", PAYNOW_NO_DATE},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    char body[128];
    snprintf(body, sizeof body, "{\"id\":\"7\",\"created_at\":\"%s\"}", cases[index].text);
    struct paynow_customer customer = canned(body);
    CHECK_STR(customer.created_at, cases[index].text);
    CHECK_INT(customer.created_at_ms, cases[index].ms);
    destroy(client);
  }
}

TEST(long_and_odd_names_arrive_whole) {
  static char name[10001], body[10100];
  memset(name, 'x', 10000);
  memcpy(name, "\xc2\xa7" "6\xf0\x9f\x94\xa5", 7);
  snprintf(body, sizeof body, "{\"id\":\"7\",\"name\":\"%s\"}", name);
  CHECK_STR(canned(body).name, name);
  destroy(client);
}

// A NUL inside text ends it for C; the JSON has all of it.
TEST(text_with_a_nul) {
  static const char body[] = "{\"id\":\"7\",\"name\":\"a\\u0000b\"}";
  struct paynow_customer customer = canned(body);
  CHECK_STR(customer.name, "a");
  const char *json = NULL;
  size_t length = 0;
  CHECK_OK(paynow_completion_json(completion, &json, &length));
  CHECK_STR(json, body);
  CHECK_INT(length, sizeof body - 1);
  destroy(client);
}

TEST(what_is_not_a_customer_is_an_invalid_response) {
  static const char *const bodies[] = {"null", "{}", "[]", "\"x\"", "7", "{\"id\":\"\"}", "{\"id\":null}", "{\"id\":\"7\"", "<html></html>",
                                       "{\"status\":400,\"code\":\"x\",\"message\":\"y\"}"};
  for (size_t index = 0; index < sizeof bodies / sizeof *bodies; index++) {
    if (!CHECK_STATUS(canned_status(bodies[index]), PAYNOW_E_INVALID_RESPONSE)) FAIL("the body was %s", bodies[index]);
  }
}

TEST(a_byte_order_mark_is_tolerated) {
  CHECK_STATUS(canned_status("\xef\xbb\xbf{\"id\":\"7\"}"), PAYNOW_OK);
}

TEST(what_is_not_utf8_is_an_invalid_response) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"operation\":\"get_customer\",\"respond\":{\"status\":200,\"body_hex\":\"7b226964223a22ff227d\"}}]}");
  CHECK_STATUS(get(MIRA).status, PAYNOW_E_INVALID_RESPONSE);
  const char *json = NULL;
  CHECK_STATUS(paynow_completion_json(completion, &json, NULL), PAYNOW_E_NO_VALUE);
  destroy(client);
}

TEST(json_ten_thousand_levels_deep) {
  static char body[20100];
  char *end = body + sprintf(body, "{\"id\":\"7\",\"x\":");
  memset(end, '[', 10000);
  memset(end + 10000, ']', 10000);
  strcpy(end + 20000, "}");
  CHECK_STATUS(canned_status(body), PAYNOW_E_INVALID_RESPONSE);
}

TEST(list_in_the_servers_order) {
  client = new_client();
  sandbox_answers("list_customers", 200, "{}", "[{\"id\":\"9\"},{\"id\":3},{\"id\":\"9\",\"metadata\":{\"k\":\"v\"}}]");
  CHECK_OK(paynow_list_customers(client, NULL, NULL, NULL));
  completion = await(client);
  CHECK_INT(info_of(completion).customer_count, 3);
  static const char *const ids[] = {"9", "3", "9"};
  for (size_t index = 0; index < 3; index++) {
    struct paynow_customer customer = INIT(struct paynow_customer);
    CHECK_OK(paynow_completion_customer(completion, index, &customer));
    CHECK_STR(customer.id, ids[index]);
    CHECK_INT(customer.metadata_count, index == 2);
  }
  const char *key = NULL, *value = NULL;
  CHECK_OK(paynow_completion_metadata(completion, 2, 0, &key, &value));
  CHECK_STR(key, "k");
  CHECK_STR(value, "v");
  struct paynow_customer beyond = INIT(struct paynow_customer);
  CHECK_STATUS(paynow_completion_customer(completion, SIZE_MAX, &beyond), PAYNOW_E_NO_VALUE);
  destroy(client);
}

TEST(an_empty_list_is_found) {
  client = new_client();
  sandbox_answers("list_customers", 200, "{}", "[]");
  CHECK_OK(paynow_list_customers(client, NULL, NULL, NULL));
  completion = await(client);
  CHECK_INT(info_of(completion).found, 1);
  CHECK_INT(info_of(completion).customer_count, 0);
  destroy(client);
}

static paynow_status giftcard(const char *body, struct paynow_giftcard *card) {
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.customer_token = "t";
  query.code = "C";
  sandbox_answers("lookup_giftcard", 200, "{}", body);
  client = new_client();
  CHECK_OK(paynow_lookup_giftcard(client, &query, NULL, NULL));
  completion = await(client);
  paynow_status status = info_of(completion).status;
  if (status == PAYNOW_OK) CHECK_OK(paynow_completion_giftcard(completion, card));
  return status;
}

TEST(giftcard_fields) {
  struct paynow_giftcard card = INIT(struct paynow_giftcard);
  CHECK_STATUS(giftcard("{\"code\":\"C-1\",\"balance\":1275,\"starting_balance\":2000,\"expires_at\":\"2031-01-01T00:00:00.000Z\"}", &card), PAYNOW_OK);
  CHECK_STR(card.code, "C-1");
  CHECK_INT(card.balance, 1275);
  CHECK_INT(card.starting_balance, 2000);
  CHECK_STR(card.expires_at, "2031-01-01T00:00:00.000Z");
  CHECK_INT(card.expires_at_ms, INT64_C(1924992000000));
  destroy(client);
  CHECK_STATUS(giftcard("{\"code\":\"C-2\",\"balance\":-5,\"starting_balance\":9007199254740993,\"expires_at\":null}", &card), PAYNOW_OK);
  CHECK_INT(card.balance, -5);
  CHECK_INT(card.starting_balance, INT64_C(9007199254740993));
  CHECK_STR(card.expires_at, NULL);
  CHECK_INT(card.expires_at_ms, PAYNOW_NO_DATE);
  destroy(client);
}

// Money is refused rather than rounded.
TEST(giftcard_with_half_a_cent) {
  struct paynow_giftcard card = INIT(struct paynow_giftcard);
  CHECK_STATUS(giftcard("{\"code\":\"C\",\"balance\":12.5,\"starting_balance\":20}", &card), PAYNOW_E_INVALID_RESPONSE);
  destroy(client);
  CHECK_STATUS(giftcard("{\"code\":\"C\",\"starting_balance\":20}", &card), PAYNOW_E_INVALID_RESPONSE);
  destroy(client);
}

static paynow_status token(const char *body) {
  client = new_client();
  sandbox_answers("create_customer_token", 200, "{}", body);
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  completion = await(client);
  return info_of(completion).status;
}

TEST(token_and_its_length) {
  const char *text = NULL;
  size_t length = 0;
  CHECK_STATUS(token("{\"token\":\"pnct_abc\",\"extra\":1}"), PAYNOW_OK);
  CHECK_OK(paynow_completion_token(completion, &text, &length));
  CHECK_STR(text, "pnct_abc");
  CHECK_INT(length, 8);
  CHECK_OK(paynow_completion_token(completion, &text, NULL));
  destroy(client);
}

// A token travels in a header later, so one that cannot is refused.
TEST(what_is_not_a_token_is_an_invalid_response) {
  static const char *const bodies[] = {"{\"token\":\"\"}", "{\"token\":null}", "{\"token\":5}", "{\"customer_token\":\"x\"}",
                                       "{\"token\":\"a\\r\\nx-evil: 1\"}", "{\"token\":\"a b\"}", "{}", "null"};
  for (size_t index = 0; index < sizeof bodies / sizeof *bodies; index++) {
    if (!CHECK_STATUS(token(bodies[index]), PAYNOW_E_INVALID_RESPONSE)) FAIL("the body was %s", bodies[index]);
    destroy(client);
  }
}

TEST(accessors_of_another_kind_have_no_value) {
  struct paynow_giftcard card = INIT(struct paynow_giftcard);
  struct paynow_customer customer = INIT(struct paynow_customer);
  struct paynow_api_error error = INIT(struct paynow_api_error);
  struct paynow_validation_error invalid = INIT(struct paynow_validation_error);
  const char *text = NULL, *other = NULL;
  seeded(MIRA);
  CHECK_STATUS(paynow_completion_giftcard(completion, &card), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_token(completion, &text, NULL), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_error(completion, &error), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_validation_error(completion, 0, &invalid), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_validation_path(completion, 0, 0, &text), PAYNOW_E_NO_VALUE);
  destroy(client);
  CHECK_STATUS(token("{\"token\":\"t\"}"), PAYNOW_OK);
  CHECK_STATUS(paynow_completion_customer(completion, 0, &customer), PAYNOW_E_NO_VALUE);
  CHECK_STATUS(paynow_completion_metadata(completion, 0, 0, &text, &other), PAYNOW_E_NO_VALUE);
  destroy(client);
  CHECK(text == NULL && other == NULL && card.code == NULL && customer.id == NULL);
}

TEST(json_is_the_body_as_it_came) {
  static const char body[] = " {\"id\" : \"7\",\n\"extra\":[1.50,{}]} ";
  canned(body);
  const char *json = NULL;
  size_t length = 0;
  CHECK_OK(paynow_completion_json(completion, &json, &length));
  CHECK_STR(json, body);
  CHECK_INT(length, sizeof body - 1);
  destroy(client);
  // A revocation has no body.
  client = new_client();
  CHECK_OK(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL));
  completion = await(client);
  CHECK_STATUS(paynow_completion_json(completion, &json, &length), PAYNOW_E_NO_VALUE);
  destroy(client);
}

TEST(created_and_revoked_with_other_success_statuses) {
  client = new_client();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "x";
  sandbox_answers("create_customer", 201, "{}", "{\"id\":\"7\"}");
  CHECK_OK(paynow_create_customer(client, &fields, NULL, NULL));
  completion = await(client);
  CHECK_STATUS(info_of(completion).status, PAYNOW_OK);
  CHECK_INT(info_of(completion).http_status, 201);
  sandbox_answers("invalidate_customer_tokens", 200, "{}", "{\"done\":true}");
  CHECK_OK(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  // What does not speak JSON is not PayNow: a login page must not pass for a revocation.
  sandbox_answers("invalidate_customer_tokens", 200, "{}", "done");
  CHECK_OK(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_E_INVALID_RESPONSE);
  sandbox_answers("lookup_customer", 204, "{}", "");
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.name = "x";
  CHECK_OK(paynow_lookup_customer(client, &query, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_E_INVALID_RESPONSE);
  destroy(client);
}

TEST(an_answer_in_chunks) {
  client = new_client();
  sandbox_faults("{\"rules\":[{\"operation\":\"get_customer\",\"respond\":{\"status\":200,\"chunked\":true,\"body\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}");
  CHECK_STATUS(get(MIRA).status, PAYNOW_OK);
  destroy(client);
}

TEST(an_answer_that_is_too_large) {
  paynow_client_config config = sandbox_config();
  config.max_response_bytes = 1000;
  client = client_with(&config);
  sandbox_faults("{\"rules\":[{\"operation\":\"get_customer\",\"respond\":{\"status\":200,\"body\":\" \",\"repeat\":100000000}}]}");
  paynow_completion_info info = get(MIRA);
  CHECK_STATUS(info.status, PAYNOW_E_RESPONSE_TOO_LARGE);
  CHECK_INT(info.found, 0);
  sandbox_recovers();
  CHECK_STATUS(get("1").status, PAYNOW_OK);
  destroy(client);
}

// An output struct of a later header: longer, and no more than this library knows is written.
TEST(longer_output_structs_keep_their_tail) {
  struct {
    struct paynow_customer known;
    unsigned char later[16];
  } customer;
  client = new_client();
  CHECK_STATUS(get(MIRA).status, PAYNOW_OK);
  memset(&customer, 0xee, sizeof customer);
  customer.known.struct_size = sizeof customer;
  CHECK_OK(paynow_completion_customer(completion, 0, &customer.known));
  CHECK_STR(customer.known.id, MIRA);
  CHECK_INT(customer.known.struct_size, sizeof customer);
  for (size_t index = 0; index < sizeof customer.later; index++) CHECK_INT(customer.later[index], 0xee);
  destroy(client);
}
