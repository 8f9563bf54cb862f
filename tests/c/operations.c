// What each operation sends, down to the byte, and that the sandbox's answer to it arrives.
#include "harness.h"

#define STORE "411486491630370816"
#define CUSTOMERS "/v1/stores/" STORE "/customers"

// Checks the last request; `body` is "" when there must be none.
#define CHECK_SENT(method_, target_, authorization_, body_)                                 \
  do {                                                                                      \
    struct sent sent = sandbox_sent();                                                      \
    CHECK_STR(sent.method, method_);                                                        \
    CHECK_STR(sent.target, target_);                                                        \
    CHECK_STR(sent.authorization, authorization_);                                          \
    CHECK_STR(sent.body, body_);                                                            \
    CHECK_STR(sent.content_type, *(body_) ? "application/json" : "");                       \
  } while (0)

// Submits one request, waits for it and checks how it ended and what was sent.
#define CHECK_CALL(submit, operation_, status_, found_)                                     \
  do {                                                                                      \
    CHECK_OK(submit);                                                                       \
    completion = await(client);                                                             \
    paynow_completion_info info = info_of(completion);                                      \
    CHECK_STATUS(info.status, status_);                                                     \
    CHECK_INT(info.operation, operation_);                                                  \
    CHECK_INT(info.found, found_);                                                          \
  } while (0)

static paynow_client client;
static paynow_completion completion;

static void begin(void) { client = new_client(); }
static void end(void) { destroy(client); }

static struct paynow_customer customer_of(size_t index) {
  struct paynow_customer customer = INIT(struct paynow_customer);
  CHECK_OK(paynow_completion_customer(completion, index, &customer));
  return customer;
}

static void copy_token(char *out, size_t room) {
  const char *token = NULL;
  size_t length = 0;
  *out = 0;
  if (!CHECK_OK(paynow_completion_token(completion, &token, &length))) return;
  CHECK_INT(length, strlen(token));
  CHECK(length > 0 && length < room);
  snprintf(out, room, "%s", token);
}

static void mint(const char *customer, char *out, size_t room) {
  CHECK_CALL(paynow_create_customer_token(client, customer, 0, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER_TOKEN, PAYNOW_OK, 1);
  copy_token(out, room);
}

TEST(list_without_a_query) {
  begin();
  CHECK_CALL(paynow_list_customers(client, NULL, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS, "APIKey", "");
  CHECK_INT(info_of(completion).customer_count, 24);
  end();
}

TEST(list_with_a_query_of_zeros) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS, "APIKey", "");
  end();
}

TEST(list_with_every_parameter) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  query.has_limit = 1;
  query.limit = 2;
  query.order = PAYNOW_ORDER_ASCENDING;
  query.after = NOTCH;
  query.search = "m";
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "?limit=2&after=" NOTCH "&asc=true&search=m", "APIKey", "");
  CHECK_INT(info_of(completion).customer_count, 2);
  // The accessors count: the second is there, a third is not.
  CHECK_STR(customer_of(0).store_id, sandbox_store);
  CHECK(strcmp(customer_of(0).id, customer_of(1).id) < 0);
  struct paynow_customer third = INIT(struct paynow_customer);
  CHECK_STATUS(paynow_completion_customer(completion, 2, &third), PAYNOW_E_NO_VALUE);
  end();
}

TEST(list_of_the_customers_that_are_named) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  // A length makes the end of an id, whatever follows it.
  paynow_text ids[101] = {{MIRA "0", strlen(MIRA)}, {"1", 0}, {NOTCH, 0}};
  query.customer_ids = ids;
  query.customer_ids_count = 3;
  query.order = PAYNOW_ORDER_ASCENDING;
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "?limit=3&asc=true&customer_id=" MIRA "&customer_id=1&customer_id=" NOTCH, "APIKey", "");
  CHECK_INT(info_of(completion).customer_count, 2);
  CHECK_STR(customer_of(0).id, NOTCH);
  CHECK_STR(customer_of(1).id, MIRA);

  query.customer_ids_count = 0;
  CHECK_STATUS(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customer_ids must not be empty");
  query.customer_ids_count = SIZE_MAX;
  CHECK_STATUS(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customer_ids must not be more than 100");
  query.customer_ids_count = 4;
  CHECK_STATUS(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customer_ids[3] must not be NULL");
  query.customer_ids = NULL;
  CHECK_STATUS(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customer_ids must not be NULL with a count");
  end();
}

// A program that was built with the header before there were ids in it.
TEST(list_with_a_query_of_an_earlier_header) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  query.struct_size = offsetof(paynow_list_query, customer_ids);
  query.has_limit = 1;
  query.limit = 2;
  memset(&query.customer_ids, 0xa5, sizeof query.customer_ids + sizeof query.customer_ids_count);
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "?limit=2", "APIKey", "");
  query.struct_size -= 1;
  CHECK_STATUS(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  end();
}

TEST(list_before_and_descending) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  query.has_limit = 1;
  query.limit = 100;
  query.order = PAYNOW_ORDER_DESCENDING;
  query.before = MIRA;
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "?limit=100&before=" MIRA "&asc=false", "APIKey", "");
  end();
}

TEST(list_search_is_percent_encoded) {
  begin();
  paynow_list_query query = INIT(paynow_list_query);
  query.search = "Gr\xc3\xbcnes B\xc3\xa4umchen&limit=1#%";
  CHECK_CALL(paynow_list_customers(client, &query, NULL, NULL), PAYNOW_OP_LIST_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "?search=Gr%C3%BCnes%20B%C3%A4umchen%26limit%3D1%23%25", "APIKey", "");
  CHECK_INT(info_of(completion).customer_count, 0);
  end();
}

TEST(create_with_every_field) {
  begin();
  paynow_metadata_entry metadata[] = {{"rank", 0, "vip \"gold\"\n", 0}, {"\xe2\x9c\x93", 0, "", 0}};
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.steam_id = "76561198000000009";
  fields.minecraft_uuid = "ABCDEF0123456789ABCDEF0123456789";
  fields.minecraft_platform = PAYNOW_MINECRAFT_JAVA;
  fields.xbox_xuid = "2535400000000009";
  fields.name = "\xe6\x98\xa5 \xf0\x9f\x94\xa5";
  fields.metadata = metadata;
  fields.metadata_count = 2;
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_OK, 1);
  struct sent sent = sandbox_sent();
  CHECK_STR(sent.method, "POST");
  CHECK_STR(sent.target, CUSTOMERS);
  CHECK_STR(sent.authorization, "APIKey");
  CHECK_STR(sent.content_type, "application/json");
  // The order of members means nothing in JSON.
  CHECK_HAS(sent.body, "\"steam_id\":\"76561198000000009\"");
  CHECK_HAS(sent.body, "\"minecraft_uuid\":\"abcdef01-2345-6789-abcd-ef0123456789\"");
  CHECK_HAS(sent.body, "\"minecraft_platform\":\"java\"");
  CHECK_HAS(sent.body, "\"xbox_xuid\":\"2535400000000009\"");
  CHECK_HAS(sent.body, "\"name\":\"\xe6\x98\xa5 \xf0\x9f\x94\xa5\"");
  CHECK_HAS(sent.body, "\"metadata\":{\"rank\":\"vip \\\"gold\\\"\\n\",\"\xe2\x9c\x93\":\"\"}");
  // And the answer is the customer that was made.
  struct paynow_customer made = customer_of(0);
  CHECK_STR(made.steam_id, "76561198000000009");
  CHECK_STR(made.minecraft_uuid, "abcdef01-2345-6789-abcd-ef0123456789");
  CHECK_STR(made.name, "\xe6\x98\xa5 \xf0\x9f\x94\xa5");
  CHECK_INT(made.metadata_count, 2);
  CHECK_INT(sandbox_count("creates_effective"), 1);
  end();
}

TEST(create_sends_only_what_is_given) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Only";
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("POST", CUSTOMERS, "APIKey", "{\"name\":\"Only\"}");
  fields = INIT(paynow_customer_fields);
  fields.xbox_xuid = "2535400000000010";
  fields.minecraft_platform = PAYNOW_MINECRAFT_BEDROCK;
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("POST", CUSTOMERS, "APIKey", "{\"minecraft_platform\":\"bedrock\",\"xbox_xuid\":\"2535400000000010\"}");
  end();
}

TEST(create_conflict_and_unknown_account) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_E_CONFLICT, 0);
  CHECK_INT(info_of(completion).http_status, 409);
  // A 404 to a create is not "no such customer".
  fields.minecraft_uuid = "deadbeef-0000-4000-8000-000000000001";
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_E_NOT_FOUND, 0);
  CHECK_INT(info_of(completion).http_status, 404);
  end();
}

TEST(get) {
  begin();
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("GET", CUSTOMERS "/" MIRA, "APIKey", "");
  CHECK_STR(customer_of(0).name, "Mira");
  CHECK_INT(info_of(completion).customer_count, 1);
  CHECK_CALL(paynow_get_customer(client, "1", 0, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 0);
  CHECK_INT(info_of(completion).customer_count, 0);
  end();
}

TEST(update_leaves_absent_fields_alone) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "Mira II";
  CHECK_CALL(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL), PAYNOW_OP_UPDATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("PATCH", CUSTOMERS "/" MIRA, "APIKey", "{\"name\":\"Mira II\"}");
  struct paynow_customer changed = customer_of(0);
  CHECK_STR(changed.name, "Mira II");
  CHECK_STR(changed.xbox_xuid, "2533274790395904");
  CHECK_INT(changed.metadata_count, 3);
  end();
}

TEST(update_with_nothing) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  CHECK_CALL(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL), PAYNOW_OP_UPDATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("PATCH", CUSTOMERS "/" MIRA, "APIKey", "{}");
  end();
}

TEST(update_can_say_null) {
  static const struct {
    uint32_t bit;
    const char *body;
  } cases[] = {
      {PAYNOW_NULL_MINECRAFT_UUID, "{\"minecraft_uuid\":null}"},
      {PAYNOW_NULL_XBOX_XUID, "{\"xbox_xuid\":null}"},
      {PAYNOW_NULL_NAME, "{\"name\":null}"},
      {PAYNOW_NULL_METADATA, "{\"metadata\":null}"},
  };
  begin();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_customer_fields fields = INIT(paynow_customer_fields);
    fields.null_fields = cases[index].bit;
    CHECK_CALL(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL), PAYNOW_OP_UPDATE_CUSTOMER, PAYNOW_OK, 1);
    CHECK_SENT("PATCH", CUSTOMERS "/" MIRA, "APIKey", cases[index].body);
  }
  CHECK_STR(customer_of(0).name, NULL);
  CHECK_STR(customer_of(0).xbox_xuid, NULL);
  end();
}

TEST(update_tells_null_value_and_empty_apart) {
  begin();
  paynow_metadata_entry none = {NULL, 0, NULL, 0};
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_NAME;
  fields.steam_id = "76561198000000019";
  fields.minecraft_platform = PAYNOW_MINECRAFT_UNKNOWN;
  fields.metadata = &none;
  CHECK_CALL(paynow_update_customer(client, MIRA, 0, &fields, NULL, NULL), PAYNOW_OP_UPDATE_CUSTOMER, PAYNOW_OK, 1);
  struct sent sent = sandbox_sent();
  CHECK_HAS(sent.body, "\"name\":null");
  CHECK_HAS(sent.body, "\"steam_id\":\"76561198000000019\"");
  CHECK_HAS(sent.body, "\"minecraft_platform\":\"unknown\"");
  CHECK_HAS(sent.body, "\"metadata\":{}");
  CHECK_HAS_NOT(sent.body, "xbox_xuid");
  CHECK_HAS_NOT(sent.body, "minecraft_uuid");
  CHECK_INT(customer_of(0).metadata_count, 0);
  end();
}

TEST(update_of_a_stranger_is_not_found) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "x";
  CHECK_CALL(paynow_update_customer(client, "1", 0, &fields, NULL, NULL), PAYNOW_OP_UPDATE_CUSTOMER, PAYNOW_E_NOT_FOUND, 0);
  end();
}

TEST(tokens_are_minted_and_revoked) {
  char token[256];
  begin();
  mint(MIRA, token, sizeof token);
  CHECK_SENT("POST", CUSTOMERS "/" MIRA "/tokens", "APIKey", "");
  CHECK_CALL(paynow_get_current_customer(client, token, 0, NULL, NULL), PAYNOW_OP_GET_CURRENT_CUSTOMER, PAYNOW_OK, 1);
  CHECK_SENT("GET", "/v1/store/customer", "Customer", "");
  CHECK_STR(customer_of(0).id, MIRA);
  // A revocation holds nothing by contract, so there is nothing to find.
  CHECK_CALL(paynow_invalidate_customer_tokens(client, MIRA, 0, NULL, NULL), PAYNOW_OP_INVALIDATE_CUSTOMER_TOKENS, PAYNOW_OK, 0);
  CHECK_SENT("DELETE", CUSTOMERS "/" MIRA "/tokens", "APIKey", "");
  CHECK_INT(info_of(completion).http_status, 204);
  CHECK_CALL(paynow_get_current_customer(client, token, 0, NULL, NULL), PAYNOW_OP_GET_CURRENT_CUSTOMER, PAYNOW_E_UNAUTHORIZED, 0);
  CHECK_INT(info_of(completion).http_status, 401);
  end();
}

TEST(lookup_by_each_key) {
  static const struct {
    const char *key, *value, *encoded, *found;
  } cases[] = {
      {"id", MIRA, MIRA, MIRA},
      {"steam_id", "76561198087654321", "76561198087654321", MIRA},
      {"minecraft_uuid", "D4E8A1B752C34F968A0D7C19E3B5F264", "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264", MIRA},
      {"xbox_xuid", "2535432196048835", "2535432196048835", PIA},
      {"minecraft_java_name", "Offline_Olga", "Offline_Olga", OLGA},
      {"minecraft_bedrock_name", "Sir Dig A Lot", "Sir%20Dig%20A%20Lot", "443822190362625093"},
      {"name", "Gr\xc3\xbcnes B\xc3\xa4umchen", "Gr%C3%BCnes%20B%C3%A4umchen", "444946272223232820"},
  };
  begin();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    paynow_lookup_query query = INIT(paynow_lookup_query);
    const char **members[] = {&query.id,        &query.steam_id,           &query.minecraft_uuid,
                              &query.xbox_xuid, &query.minecraft_java_name, &query.minecraft_bedrock_name,
                              &query.name};
    *members[index] = cases[index].value;
    CHECK_CALL(paynow_lookup_customer(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_CUSTOMER, PAYNOW_OK, 1);
    char target[256];
    snprintf(target, sizeof target, CUSTOMERS "/lookup?%s=%s", cases[index].key, cases[index].encoded);
    CHECK_SENT("GET", target, "APIKey", "");
    CHECK_STR(customer_of(0).id, cases[index].found);
  }
  end();
}

TEST(lookup_of_a_stranger_is_an_answer) {
  begin();
  paynow_lookup_query query = INIT(paynow_lookup_query);
  query.minecraft_java_name = "Herobrine";
  CHECK_CALL(paynow_lookup_customer(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_CUSTOMER, PAYNOW_OK, 0);
  CHECK_INT(info_of(completion).http_status, 404);
  struct paynow_customer none = INIT(struct paynow_customer);
  CHECK_STATUS(paynow_completion_customer(completion, 0, &none), PAYNOW_E_NO_VALUE);
  // PayNow's own words are there all the same.
  struct paynow_api_error error = INIT(struct paynow_api_error);
  CHECK_OK(paynow_completion_error(completion, &error));
  CHECK_STR(error.code, "not-found");
  end();
}

TEST(bulk_of_three) {
  begin();
  paynow_metadata_entry metadata = {"rank", 0, "new", 0};
  paynow_customer_fields fields[3] = {INIT(paynow_customer_fields), INIT(paynow_customer_fields), INIT(paynow_customer_fields)};
  fields[0].name = "One";
  fields[0].metadata = &metadata;
  fields[0].metadata_count = 1;
  fields[1].steam_id = "76561198000000029";
  fields[2].name = "Three";
  fields[2].null_fields = PAYNOW_NULL_XBOX_XUID;
  CHECK_CALL(paynow_bulk_create_customers(client, fields, 3, NULL, NULL), PAYNOW_OP_BULK_CREATE_CUSTOMERS, PAYNOW_OK, 1);
  struct sent sent = sandbox_sent();
  CHECK_STR(sent.method, "POST");
  CHECK_STR(sent.target, CUSTOMERS "/bulk");
  CHECK_HAS(sent.body, "[{\"name\":\"One\",\"metadata\":{\"rank\":\"new\"}},{\"steam_id\":\"76561198000000029\"},{");
  CHECK_HAS(sent.body, "\"xbox_xuid\":null");
  CHECK_INT(info_of(completion).customer_count, 3);
  CHECK_STR(customer_of(0).name, "One");
  CHECK_STR(customer_of(1).steam_id, "76561198000000029");
  CHECK_STR(customer_of(2).name, "Three");
  end();
}

TEST(bulk_of_two_hundred) {
  static paynow_customer_fields fields[200];
  static char ids[200][20];
  begin();
  for (int index = 0; index < 200; index++) {
    snprintf(ids[index], sizeof ids[index], "%" PRIu64, UINT64_C(76561198300000000) + (uint64_t)index);
    fields[index] = INIT(paynow_customer_fields);
    fields[index].steam_id = ids[index];
  }
  CHECK_CALL(paynow_bulk_create_customers(client, fields, 200, NULL, NULL), PAYNOW_OP_BULK_CREATE_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_INT(info_of(completion).customer_count, 200);
  CHECK_STR(customer_of(0).steam_id, ids[0]);
  CHECK_STR(customer_of(199).steam_id, ids[199]);
  CHECK_INT(sandbox_count("customers"), 224);
  end();
}

// A host compiled against a later header: its elements are longer, and lie further apart.
TEST(bulk_of_longer_structs) {
  struct {
    paynow_customer_fields fields;
    char later[24];
  } customers[2] = {{INIT(paynow_customer_fields), {0}}, {INIT(paynow_customer_fields), {0}}};
  begin();
  for (int index = 0; index < 2; index++) {
    customers[index].fields.struct_size = sizeof *customers;
    customers[index].fields.name = index ? "second" : "first";
  }
  CHECK_CALL(paynow_bulk_create_customers(client, &customers[0].fields, 2, NULL, NULL), PAYNOW_OP_BULK_CREATE_CUSTOMERS, PAYNOW_OK, 1);
  CHECK_STR(sandbox_sent().body, "[{\"name\":\"first\"},{\"name\":\"second\"}]");
  end();
}

TEST(authenticate_on_each_platform) {
  static const struct {
    int32_t platform;
    const char *word, *id, *customer;
  } cases[] = {
      {PAYNOW_PLATFORM_STEAM, "steam", "76561198087654321", MIRA},
      {PAYNOW_PLATFORM_MINECRAFT, "minecraft", "Notch", NOTCH},
      {PAYNOW_PLATFORM_PAYNOW_NAME, "paynow_name", "Mira", MIRA},
      {PAYNOW_PLATFORM_PAYNOW, "paynow", MIRA, MIRA},
      {PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME, "minecraft_java_name", "MiraMines", MIRA},
      {PAYNOW_PLATFORM_MINECRAFT_BEDROCK_NAME, "minecraft_bedrock_name", "PixelPia", PIA},
      {PAYNOW_PLATFORM_XBOX_XUID, "xbox_xuid", "2535432196048835", PIA},
      {PAYNOW_PLATFORM_MINECRAFT_UUID, "minecraft_uuid", "069a79f4-44e9-4726-a5be-fca90e38aaf5", NOTCH},
  };
  begin();
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    char body[128], token[256];
    paynow_authentication authentication = INIT(paynow_authentication);
    authentication.platform = cases[index].platform;
    authentication.id = cases[index].id;
    authentication.customer_ip = "203.0.113.7";
    CHECK_CALL(paynow_authenticate_customer(client, &authentication, NULL, NULL), PAYNOW_OP_AUTHENTICATE_CUSTOMER, PAYNOW_OK, 1);
    snprintf(body, sizeof body, "{\"platform\":\"%s\",\"id\":\"%s\"}", cases[index].word, cases[index].id);
    // No Authorization at all: an empty or a wrong one is refused by PayNow.
    CHECK_SENT("POST", "/v1/store/customer/auth", "none", body);
    copy_token(token, sizeof token);
    CHECK_CALL(paynow_get_current_customer(client, token, 0, NULL, NULL), PAYNOW_OP_GET_CURRENT_CUSTOMER, PAYNOW_OK, 1);
    CHECK_STR(customer_of(0).id, cases[index].customer);
  }
  end();
}

TEST(authenticate_sends_its_headers) {
  static const char *const addresses[] = {"203.0.113.7", "2001:db8::1:7"};
  begin();
  for (int index = 0; index < 2; index++) {
    paynow_authentication authentication = INIT(paynow_authentication);
    authentication.platform = PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME;
    authentication.id = "MiraMines";
    authentication.customer_ip = addresses[index];
    authentication.customer_countrycode = index ? NULL : "DE";
    CHECK_CALL(paynow_authenticate_customer(client, &authentication, NULL, NULL), PAYNOW_OP_AUTHENTICATE_CUSTOMER, PAYNOW_OK, 1);
    struct sent sent = sandbox_sent();
    CHECK_STR(sent.store_id, sandbox_store);
    CHECK_STR(sent.customer_ip, addresses[index]);
    CHECK_STR(sent.customer_country, index ? "" : "DE");
  }
  end();
}

TEST(authenticate_is_refused_where_steam_is_not_trusted) {
  begin();
  sandbox_faults("{\"trust_steam\":false}");
  paynow_authentication authentication = INIT(paynow_authentication);
  authentication.platform = PAYNOW_PLATFORM_STEAM;
  authentication.id = "76561198087654321";
  authentication.customer_ip = "203.0.113.7";
  CHECK_CALL(paynow_authenticate_customer(client, &authentication, NULL, NULL), PAYNOW_OP_AUTHENTICATE_CUSTOMER, PAYNOW_E_FORBIDDEN, 0);
  CHECK_STR(info_of(completion).error_code, "platform-not-trusted");
  end();
}

TEST(giftcard) {
  char token[256];
  begin();
  mint(MIRA, token, sizeof token);
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.customer_token = token;
  query.code = "GIFT-1275-MIRA";
  CHECK_CALL(paynow_lookup_giftcard(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_GIFTCARD, PAYNOW_OK, 1);
  CHECK_SENT("GET", "/v1/store/customer/giftcards/lookup/GIFT-1275-MIRA", "Customer", "");
  query.code = "GIFT-NONE";
  CHECK_CALL(paynow_lookup_giftcard(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_GIFTCARD, PAYNOW_OK, 0);
  end();
}

TEST(giftcard_code_is_percent_encoded) {
  char token[256];
  begin();
  mint(MIRA, token, sizeof token);
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.customer_token = token;
  query.code = "SUMMER 24/\xc3\x84\xc3\x96";
  CHECK_CALL(paynow_lookup_giftcard(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_GIFTCARD, PAYNOW_OK, 1);
  CHECK_SENT("GET", "/v1/store/customer/giftcards/lookup/SUMMER%2024%2F%C3%84%C3%96", "Customer", "");
  struct paynow_giftcard card = INIT(struct paynow_giftcard);
  CHECK_OK(paynow_completion_giftcard(completion, &card));
  CHECK_STR(card.code, "SUMMER 24/\xc3\x84\xc3\x96");
  // What would change the path stays inside its segment.
  query.code = "../x?y#z%2e";
  CHECK_CALL(paynow_lookup_giftcard(client, &query, NULL, NULL), PAYNOW_OP_LOOKUP_GIFTCARD, PAYNOW_OK, 0);
  CHECK_STR(sandbox_sent().target, "/v1/store/customer/giftcards/lookup/..%2Fx%3Fy%23z%252e");
  end();
}

TEST(request_by_each_method) {
  static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  begin();
  sandbox_answers("other", 200, "{}", "{\"done\":true}");
  for (int index = 0; index < 5; index++) {
    paynow_raw_request request = INIT(paynow_raw_request);
    request.method = methods[index];
    request.path = "/v1/stores/{store_id}/things?x=%20&y=1";
    request.auth = PAYNOW_AUTH_API_KEY;
    const char *body = index == 1 || index == 2 || index == 3 ? "{\"a\":[1,\"\xc3\xa4\"]}" : NULL;
    request.json = body;
    CHECK_CALL(paynow_request(client, &request, NULL, NULL), PAYNOW_OP_REQUEST, PAYNOW_OK, 1);
    CHECK_SENT(methods[index], "/v1/stores/" STORE "/things?x=%20&y=1", "APIKey", body ? body : "");
    const char *json = NULL;
    CHECK_OK(paynow_completion_json(completion, &json, NULL));
    CHECK_STR(json, "{\"done\":true}");
  }
  end();
}

TEST(request_with_each_authentication) {
  char token[256];
  begin();
  mint(MIRA, token, sizeof token);
  paynow_raw_request request = INIT(paynow_raw_request);
  request.method = "GET";
  request.path = "/v1/store/customer";
  request.auth = PAYNOW_AUTH_CUSTOMER;
  request.customer_token = token;
  CHECK_CALL(paynow_request(client, &request, NULL, NULL), PAYNOW_OP_REQUEST, PAYNOW_OK, 1);
  CHECK_SENT("GET", "/v1/store/customer", "Customer", "");
  request.customer_token = NULL;
  request.auth = PAYNOW_AUTH_NONE;
  CHECK_CALL(paynow_request(client, &request, NULL, NULL), PAYNOW_OP_REQUEST, PAYNOW_E_UNAUTHORIZED, 0);
  CHECK_SENT("GET", "/v1/store/customer", "none", "");
  // A 404 to an operation the library does not know means what the host says it means.
  request.path = "/v1/nothing";
  CHECK_CALL(paynow_request(client, &request, NULL, NULL), PAYNOW_OP_REQUEST, PAYNOW_E_NOT_FOUND, 0);
  end();
}

TEST(user_agent_names_the_library_and_the_host) {
  char expected[64];
  snprintf(expected, sizeof expected, "paynow-bridge/%s", paynow_version());
  begin();
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  CHECK_STR(sandbox_sent().user_agent, expected);
  end();
  paynow_client_config config = sandbox_config();
  config.user_agent = "MyServer/2.0 (test)";
  client = client_with(&config);
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  snprintf(expected, sizeof expected, "MyServer/2.0 (test) paynow-bridge/%s", paynow_version());
  CHECK_STR(sandbox_sent().user_agent, expected);
  end();
}

// Lengths count: nothing behind them may be read, whatever follows.
TEST(strings_with_a_length_need_no_end) {
  begin();
  CHECK_CALL(paynow_get_customer(client, MIRA "999", strlen(MIRA), NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  CHECK_STR(sandbox_sent().target, CUSTOMERS "/" MIRA);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  lookup.minecraft_java_name = "Notch\xff\xff";
  lookup.minecraft_java_name_n = 5;
  CHECK_CALL(paynow_lookup_customer(client, &lookup, NULL, NULL), PAYNOW_OP_LOOKUP_CUSTOMER, PAYNOW_OK, 1);
  CHECK_STR(customer_of(0).id, NOTCH);
  paynow_metadata_entry metadata = {"rankX", 4, "vipX", 3};
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name = "NameX";
  fields.name_n = 4;
  fields.metadata = &metadata;
  fields.metadata_count = 1;
  CHECK_CALL(paynow_create_customer(client, &fields, NULL, NULL), PAYNOW_OP_CREATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_STR(sandbox_sent().body, "{\"name\":\"Name\",\"metadata\":{\"rank\":\"vip\"}}");
  paynow_client_config config = sandbox_config();
  char store[64], key[128];
  snprintf(store, sizeof store, "%s7", sandbox_store);
  snprintf(key, sizeof key, "%s\n", sandbox_key);
  config.store_id = store;
  config.store_id_n = strlen(store) - 1;
  config.api_key = key;
  config.api_key_n = strlen(key) - 1;
  end();
  client = client_with(&config);
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  end();
}

// Everything is copied before a submitting function returns.
TEST(input_is_copied) {
  char id[32] = MIRA;
  begin();
  CHECK_OK(paynow_get_customer(client, id, 0, NULL, NULL));
  memset(id, 'x', sizeof id);
  completion = await(client);
  CHECK_STR(customer_of(0).id, MIRA);
  end();
}

TEST(a_key_pasted_with_its_scheme_is_understood) {
  char key[128];
  snprintf(key, sizeof key, "APIKey %s", sandbox_key);
  paynow_client_config config = sandbox_config();
  config.api_key = key;
  client = client_with(&config);
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_OK, 1);
  end();
}

TEST(a_wrong_key_is_unauthorized) {
  paynow_client_config config = sandbox_config();
  config.api_key = "pnapi_wrong";
  client = client_with(&config);
  CHECK_CALL(get_mira(client, NULL, NULL), PAYNOW_OP_GET_CUSTOMER, PAYNOW_E_UNAUTHORIZED, 0);
  CHECK_HAS_NOT(info_of(completion).message, "pnapi_wrong");
  end();
}

TEST(without_a_key_the_storefront_works) {
  paynow_client_config config = sandbox_config();
  config.api_key = NULL;
  client = client_with(&config);
  paynow_authentication authentication = INIT(paynow_authentication);
  authentication.platform = PAYNOW_PLATFORM_XBOX_XUID;
  authentication.id = "2535432196048835";
  authentication.customer_ip = "203.0.113.7";
  CHECK_CALL(paynow_authenticate_customer(client, &authentication, NULL, NULL), PAYNOW_OP_AUTHENTICATE_CUSTOMER, PAYNOW_OK, 1);
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_NO_API_KEY);
  paynow_raw_request request = INIT(paynow_raw_request);
  request.method = "GET";
  request.path = "/v1/store/customer";
  request.auth = PAYNOW_AUTH_API_KEY;
  CHECK_STATUS(paynow_request(client, &request, NULL, NULL), PAYNOW_E_NO_API_KEY);
  CHECK_INT(sandbox_count("requests"), 1);
  end();
}
