// Input that cannot be used is refused at once, by name: nothing is sent, nothing is outstanding.
#include "harness.h"

static paynow_client client;
static paynow_request_id request;

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

static void begin(void) {
  client = new_client();
  request = UNTOUCHED;
}

// What every refusal has in common, looked at once at the end of each test.
static void end(void) {
  struct paynow_stats stats = stats_of(client);
  CHECK_INT(stats.submitted, 0);
  CHECK_INT(stats.outstanding, 0);
  CHECK_INT(request, UNTOUCHED);
  // A good request of the same client works, and is the only one that was ever sent.
  CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  CHECK_INT(sandbox_count("requests"), 1);
  destroy(client);
}

// `argument` must stand in the sentence as a word of its own.
#define REFUSED(call, argument) check_refused(__LINE__, #call, call, PAYNOW_E_INVALID_ARGUMENT, argument)

static void check_refused(int line, const char *what, paynow_status actual, paynow_status expected, const char *argument) {
  if (!check_status(__FILE__, line, what, actual, expected)) return;
  const char *error = paynow_last_error();
  const char *found = strstr(error, argument);
  size_t length = strlen(argument);
  while (found && *argument != '[' &&
         ((found != error && (found[-1] == '_' || found[-1] >= 'a')) || found[length] == '_' || found[length] >= 'a')) {
    found = strstr(found + 1, argument);
  }
  if (!found) harness_fail(__FILE__, line, "%s: \"%s\" does not name %s", what, error, argument);
}

// --- NULL ---

TEST(null_outputs_and_inputs) {
  begin();
  paynow_client_config config = sandbox_config();
  paynow_client other = 0;
  size_t count = 77;
  paynow_completion completion;
  REFUSED(paynow_client_create(NULL, &other), "config");
  REFUSED(paynow_client_create(&config, NULL), "out_client");
  CHECK_INT(other, 0);
  REFUSED(paynow_create_customer(client, NULL, NULL, &request), "fields");
  REFUSED(paynow_get_customer(client, NULL, 0, NULL, &request), "customer_id");
  REFUSED(paynow_update_customer(client, NULL, 0, NULL, NULL, &request), "customer_id");
  REFUSED(paynow_update_customer(client, MIRA, 0, NULL, NULL, &request), "fields");
  REFUSED(paynow_create_customer_token(client, NULL, 0, NULL, &request), "customer_id");
  REFUSED(paynow_invalidate_customer_tokens(client, NULL, 0, NULL, &request), "customer_id");
  REFUSED(paynow_lookup_customer(client, NULL, NULL, &request), "query");
  REFUSED(paynow_bulk_create_customers(client, NULL, 1, NULL, &request), "customers");
  REFUSED(paynow_authenticate_customer(client, NULL, NULL, &request), "authentication");
  REFUSED(paynow_get_current_customer(client, NULL, 0, NULL, &request), "customer_token");
  REFUSED(paynow_lookup_giftcard(client, NULL, NULL, &request), "query");
  REFUSED(paynow_request(client, NULL, NULL, &request), "request");
  REFUSED(paynow_client_stats(client, NULL), "out");
  REFUSED(paynow_client_metrics(client, NULL, 1, &count), "buffer");
  REFUSED(paynow_client_metrics(client, NULL, 0, NULL), "out_length");
  REFUSED(paynow_client_dump(client, NULL, 1, &count), "buffer");
  REFUSED(paynow_client_dump(client, NULL, 0, NULL), "out_length");
  REFUSED(paynow_client_next(client, 0, NULL, 1, &count), "out_completions");
  REFUSED(paynow_client_next(client, 0, &completion, 1, NULL), "out_count");
  REFUSED(paynow_client_next(client, 0, &completion, 0, &count), "capacity");
  CHECK_INT(count, 77);
  end();
}

TEST(null_members_that_are_required) {
  begin();
  paynow_client_config config = sandbox_config();
  paynow_client other = 0;
  config.store_id = NULL;
  REFUSED(paynow_client_create(&config, &other), "store_id");
  paynow_authentication authentication = INIT(paynow_authentication);
  authentication.platform = PAYNOW_PLATFORM_XBOX_XUID;
  authentication.customer_ip = "203.0.113.7";
  REFUSED(paynow_authenticate_customer(client, &authentication, NULL, &request), "id");
  authentication.id = "5";
  authentication.customer_ip = NULL;
  REFUSED(paynow_authenticate_customer(client, &authentication, NULL, &request), "customer_ip");
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  card.code = "C";
  REFUSED(paynow_lookup_giftcard(client, &card, NULL, &request), "customer_token");
  card.code = NULL;
  card.customer_token = "t";
  REFUSED(paynow_lookup_giftcard(client, &card, NULL, &request), "code");
  paynow_raw_request raw = INIT(paynow_raw_request);
  raw.path = "/x";
  REFUSED(paynow_request(client, &raw, NULL, &request), "method");
  raw.method = "GET";
  raw.path = NULL;
  REFUSED(paynow_request(client, &raw, NULL, &request), "path");
  end();
}

TEST(null_with_a_length) {
  begin();
  REFUSED(paynow_get_customer(client, NULL, 5, NULL, &request), "customer_id");
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.name_n = 3;
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "name");
  fields = INIT(paynow_customer_fields);
  fields.metadata_count = 1;
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "metadata");
  paynow_metadata_entry entry = {NULL, 0, "v", 0};
  fields.metadata = &entry;
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "metadata");
  entry = (paynow_metadata_entry){"k", 0, NULL, 0};
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "metadata");
  end();
}

TEST(a_length_that_cannot_be) {
  begin();
  REFUSED(paynow_get_customer(client, MIRA, SIZE_MAX, NULL, &request), "customer_id");
  REFUSED(paynow_bulk_create_customers(client, (const paynow_customer_fields *)"x", SIZE_MAX, NULL, &request), "customers");
  end();
}

// --- struct_size ---

// Calls with each wrong size of a struct. `call` uses the variable `padded.known`.
#define CHECK_INPUT_SIZES(type, prepare, call, argument)                                        \
  do {                                                                                          \
    struct {                                                                                    \
      type known;                                                                               \
      unsigned char later[32];                                                                  \
    } padded;                                                                                   \
    static const uint32_t wrong[] = {0, 1, 4, 8, 1000000, UINT32_MAX};           \
    memset(&padded, 0, sizeof padded);                                                          \
    prepare;                                                                                    \
    for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {                     \
      padded.known.struct_size = wrong[index];                                                  \
      REFUSED(call, argument);                                                                  \
      CHECK_HAS(paynow_last_error(), "struct_size");                                            \
    }                                                                                           \
    padded.known.struct_size = sizeof padded;                                                   \
    padded.later[31] = 1;                                                                       \
    REFUSED(call, argument);                                                                    \
  } while (0)

TEST(input_structs_of_a_wrong_size) {
  begin();
  paynow_client other = 0;
  CHECK_INPUT_SIZES(paynow_client_config, padded.known = sandbox_config(), paynow_client_create(&padded.known, &other), "config");
  CHECK_INPUT_SIZES(paynow_call, (void)0, get_mira(client, &padded.known, &request), "call");
  CHECK_INPUT_SIZES(paynow_list_query, (void)0, paynow_list_customers(client, &padded.known, NULL, &request), "query");
  CHECK_INPUT_SIZES(paynow_customer_fields, padded.known.name = "x", paynow_create_customer(client, &padded.known, NULL, &request), "fields");
  CHECK_INPUT_SIZES(paynow_customer_fields, padded.known.name = "x", paynow_update_customer(client, MIRA, 0, &padded.known, NULL, &request), "fields");
  CHECK_INPUT_SIZES(paynow_customer_fields, padded.known.name = "x", paynow_bulk_create_customers(client, &padded.known, 1, NULL, &request), "customers");
  CHECK_INPUT_SIZES(paynow_lookup_query, padded.known.name = "x", paynow_lookup_customer(client, &padded.known, NULL, &request), "query");
  CHECK_INPUT_SIZES(paynow_authentication, padded.known.id = "x", paynow_authenticate_customer(client, &padded.known, NULL, &request), "authentication");
  CHECK_INPUT_SIZES(paynow_giftcard_query, padded.known.code = "x", paynow_lookup_giftcard(client, &padded.known, NULL, &request), "query");
  CHECK_INPUT_SIZES(paynow_raw_request, padded.known.method = "GET", paynow_request(client, &padded.known, NULL, &request), "request");
  CHECK_INT(other, 0);
  end();
}

// A struct of a later header that uses nothing new is fine.
TEST(longer_structs_with_a_zero_tail) {
  struct {
    paynow_client_config known;
    char later[40];
  } config = {sandbox_config(), {0}};
  struct {
    paynow_call known;
    char later[40];
  } call = {INIT(paynow_call), {0}};
  struct {
    paynow_lookup_query known;
    char later[40];
  } query = {INIT(paynow_lookup_query), {0}};
  config.known.struct_size = sizeof config;
  call.known.struct_size = sizeof call;
  query.known.struct_size = sizeof query;
  query.known.id = MIRA;
  client = client_with(&config.known);
  CHECK_OK(paynow_lookup_customer(client, &query.known, &call.known, NULL));
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

// The structs of an array must be alike, or the library would read them in the wrong places.
TEST(bulk_with_sizes_that_differ) {
  begin();
  paynow_customer_fields fields[2] = {INIT(paynow_customer_fields), INIT(paynow_customer_fields)};
  fields[0].name = fields[1].name = "x";
  fields[1].struct_size = 0;
  REFUSED(paynow_bulk_create_customers(client, fields, 2, NULL, &request), "[1]");
  fields[1].struct_size = sizeof *fields + 8;
  CHECK_STATUS(paynow_bulk_create_customers(client, fields, 1, NULL, NULL), PAYNOW_OK);
  CHECK_STATUS(await_status(client), PAYNOW_OK);
  destroy(client);
}

TEST(output_structs_of_a_wrong_size) {
  client = new_client();
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  paynow_completion_info info = {0};
  struct paynow_customer customer = {0};
  struct paynow_stats stats = {0};
  static const uint32_t wrong[] = {0, 4, 8, 5000, UINT32_MAX};
  for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
    info.struct_size = customer.struct_size = stats.struct_size = wrong[index];
    REFUSED(paynow_completion_info_get(completion, &info), "out");
    REFUSED(paynow_completion_customer(completion, 0, &customer), "out");
    REFUSED(paynow_client_stats(client, &stats), "out");
    CHECK_INT(info.struct_size, wrong[index]);
    CHECK(info.request == 0 && customer.id == NULL && stats.submitted == 0);
  }
  const char *text = NULL;
  REFUSED(paynow_completion_info_get(completion, NULL), "out");
  REFUSED(paynow_completion_customer(completion, 0, NULL), "out");
  REFUSED(paynow_completion_json(completion, NULL, NULL), "out_json");
  REFUSED(paynow_completion_metadata(completion, 0, 0, NULL, &text), "out_key");
  REFUSED(paynow_completion_metadata(completion, 0, 0, &text, NULL), "out_value");
  CHECK_STR(text, NULL);
  destroy(client);
}

TEST(output_structs_of_a_wrong_size_for_errors_and_cards) {
  client = new_client();
  sandbox_answers("get_customer", 400, "{}", "{\"code\":\"x\",\"errors\":[{\"path\":\"p\"}]}");
  CHECK_OK(get_mira(client, NULL, NULL));
  paynow_completion completion = await(client);
  struct paynow_api_error error = {0};
  struct paynow_validation_error invalid = {0};
  struct paynow_giftcard card = {0};
  REFUSED(paynow_completion_error(completion, &error), "out");
  REFUSED(paynow_completion_error(completion, NULL), "out");
  REFUSED(paynow_completion_validation_error(completion, 0, &invalid), "out");
  REFUSED(paynow_completion_validation_error(completion, 0, NULL), "out");
  REFUSED(paynow_completion_validation_path(completion, 0, 0, NULL), "out_segment");
  sandbox_answers("*", 200, "{}", "{\"code\":\"x\",\"balance\":1,\"starting_balance\":1,\"token\":\"t\"}");
  paynow_giftcard_query query = INIT(paynow_giftcard_query);
  query.code = query.customer_token = "t";
  CHECK_OK(paynow_lookup_giftcard(client, &query, NULL, NULL));
  completion = await(client);
  REFUSED(paynow_completion_giftcard(completion, &card), "out");
  REFUSED(paynow_completion_giftcard(completion, NULL), "out");
  CHECK_OK(paynow_create_customer_token(client, MIRA, 0, NULL, NULL));
  completion = await(client);
  REFUSED(paynow_completion_token(completion, NULL, NULL), "out_token");
  destroy(client);
}

TEST(reserved_members_must_be_zero) {
  begin();
  paynow_call call = INIT(paynow_call);
  call.reserved = 1;
  REFUSED(get_mira(client, &call, &request), "reserved");
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.reserved = 1;
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "reserved");
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  lookup.reserved = 1;
  lookup.name = "x";
  REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "reserved");
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  card.reserved = 1;
  card.code = card.customer_token = "x";
  REFUSED(paynow_lookup_giftcard(client, &card, NULL, &request), "reserved");
  end();
}

// --- text ---

// Every string the functions take, in one place: sets one of them and calls.
enum { JSON = 22, STRINGS = 25 };

static paynow_status call_with(int which, const char *text, size_t length, const char **name) {
  paynow_list_query list = INIT(paynow_list_query);
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  paynow_giftcard_query card = INIT(paynow_giftcard_query);
  paynow_raw_request raw = INIT(paynow_raw_request);
  paynow_authentication login = INIT(paynow_authentication);
  login.platform = PAYNOW_PLATFORM_MINECRAFT;
  login.id = "x";
  login.customer_ip = "203.0.113.7";
  card.customer_token = card.code = "x";
  raw.method = "POST";
  raw.path = "/x";
  raw.auth = PAYNOW_AUTH_CUSTOMER;
  raw.customer_token = "x";
  paynow_metadata_entry entry = {"k", 0, "v", 0};
#define SET(struct_, member, name_) \
  (*name = name_, struct_.member = text, struct_.member##_n = length)
  switch (which) {
    case 0: SET(list, after, "after"); break;
    case 1: SET(list, before, "before"); break;
    case 2: SET(list, search, "search"); break;
    case 3: SET(fields, steam_id, "steam_id"); break;
    case 4: SET(fields, minecraft_uuid, "minecraft_uuid"); break;
    case 5: SET(fields, xbox_xuid, "xbox_xuid"); break;
    case 6: SET(fields, name, "name"); break;
    case 7: SET(entry, key, "metadata"); break;
    case 8: SET(lookup, id, "id"); break;
    case 9: SET(lookup, steam_id, "steam_id"); break;
    case 10: SET(lookup, minecraft_uuid, "minecraft_uuid"); break;
    case 11: SET(lookup, xbox_xuid, "xbox_xuid"); break;
    case 12: SET(lookup, minecraft_java_name, "minecraft_java_name"); break;
    case 13: SET(lookup, minecraft_bedrock_name, "minecraft_bedrock_name"); break;
    case 14: SET(lookup, name, "name"); break;
    case 15: SET(login, id, "id"); break;
    case 16: SET(login, customer_ip, "customer_ip"); break;
    case 17: SET(login, customer_countrycode, "customer_countrycode"); break;
    case 18: SET(card, customer_token, "customer_token"); break;
    case 19: SET(card, code, "code"); break;
    case 20: SET(raw, method, "method"); break;
    case 21: SET(raw, path, "path"); break;
    case JSON: SET(raw, json, "json"); break;
    case 23: SET(raw, customer_token, "customer_token"); break;
    default: *name = "customer_id"; return paynow_get_customer(client, text, length, NULL, &request);
  }
#undef SET
  fields.metadata = which == 7 ? &entry : NULL;
  fields.metadata_count = which == 7;
  if (which < 3) return paynow_list_customers(client, &list, NULL, &request);
  if (which < 8) return paynow_create_customer(client, &fields, NULL, &request);
  if (which < 15) return paynow_lookup_customer(client, &lookup, NULL, &request);
  if (which < 18) return paynow_authenticate_customer(client, &login, NULL, &request);
  if (which < 20) return paynow_lookup_giftcard(client, &card, NULL, &request);
  return paynow_request(client, &raw, NULL, &request);
}

static void refuse_everywhere(const char *text, size_t length) {
  for (int which = 0; which < STRINGS; which++) {
    // In JSON a line break is space like any other.
    if (which == JSON && length == 0 && strspn(text, "7\r\n") == strlen(text) && *text) continue;
    const char *name = NULL;
    paynow_status status = call_with(which, text, length, &name);
    check_refused(__LINE__, name, status, PAYNOW_E_INVALID_ARGUMENT, name);
    CHECK_INT(request, UNTOUCHED);
  }
}

TEST(invalid_utf8_in_every_string) {
  begin();
  static const char *const texts[] = {"7\xff", "7\xc3", "7\xc0\x80", "7\xed\xa0\x80", "7\xf5\x80\x80\x80"};
  for (size_t index = 0; index < sizeof texts / sizeof *texts; index++) refuse_everywhere(texts[index], 0);
  end();
}

TEST(line_breaks_in_every_string) {
  begin();
  refuse_everywhere("7\r\nx-evil: 1", 0);
  refuse_everywhere("7\n", 0);
  refuse_everywhere("7\r", 0);
  end();
}

TEST(other_control_characters_in_every_string) {
  begin();
  refuse_everywhere("7\t\x1b[31m", 0);
  refuse_everywhere("7\x7f", 0);
  // A next-line character, in UTF-8.
  refuse_everywhere("7\xc2\x85", 0);
  // A NUL inside a string with a length.
  refuse_everywhere("7\0007", 3);
  end();
}

TEST(empty_strings_everywhere) {
  begin();
  refuse_everywhere("", 0);
  end();
}

TEST(ids_that_are_not_ids) {
  static const char *const ids[] = {"0", "007", "-7", "+7", " 7", "7 ", "7.0", "0x7", "1e3", "seven", "9223372036854775808",
                                    "99999999999999999999999", "7/../8", "7?x=1", "7%2e", "\xd9\xa7"};
  begin();
  for (size_t index = 0; index < sizeof ids / sizeof *ids; index++) {
    paynow_list_query list = INIT(paynow_list_query);
    paynow_lookup_query lookup = INIT(paynow_lookup_query);
    paynow_customer_fields fields = INIT(paynow_customer_fields);
    REFUSED(paynow_get_customer(client, ids[index], 0, NULL, &request), "customer_id");
    REFUSED(paynow_update_customer(client, ids[index], 0, &fields, NULL, &request), "customer_id");
    REFUSED(paynow_create_customer_token(client, ids[index], 0, NULL, &request), "customer_id");
    REFUSED(paynow_invalidate_customer_tokens(client, ids[index], 0, NULL, &request), "customer_id");
    lookup.id = ids[index];
    REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "id");
    list.after = ids[index];
    REFUSED(paynow_list_customers(client, &list, NULL, &request), "after");
    list.after = NULL;
    list.before = ids[index];
    REFUSED(paynow_list_customers(client, &list, NULL, &request), "before");
  }
  end();
}

TEST(platform_ids_that_are_not_numbers) {
  static const char *const ids[] = {"STEAM_0:1:12345", "[U:1:12345]", "18446744073709551616", "-1", "0", "GordonF"};
  begin();
  for (size_t index = 0; index < sizeof ids / sizeof *ids; index++) {
    paynow_lookup_query lookup = INIT(paynow_lookup_query);
    paynow_customer_fields fields = INIT(paynow_customer_fields);
    lookup.steam_id = ids[index];
    REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "steam_id");
    lookup = INIT(paynow_lookup_query);
    lookup.xbox_xuid = ids[index];
    REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "xbox_xuid");
    fields.steam_id = ids[index];
    REFUSED(paynow_create_customer(client, &fields, NULL, &request), "steam_id");
    fields = INIT(paynow_customer_fields);
    fields.xbox_xuid = ids[index];
    REFUSED(paynow_create_customer(client, &fields, NULL, &request), "xbox_xuid");
  }
  end();
}

TEST(malformed_uuids) {
  static const char *const uuids[] = {"069a79f4", "069a79f4-44e9-4726-a5be-fca90e38aaf", "069a79f4-44e9-4726-a5be-fca90e38aaf55",
                                      "069a79f444e9-4726-a5be-fca90e38aaf5-", "g69a79f4-44e9-4726-a5be-fca90e38aaf5",
                                      "{069a79f4-44e9-4726-a5be-fca90e38aaf5}", "069a79f4 44e9 4726 a5be fca90e38aaf5", "Notch"};
  begin();
  for (size_t index = 0; index < sizeof uuids / sizeof *uuids; index++) {
    paynow_lookup_query lookup = INIT(paynow_lookup_query);
    paynow_customer_fields fields = INIT(paynow_customer_fields);
    lookup.minecraft_uuid = fields.minecraft_uuid = uuids[index];
    REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "minecraft_uuid");
    REFUSED(paynow_create_customer(client, &fields, NULL, &request), "minecraft_uuid");
    REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "minecraft_uuid");
    REFUSED(paynow_bulk_create_customers(client, &fields, 1, NULL, &request), "minecraft_uuid");
  }
  end();
}

TEST(countries_that_are_none) {
  static const char *const countries[] = {"en-US", "de", "De", "D", "DEU", "D1", "  ", "\xc3\x84"};
  begin();
  for (size_t index = 0; index < sizeof countries / sizeof *countries; index++) {
    const char *name = NULL;
    REFUSED(call_with(17, countries[index], 0, &name), "customer_countrycode");
  }
  end();
}

TEST(addresses_that_are_more_or_less_than_one) {
  static const char *const addresses[] = {"203.0.113.7:25565", "[2001:db8::1]", "[2001:db8::1]:25565", "localhost", "203.0.113", "203.0.113.256",
                                          "fe80::1%eth0", "203.0.113.7, 10.0.0.1", " 203.0.113.7", "203.0.113.7/24", "/203.0.113.7"};
  begin();
  for (size_t index = 0; index < sizeof addresses / sizeof *addresses; index++) {
    const char *name = NULL;
    REFUSED(call_with(16, addresses[index], 0, &name), "customer_ip");
  }
  end();
}

TEST(texts_that_are_too_long) {
  static char text[5000];
  memset(text, 'x', sizeof text - 1);
  static const int strings[] = {2, 6, 7, 12, 13, 14, 15, 18, 19, 23};
  begin();
  for (size_t index = 0; index < sizeof strings / sizeof *strings; index++) {
    const char *name = NULL;
    paynow_status status = call_with(strings[index], text, 0, &name);
    check_refused(__LINE__, name, status, PAYNOW_E_INVALID_ARGUMENT, name);
  }
  end();
}

TEST(tokens_that_cannot_stand_in_a_header) {
  static const char *const tokens[] = {"a b", "t\xc3\xa4", "Customer ", " t", "t "};
  begin();
  for (size_t index = 0; index < sizeof tokens / sizeof *tokens; index++) {
    const char *name = NULL;
    REFUSED(paynow_get_current_customer(client, tokens[index], 0, NULL, &request), "customer_token");
    REFUSED(call_with(18, tokens[index], 0, &name), "customer_token");
    CHECK_HAS_NOT(paynow_last_error(), tokens[0]);
  }
  end();
}

TEST(giftcard_codes_that_would_change_the_path) {
  static const char *const codes[] = {"", ".", ".."};
  begin();
  for (size_t index = 0; index < sizeof codes / sizeof *codes; index++) {
    const char *name = NULL;
    REFUSED(call_with(19, codes[index], 0, &name), "code");
  }
  end();
}

// --- numbers and combinations ---

TEST(limits_out_of_range) {
  static const uint32_t limits[] = {0, 101, UINT32_MAX};
  begin();
  for (size_t index = 0; index < 3; index++) {
    paynow_list_query list = INIT(paynow_list_query);
    list.has_limit = 1;
    list.limit = limits[index];
    REFUSED(paynow_list_customers(client, &list, NULL, &request), "limit");
  }
  end();
}

TEST(words_that_do_not_exist) {
  static const int32_t words[] = {-1, 99, INT32_MIN, INT32_MAX};
  begin();
  for (size_t index = 0; index < 4; index++) {
    paynow_list_query list = INIT(paynow_list_query);
    paynow_customer_fields fields = INIT(paynow_customer_fields);
    paynow_authentication login = INIT(paynow_authentication);
    paynow_raw_request raw = INIT(paynow_raw_request);
    paynow_call call = INIT(paynow_call);
    list.order = words[index];
    REFUSED(paynow_list_customers(client, &list, NULL, &request), "order");
    fields.minecraft_platform = words[index];
    REFUSED(paynow_create_customer(client, &fields, NULL, &request), "minecraft_platform");
    login.id = "x";
    login.customer_ip = "203.0.113.7";
    login.platform = words[index];
    REFUSED(paynow_authenticate_customer(client, &login, NULL, &request), "platform");
    // "invalid" is a word of the API that is never sent.
    login.platform = 0;
    REFUSED(paynow_authenticate_customer(client, &login, NULL, &request), "platform");
    raw.method = "GET";
    raw.path = "/x";
    raw.auth = words[index];
    REFUSED(paynow_request(client, &raw, NULL, &request), "auth");
    call.priority = words[index];
    REFUSED(get_mira(client, &call, &request), "priority");
  }
  end();
}

TEST(lookup_with_no_key_or_two) {
  begin();
  paynow_lookup_query lookup = INIT(paynow_lookup_query);
  REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "exactly one");
  lookup.id = MIRA;
  lookup.name = "Mira";
  REFUSED(paynow_lookup_customer(client, &lookup, NULL, &request), "exactly one");
  end();
}

TEST(bulk_of_none_or_too_many) {
  static paynow_customer_fields fields[201];
  for (int index = 0; index < 201; index++) {
    fields[index] = INIT(paynow_customer_fields);
    fields[index].name = "x";
  }
  begin();
  REFUSED(paynow_bulk_create_customers(client, fields, 0, NULL, &request), "customers");
  REFUSED(paynow_bulk_create_customers(client, NULL, 0, NULL, &request), "customers");
  REFUSED(paynow_bulk_create_customers(client, fields, 201, NULL, &request), "customers");
  // An error about one of them says which.
  fields[150].steam_id = "x";
  REFUSED(paynow_bulk_create_customers(client, fields, 200, NULL, &request), "[150]");
  CHECK_HAS(paynow_last_error(), "steam_id");
  end();
}

TEST(nulls_the_api_does_not_allow) {
  begin();
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_STEAM_ID;
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "steam_id");
  fields.null_fields = PAYNOW_NULL_MINECRAFT_PLATFORM;
  REFUSED(paynow_create_customer(client, &fields, NULL, &request), "minecraft_platform");
  fields.null_fields = 64;
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "null_fields");
  fields.null_fields = UINT32_MAX;
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "null_fields");
  end();
}

TEST(null_and_a_value) {
  begin();
  paynow_metadata_entry entry = {"k", 0, "v", 0};
  paynow_customer_fields fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_NAME;
  fields.name = "x";
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "name");
  fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_MINECRAFT_UUID;
  fields.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "minecraft_uuid");
  fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_XBOX_XUID;
  fields.xbox_xuid = "7";
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "xbox_xuid");
  fields = INIT(paynow_customer_fields);
  fields.null_fields = PAYNOW_NULL_METADATA;
  fields.metadata = &entry;
  fields.metadata_count = 1;
  REFUSED(paynow_update_customer(client, MIRA, 0, &fields, NULL, &request), "metadata");
  end();
}

TEST(raw_requests_that_make_no_sense) {
  static const char *const methods[] = {"get", "HEAD", "CONNECT", "GET ", "GET /x HTTP/1.1"};
  static const char *const paths[] = {"", "v1", "//evil.example/x", "https://evil.example/", "/a b", "/../x", "/a/./b", "/a#b", "/{other}", "/\xc3\xa4",
                                      "/a HTTP/1.1"};
  static const char *const bodies[] = {"", "{", "{'a':1}", "nul", "{} {}", "[1,]"};
  paynow_raw_request raw = INIT(paynow_raw_request);
  begin();
  raw.path = "/x";
  for (size_t index = 0; index < sizeof methods / sizeof *methods; index++) {
    raw.method = methods[index];
    REFUSED(paynow_request(client, &raw, NULL, &request), "method");
  }
  raw.method = "POST";
  for (size_t index = 0; index < sizeof paths / sizeof *paths; index++) {
    raw.path = paths[index];
    REFUSED(paynow_request(client, &raw, NULL, &request), "path");
  }
  raw.path = "/x";
  for (size_t index = 0; index < sizeof bodies / sizeof *bodies; index++) {
    raw.json = bodies[index];
    REFUSED(paynow_request(client, &raw, NULL, &request), "json");
  }
  raw.json = "{}";
  raw.method = "GET";
  REFUSED(paynow_request(client, &raw, NULL, &request), "json");
  raw.json = NULL;
  raw.auth = PAYNOW_AUTH_CUSTOMER;
  REFUSED(paynow_request(client, &raw, NULL, &request), "customer_token");
  raw.auth = PAYNOW_AUTH_API_KEY;
  raw.customer_token = "t";
  REFUSED(paynow_request(client, &raw, NULL, &request), "customer_token");
  end();
}

// --- configuration ---

#define REFUSED_CONFIG(change, argument)                     \
  do {                                                       \
    paynow_client_config config = sandbox_config();          \
    paynow_client other = 0;                                 \
    change;                                                  \
    REFUSED(paynow_client_create(&config, &other), argument); \
    CHECK_INT(other, 0);                                     \
  } while (0)

TEST(plain_http_beyond_loopback) {
  static const char *const bases[] = {"http://api.paynow.gg", "http://192.0.2.1:8080", "http://127.0.0.1.evil.example", "http://[2001:db8::1]/",
                                      "http://localhost.evil.example", "http://0.0.0.0"};
  for (size_t index = 0; index < sizeof bases / sizeof *bases; index++) REFUSED_CONFIG(config.api_base = bases[index], "api_base");
}

TEST(base_addresses_that_are_none) {
  static const char *const bases[] = {"", "api.paynow.gg", "ftp://api.paynow.gg", "https://", "https://api.paynow.gg/v1", "https://api.paynow.gg?x=1",
                                      "https://user:pass@api.paynow.gg", "https://api.paynow.gg:0", "https://api.paynow.gg:99999",
                                      "https://api.paynow.gg\r\nx: y", "https://api.paynow.gg#x", "https://api paynow.gg", "\xff"};
  for (size_t index = 0; index < sizeof bases / sizeof *bases; index++) REFUSED_CONFIG(config.api_base = bases[index], "api_base");
}

TEST(api_keys_that_are_none) {
  static const char *const keys[] = {"", "pnapi secret", "APIKey ", "APIKey a b", "pnapi\r\nx: y", "pnapi\t", " pnapi", "pnapi ", "pn\xc3\xa4", "pn\xff"};
  for (size_t index = 0; index < sizeof keys / sizeof *keys; index++) {
    REFUSED_CONFIG(config.api_key = keys[index], "api_key");
    CHECK_HAS_NOT(paynow_last_error(), "pn");
  }
}

TEST(store_ids_that_are_none) {
  static const char *const ids[] = {"", "0", "my-store", "411486491630370816 ", "-1", "9223372036854775808", "1\r\n", "1\xff"};
  for (size_t index = 0; index < sizeof ids / sizeof *ids; index++) REFUSED_CONFIG(config.store_id = ids[index], "store_id");
}

TEST(user_agents_that_are_none) {
  static char text[300];
  memset(text, 'x', sizeof text - 1);
  REFUSED_CONFIG(config.user_agent = "", "user_agent");
  REFUSED_CONFIG(config.user_agent = "a\r\nb: c", "user_agent");
  REFUSED_CONFIG(config.user_agent = "a\xc3\xa4", "user_agent");
  REFUSED_CONFIG(config.user_agent = "a\xff", "user_agent");
  REFUSED_CONFIG(config.user_agent = text, "user_agent");
}

TEST(settings_out_of_range) {
  REFUSED_CONFIG(config.max_workers = 1025, "max_workers");
  REFUSED_CONFIG(config.max_outstanding = 1048577, "max_outstanding");
  REFUSED_CONFIG(config.max_outstanding = UINT32_MAX, "max_outstanding");
  REFUSED_CONFIG(config.warm_connections = 65, "warm_connections");
  REFUSED_CONFIG(config.flight_recorder = 1, "flight_recorder");
  REFUSED_CONFIG(config.reserved2 = 1, "reserved");
  REFUSED_CONFIG(config.reserved = 1, "reserved");
  REFUSED_CONFIG(config.log_level = 5, "log_level");
  REFUSED_CONFIG(config.log_level = -1, "log_level");
}

// The names are those of the members, so that a host finds them.
TEST(deadlines_out_of_range) {
  REFUSED_CONFIG(config.deadline_ms = UINT32_MAX, "deadline_ms");
  REFUSED_CONFIG(config.connect_timeout_ms = UINT32_MAX, "connect_timeout_ms");
}

TEST(last_error_belongs_to_failures) {
  CHECK_OK(paynow_client_create(&(paynow_client_config){.struct_size = sizeof(paynow_client_config), .store_id = "7"}, &client));
  CHECK_STATUS(paynow_get_customer(client, "x", 0, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  CHECK_HAS(paynow_last_error(), "customer_id");
  // A success leaves it as it is.
  CHECK_OK(paynow_client_poll(client, 0, 0, NULL));
  CHECK_HAS(paynow_last_error(), "customer_id");
  destroy(client);
}

// Refusals keep nothing: any number of them leaves room for a full house.
TEST(refusals_take_no_place) {
  paynow_client_config config = sandbox_config();
  config.max_outstanding = 4;
  client = client_with(&config);
  for (int round = 0; round < 1000; round++) CHECK_STATUS(paynow_get_customer(client, "x", 0, NULL, NULL), PAYNOW_E_INVALID_ARGUMENT);
  for (int round = 0; round < 4; round++) CHECK_OK(get_mira(client, NULL, NULL));
  CHECK_STATUS(get_mira(client, NULL, NULL), PAYNOW_E_QUEUE_FULL);
  destroy(client);
}
