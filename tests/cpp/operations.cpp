// Every operation, and every field of every answer, against the sandbox.

#include "harness.hpp"

#include <set>
#include <vector>

using namespace paynow;
using namespace std::literals;
using test::answer;

static_assert(std::is_assignable_v<Field<std::string_view>&, const std::string&>);
static_assert(std::is_assignable_v<Field<std::string_view>&, std::string&>);
static_assert(!std::is_assignable_v<Field<std::string_view>&, std::string>, "it would dangle");
static_assert(!std::is_assignable_v<Field<std::string_view>&, const std::string>, "it would dangle");

namespace {

/// One request of the sandbox's log.
std::string last_request() {
  const std::string log = test::admin("GET", "/_sandbox/log?limit=1");
  return log;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string id_of(const Client& client, const LookupQuery& query) {
  const auto done = answer(client, client.lookup_customer(query));
  const auto found = done->customer();
  return found ? std::string(found->id()) : "none";
}

std::string token_of(const Client& client, std::string_view customer) {
  const auto done = answer(client, client.create_customer_token(customer));
  return std::string(done->token().value_or(""));
}

}  // namespace

TEST(lookup_finds_a_customer_with_every_field) {
  const Client client = test::client();
  const auto done = answer(client, client.lookup_customer(LookupQuery::by_minecraft_java_name("MiraMines")));
  const CompletionInfo info = done->info();
  CHECK_EQ(info.status, Status::ok);
  CHECK_EQ(info.operation, Operation::lookup_customer);
  CHECK(info.found);
  CHECK(done->ok() && done->found());
  CHECK_EQ(info.customer_count, 1u);
  const auto mira = done->customer();
  REQUIRE(mira.has_value());
  CHECK_EQ(mira->id(), "440116992540673366");
  CHECK_EQ(mira->store_id(), test::store_id());
  CHECK_EQ(mira->steam_id(), "76561198087654321");
  CHECK_EQ(mira->minecraft_uuid(), "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264");
  CHECK_EQ(mira->xbox_xuid(), "2533274790395904");
  CHECK_EQ(mira->name(), "Mira");
  CHECK_EQ(mira->minecraft_platform(), MinecraftPlatform::java);
  CHECK_EQ(mira->created_at_ms(), 1750500610000);
  CHECK_EQ(mira->updated_at_ms(), 1768393805000);
  REQUIRE(mira->created_at().has_value());
  CHECK_EQ(mira->created_at()->substr(0, 19), "2025-06-21T10:10:10");
  REQUIRE(mira->updated_at().has_value());
  CHECK_EQ(mira->updated_at()->substr(0, 19), "2026-01-14T12:30:05");
  const auto profile = mira->profile();
  REQUIRE(profile.has_value());
  CHECK_EQ(profile->id, "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264");
  CHECK_EQ(profile->platform, "minecraft");
  CHECK_EQ(profile->name, "MiraMines");
  CHECK(profile->avatar_url.has_value());
  const auto steam = mira->steam();
  REQUIRE(steam.has_value());
  CHECK_EQ(steam->id, "76561198087654321");
  CHECK_EQ(steam->platform, std::nullopt);
  CHECK_EQ(steam->name, "mira.plays");
  CHECK_EQ(steam->avatar_url, "https://avatars.sandbox.example/steam/76561198087654321.png");
  const auto minecraft = mira->minecraft();
  REQUIRE(minecraft.has_value());
  CHECK_EQ(minecraft->id, "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264");
  CHECK_EQ(minecraft->platform, std::nullopt);
  CHECK_EQ(minecraft->name, "MiraMines");
  CHECK(minecraft->avatar_url.has_value());
  std::string entries;
  for (const auto& [key, value] : mira->metadata()) {
    entries += std::string(key) + "=" + std::string(value) + ";";
  }
  CHECK_EQ(entries, "discord_id=80351110224678912;note=linked all three accounts \u2713;rank=mvp;");
  CHECK_EQ(mira->metadata().size(), 3u);
  CHECK_EQ(mira->metadata()[2].value, "mvp");
  CHECK_EQ(mira->metadata("rank"), "mvp");
  CHECK_EQ(mira->metadata("nothing"), std::nullopt);
  CHECK_EQ(mira->raw().metadata_count, 3u);
  CHECK(!done->customer(1).has_value());
}

TEST(what_a_customer_lacks_is_nothing) {
  const Client client = test::client();
  const auto done = answer(client, client.lookup_customer(LookupQuery::by_name("Console Gift")));
  const auto customer = done->customer();
  REQUIRE(customer.has_value());
  CHECK_EQ(customer->steam_id(), std::nullopt);
  CHECK_EQ(customer->minecraft_uuid(), std::nullopt);
  CHECK_EQ(customer->xbox_xuid(), std::nullopt);
  CHECK_EQ(customer->minecraft_platform(), std::nullopt);
  CHECK_EQ(customer->updated_at(), std::nullopt);
  CHECK_EQ(customer->updated_at_ms(), std::nullopt);
  CHECK(!customer->steam().has_value());
  CHECK(!customer->minecraft().has_value());
  REQUIRE(customer->profile().has_value());
  CHECK_EQ(customer->profile()->avatar_url, std::nullopt);
  CHECK(customer->metadata().empty());
  CHECK(customer->metadata().begin() == customer->metadata().end());
  CHECK(!done->token().has_value());
  CHECK(!done->giftcard().has_value());
  CHECK(!done->error().has_value());
}

TEST(lookup_by_each_of_the_seven_keys) {
  const Client client = test::client();
  CHECK_EQ(id_of(client, LookupQuery::by_id("421621336637440000")), "421621336637440000");
  CHECK_EQ(id_of(client, LookupQuery::by_steam_id("76561198012345678")), "424710168903683004");
  CHECK_EQ(id_of(client, LookupQuery::by_minecraft_uuid("069A79F444E94726A5BEFCA90E38AAF5")), "421621336637440000");
  CHECK_EQ(id_of(client, LookupQuery::by_xbox_xuid("2535432196048835")), "433322870177794185");
  CHECK_EQ(id_of(client, LookupQuery::by_minecraft_java_name("Offline_Olga")), "435420340944897912");
  CHECK_EQ(id_of(client, LookupQuery::by_minecraft_bedrock_name("\u6625\u306e\u5c71")), "465637621104643551");
  CHECK_EQ(id_of(client, LookupQuery::by_name("Gr\u00fcnes B\u00e4umchen")), "444946272223232820");
  LookupQuery query;
  query.name = "Alex";
  CHECK_EQ(id_of(client, query), "422871201480707277");
}

TEST(a_lookup_that_finds_no_customer_is_an_answer) {
  const Client client = test::client();
  const auto done = answer(client, client.lookup_customer(LookupQuery::by_minecraft_java_name("Herobrine")));
  const CompletionInfo info = done->info();
  CHECK_EQ(info.status, Status::ok);
  CHECK(!info.found);
  CHECK_EQ(info.http_status, 404);
  CHECK_EQ(info.customer_count, 0u);
  CHECK_EQ(info.message, "");
  CHECK(!done->customer().has_value());
  const auto error = done->error();
  REQUIRE(error.has_value());
  CHECK_EQ(error->status(), 404);
  CHECK_EQ(error->code(), "not-found");
}

TEST(a_view_ends_where_it_ends) {
  // Neither text is followed by NUL.
  const Client client = test::client();
  const std::string_view longer = "Notchabc";
  CHECK_EQ(id_of(client, LookupQuery::by_minecraft_java_name(longer.substr(0, 5))), "421621336637440000");
  const std::string_view digits = "4216213366374400009";
  const auto done = answer(client, client.get_customer(digits.substr(0, 18)));
  REQUIRE(done->customer().has_value());
  CHECK_EQ(done->customer()->id(), "421621336637440000");
}

TEST(info_says_how_it_went) {
  const Client client = test::client();
  CallOptions options;
  options.tag = 77;
  options.priority = Priority::background;
  const auto done = answer(client, client.get_customer("421621336637440000", {}, options));
  const CompletionInfo info = done->info();
  CHECK_EQ(info.operation, Operation::get_customer);
  CHECK_EQ(info.http_status, 200);
  CHECK_EQ(info.attempts, 1u);
  CHECK_EQ(info.sent, Sent::answered);
  CHECK(!info.retry_after.has_value());
  CHECK(info.queued.count() >= 0);
  CHECK(info.network.count() > 0);
  CHECK(info.age.count() >= 0);
  CHECK_EQ(info.tag, 77u);
  CHECK_EQ(info.message, "");
  CHECK_EQ(info.error_code, std::nullopt);
  CHECK_EQ(info.trace_id, std::nullopt);
  CHECK_EQ(info.request, *done.submitted);
  CHECK_EQ(static_cast<std::uint64_t>(info.request), done->id());
  REQUIRE(done->json().has_value());
  CHECK_EQ(done->json()->front(), '{');
  CHECK_EQ(done->json()->back(), '}');
}

TEST(get_customer_that_does_not_exist) {
  const Client client = test::client();
  const auto done = answer(client, client.get_customer("1"));
  CHECK_EQ(done->status(), Status::ok);
  CHECK(!done->found());
}

TEST(list_with_every_parameter) {
  const Client client = test::client();
  ListQuery query;
  query.limit = 3;
  query.order = Order::ascending;
  const auto first = answer(client, client.list_customers(query));
  CHECK_EQ(first->info().operation, Operation::list_customers);
  REQUIRE(first->info().customer_count == 3);
  CHECK_EQ(first->customer(0)->id(), "421621336637440000");
  CHECK_EQ(first->customer(2)->id(), "422468699291651550");
  CHECK_EQ(first->customer(2)->minecraft()->name, "MHF_Steve");
  CHECK_EQ(first->customer(0)->metadata("rank"), "founder");
  CHECK(!first->customer(3).has_value());

  query.after = "422468699291651550";
  const auto second = answer(client, client.list_customers(query));
  REQUIRE(second->info().customer_count == 3);
  CHECK_EQ(second->customer(0)->id(), "422871201480707277");

  query.after.reset();
  query.before = "422468699291651550";
  query.order = Order::descending;
  const auto before = answer(client, client.list_customers(query));
  REQUIRE(before->info().customer_count == 3);
  CHECK_EQ(before->customer(2)->id(), "422871201480707277");

  ListQuery search;
  search.search = "mhf_";
  const auto found = answer(client, client.list_customers(search));
  CHECK_EQ(found->info().customer_count, 2u);
  search.search = "\u00fcnes b";
  CHECK_EQ(answer(client, client.list_customers(search))->info().customer_count, 1u);
  search.search = "no customer has this name";
  const auto none = answer(client, client.list_customers(search));
  CHECK_EQ(none->info().customer_count, 0u);
  CHECK_EQ(none->status(), Status::ok);

  const auto all = answer(client, client.list_customers());
  CHECK_EQ(all->info().customer_count, 24u);
}

TEST(list_of_the_customers_that_are_named) {
  const Client client = test::client();
  ListQuery query;
  query.order = Order::ascending;
  query.customer_ids = {"440116992540673366", "1", "421621336637440000"};
  const auto both = answer(client, client.list_customers(query));
  REQUIRE(both->info().customer_count == 2);
  CHECK_EQ(both->customer(0)->id(), "421621336637440000");
  CHECK_EQ(both->customer(1)->id(), "440116992540673366");

  query.customer_ids = std::vector<std::string_view>();
  const auto none = client.list_customers(query);
  CHECK_EQ(none.status(), Status::invalid_argument);
  CHECK_EQ(none.error(), "customer_ids must not be empty");
  query.customer_ids = {"1", "x"};
  const auto wrong = client.list_customers(query);
  CHECK_EQ(wrong.error().substr(0, 16), "customer_ids[1] ");
}

TEST(create_update_and_the_three_states_of_a_field) {
  const Client client = test::client();
  CustomerFields fields;
  fields.steam_id = "76561198333333333";
  fields.minecraft_uuid = "11111111222233334444555555555555";
  fields.minecraft_platform = MinecraftPlatform::java;
  fields.xbox_xuid = "2535499999999999";
  fields.name = "\u00d6lga";
  fields.metadata = std::vector<MetadataEntry>{{"rank", "vip"}, {"empty", ""}};
  const auto created = answer(client, client.create_customer(fields));
  CHECK_EQ(created->info().operation, Operation::create_customer);
  const auto customer = created->customer();
  REQUIRE(customer.has_value());
  const std::string id(customer->id());
  CHECK_EQ(customer->steam_id(), "76561198333333333");
  CHECK_EQ(customer->minecraft_uuid(), "11111111-2222-3333-4444-555555555555");
  CHECK_EQ(customer->minecraft_platform(), MinecraftPlatform::java);
  CHECK_EQ(customer->xbox_xuid(), "2535499999999999");
  CHECK_EQ(customer->name(), "\u00d6lga");
  CHECK_EQ(customer->metadata("rank"), "vip");
  CHECK_EQ(customer->metadata("empty"), "");

  CustomerFields change;
  change.name = nullptr;
  change.minecraft_platform = std::nullopt;
  const auto updated = answer(client, client.update_customer(id, change));
  CHECK_EQ(updated->info().operation, Operation::update_customer);
  const auto after = updated->customer();
  REQUIRE(after.has_value());
  CHECK_EQ(after->name(), std::nullopt);
  CHECK_EQ(after->steam_id(), "76561198333333333");
  CHECK_EQ(after->metadata("rank"), "vip");
  CHECK(holds(last_request(), R"("body":"{\"name\":null}")"));

  CustomerFields clear;
  clear.minecraft_uuid = nullptr;
  clear.xbox_xuid = nullptr;
  clear.metadata = std::vector<MetadataEntry>{};
  const std::string steam_id("76561198444444444");
  clear.steam_id = steam_id;
  const auto cleared = answer(client, client.update_customer(id, clear));
  const auto rest = cleared->customer();
  REQUIRE(rest.has_value());
  CHECK_EQ(rest->minecraft_uuid(), std::nullopt);
  CHECK_EQ(rest->xbox_xuid(), std::nullopt);
  CHECK_EQ(rest->steam_id(), "76561198444444444");
  CHECK(rest->metadata().empty());
  CHECK(holds(last_request(), R"(\"metadata\":{})"));

  CustomerFields forget;
  forget.metadata = nullptr;
  CHECK_EQ(answer(client, client.update_customer(id, forget))->status(), Status::ok);
  CHECK(holds(last_request(), R"("body":"{\"metadata\":null}")"));
}

TEST(create_says_what_stands_in_its_way) {
  const Client client = test::client();
  CustomerFields fields;
  fields.steam_id = "76561198012345678";
  const auto taken = answer(client, client.create_customer(fields));
  const CompletionInfo info = taken->info();
  CHECK_EQ(info.status, Status::conflict);
  CHECK_EQ(info.http_status, 409);
  CHECK(!info.found);
  CHECK_EQ(info.error_code, "conflict");
  REQUIRE(info.trace_id.has_value());
  CHECK_EQ(info.trace_id->size(), 32u);
  CHECK(!info.message.empty());
  const auto error = taken->error();
  REQUIRE(error.has_value());
  CHECK_EQ(error->status(), 409);
  CHECK_EQ(error->code(), "conflict");
  CHECK_EQ(error->message(), "Customer 424710168903683004 already has this steam_id");
  CHECK_EQ(error->trace_id(), info.trace_id);
  REQUIRE(error->errors().size() == 1);
  const ValidationError invalid = error->errors()[0];
  CHECK_EQ(invalid.code(), "conflict");
  CHECK_EQ(invalid.message(), "Customer 424710168903683004 already has this steam_id");
  CHECK_EQ(invalid.path(), "steam_id");
  CHECK_EQ(invalid.validation(), "unique");
  CHECK_EQ(invalid.path_segments().size(), 1u);
  CHECK_EQ(invalid.path_segments()[0], "steam_id");

  CustomerFields unknown;
  unknown.minecraft_uuid = "deadbeef-0000-4000-8000-000000000000";
  CHECK_EQ(answer(client, client.create_customer(unknown))->status(), Status::not_found);
}

TEST(validation_errors_with_a_path_of_segments) {
  const Client client = test::client();
  test::faults(R"({"rules":[{"operation":"create_customer","respond":{"status":400,"body":
      "{\"status\":400,\"code\":\"bad\",\"message\":\"no\",\"trace_id\":\"t\",\"errors\":[{\"path\":[\"metadata\",\"rank\"]},{\"path\":\"name\",\"code\":\"c\",\"message\":\"m\",\"validation\":\"v\"}]}"}}]})");
  CustomerFields fields;
  fields.name = "x";
  const auto done = answer(client, client.create_customer(fields));
  CHECK_EQ(done->status(), Status::api);
  const auto error = done->error();
  REQUIRE(error.has_value());
  CHECK_EQ(error->message(), "no");
  std::string paths;
  for (const ValidationError& each : error->errors()) {
    for (const std::string_view segment : each.path_segments()) paths += std::string(segment) + ",";
    paths += std::string(each.path()) + ";";
  }
  CHECK_EQ(paths, "metadata,rank,metadata.rank;name,name;");
  CHECK_EQ(error->errors()[0].code(), std::nullopt);
  CHECK_EQ(error->errors()[1].validation(), "v");
}

TEST(bulk_create) {
  const Client client = test::client();
  std::vector<std::string> names;
  for (int number = 0; number < 200; ++number) names.push_back("76561198500000" + std::to_string(100 + number));
  std::vector<CustomerFields> customers(names.size());
  for (std::size_t index = 0; index < names.size(); ++index) {
    customers[index].steam_id = names[index];
    customers[index].metadata = std::vector<MetadataEntry>{{"number", names[index]}, {"kind", "bulk"}};
  }
  const auto done = answer(client, client.bulk_create_customers(customers));
  CHECK_EQ(done->info().operation, Operation::bulk_create_customers);
  REQUIRE(done->info().customer_count == 200);
  for (std::size_t index = 0; index < names.size(); ++index) {
    const auto each = done->customer(index);
    REQUIRE(each.has_value());
    CHECK_EQ(each->steam_id(), names[index]);
    CHECK_EQ(each->metadata("number"), names[index]);
  }
  const auto again = answer(client, client.bulk_create_customers(customers.data(), 2));
  CHECK_EQ(again->status(), Status::conflict);
  REQUIRE(again->error().has_value());
  CHECK_EQ(again->error()->errors().size(), 2u);
  CHECK_EQ(again->error()->errors()[1].path(), "[1].steam_id");
}

TEST(tokens_live_until_they_are_revoked) {
  const Client client = test::client();
  const auto minted = answer(client, client.create_customer_token("421621336637440000"));
  CHECK_EQ(minted->info().operation, Operation::create_customer_token);
  CHECK(minted->found());
  REQUIRE(minted->token().has_value());
  const std::string token(*minted->token());
  CHECK_EQ(token.substr(0, 5), "pnct_");

  const auto current = answer(client, client.get_current_customer(token));
  CHECK_EQ(current->info().operation, Operation::get_current_customer);
  REQUIRE(current->customer().has_value());
  CHECK_EQ(current->customer()->id(), "421621336637440000");

  const auto revoked = answer(client, client.invalidate_customer_tokens("421621336637440000"));
  CHECK_EQ(revoked->info().operation, Operation::invalidate_customer_tokens);
  CHECK_EQ(revoked->status(), Status::ok);
  CHECK_EQ(revoked->info().http_status, 204);
  CHECK(!revoked->found());
  CHECK(!revoked->json().has_value());

  CHECK_EQ(answer(client, client.get_current_customer(token))->status(), Status::unauthorized);
  CHECK_EQ(answer(client, client.create_customer_token("1"))->status(), Status::not_found);
}

TEST(gift_cards) {
  const Client client = test::client();
  const std::string token = token_of(client, "421621336637440000");
  GiftCardQuery query;
  query.customer_token = token;
  query.code = "GIFT-1275-MIRA";
  const auto done = answer(client, client.lookup_giftcard(query));
  CHECK_EQ(done->info().operation, Operation::lookup_giftcard);
  CHECK(done->found());
  const auto card = done->giftcard();
  REQUIRE(card.has_value());
  CHECK_EQ(card->code, "GIFT-1275-MIRA");
  CHECK_EQ(card->balance, 1275);
  CHECK_EQ(card->starting_balance, 2000);
  REQUIRE(card->expires_at.has_value());
  CHECK_EQ(card->expires_at->substr(0, 19), "2031-01-01T00:00:00");
  CHECK_EQ(card->expires_at_ms, 1924992000000);

  query.code = "GIFT-2500-ALEX";
  const auto forever = answer(client, client.lookup_giftcard(query));
  REQUIRE(forever->giftcard().has_value());
  CHECK_EQ(forever->giftcard()->expires_at, std::nullopt);
  CHECK_EQ(forever->giftcard()->expires_at_ms, std::nullopt);

  query.code = "SUMMER 24/\u00c4\u00d6";
  const auto awkward = answer(client, client.lookup_giftcard(query));
  REQUIRE(awkward->giftcard().has_value());
  CHECK_EQ(awkward->giftcard()->balance, 1000);

  query.code = "GIFT-MAX-INT32";
  CHECK_EQ(answer(client, client.lookup_giftcard(query))->giftcard()->balance, 2147483647);

  query.code = "GIFT-NONE";
  const auto none = answer(client, client.lookup_giftcard(query));
  CHECK_EQ(none->status(), Status::ok);
  CHECK(!none->found());

  query.customer_token = "pnct_wrong";
  CHECK_EQ(answer(client, client.lookup_giftcard(query))->status(), Status::unauthorized);
}

TEST(authenticate_on_all_eight_platforms) {
  // Needs no API key.
  Config config = test::config();
  config.api_key.reset();
  const Client client = test::client(std::move(config));
  const std::pair<Platform, const char*> accounts[] = {
      {Platform::steam, "76561198012345678"},
      {Platform::minecraft, ".PixelPia"},
      {Platform::paynow_name, "Alex"},
      {Platform::paynow, "421621336637440000"},
      {Platform::minecraft_java_name, "Notch"},
      {Platform::minecraft_bedrock_name, "PixelPia"},
      {Platform::xbox_xuid, "2535432196048835"},
      {Platform::minecraft_uuid, "069a79f4-44e9-4726-a5be-fca90e38aaf5"},
  };
  std::set<std::string> tokens;
  for (const auto& [platform, account] : accounts) {
    Authentication authentication;
    authentication.platform = platform;
    authentication.id = account;
    authentication.customer_ip = "2001:db8::7";
    authentication.customer_countrycode = "DE";
    const auto done = answer(client, client.authenticate_customer(authentication));
    CHECK_EQ(done->info().operation, Operation::authenticate_customer);
    CHECK_EQ(done->status(), Status::ok);
    REQUIRE(done->token().has_value());
    tokens.insert(std::string(*done->token()));
    const std::string seen = last_request();
    CHECK(holds(seen, R"("customer_ip":"2001:db8::7")"));
    CHECK(holds(seen, R"("customer_country":"DE")"));
    CHECK(holds(seen, "\"store_id_header\":\"" + test::store_id() + "\""));
  }
  CHECK_EQ(tokens.size(), 8u);

  Authentication bare;
  bare.platform = Platform::minecraft_java_name;
  bare.id = "Notch";
  bare.customer_ip = "203.0.113.7";
  CHECK_EQ(answer(client, client.authenticate_customer(bare))->status(), Status::ok);
  CHECK(holds(last_request(), R"("customer_country":null)"));

  test::faults(R"({"trust_steam":false})");
  Authentication steam;
  steam.id = "76561198012345678";
  steam.customer_ip = "203.0.113.7";
  CHECK_EQ(answer(client, client.authenticate_customer(steam))->status(), Status::forbidden);
}

TEST(any_other_operation) {
  const Client client = test::client();
  RawRequest get;
  get.method = "GET";
  get.path = "/v1/stores/{store_id}/customers?limit=2";
  const auto listed = answer(client, client.request(get));
  CHECK_EQ(listed->info().operation, Operation::request);
  CHECK(listed->found());
  REQUIRE(listed->json().has_value());
  CHECK_EQ(listed->json()->front(), '[');
  CHECK(holds(last_request(), R"("authorization":"APIKey")"));

  RawRequest post;
  post.method = "POST";
  post.path = "/v1/stores/{store_id}/customers";
  post.json = R"({"name":"Raw"})";
  const auto created = answer(client, client.request(post));
  REQUIRE(created->json().has_value());
  CHECK(holds(std::string(*created->json()), R"("name":"Raw")"));

  const std::string token = token_of(client, "421621336637440000");
  RawRequest current;
  current.method = "GET";
  current.path = "/v1/store/customer";
  current.auth = Auth::customer;
  current.customer_token = token;
  CHECK_EQ(answer(client, client.request(current))->status(), Status::ok);
  CHECK(holds(last_request(), R"("authorization":"Customer")"));

  current.auth = Auth::none;
  current.customer_token.reset();
  CHECK_EQ(answer(client, client.request(current))->status(), Status::unauthorized);
}

TEST(statuses_of_answers_that_are_none) {
  const Client client = test::client();
  const std::pair<int, Status> answers[] = {
      {400, Status::api},
      // A page is not PayNow's word: it says nothing about the key.
      {401, Status::invalid_response},
      {403, Status::invalid_response},
      {404, Status::invalid_response},
      {409, Status::conflict},
      {500, Status::server},
      {302, Status::invalid_response},
  };
  for (const auto& [http, wanted] : answers) {
    test::faults(R"({"rules":[{"operation":"create_customer","respond":{"status":)" + std::to_string(http) +
                 R"(,"body":"<html>"}}]})");
    CustomerFields fields;
    fields.name = "x";
    const auto done = answer(client, client.create_customer(fields));
    CHECK_EQ(done->status(), wanted);
    CHECK_EQ(done->info().http_status, http);
    CHECK(!done->info().message.empty());
    CHECK(!done->error().has_value());
  }
  test::faults(R"({"rules":[{"operation":"create_customer","respond":{"status":429,"headers":{"retry-after":"2"},"body":"{}"}}]})");
  CustomerFields fields;
  fields.name = "x";
  CallOptions soon;
  soon.deadline = 1500ms;
  const auto limited = answer(client, client.create_customer(fields, {}, soon));
  CHECK_EQ(limited->status(), Status::rate_limited);
  CHECK_EQ(limited->info().retry_after.has_value(), true);
  CHECK_EQ(limited->info().retry_after.value_or(0ms).count(), 2000);
}
