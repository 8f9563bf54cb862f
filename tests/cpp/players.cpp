// Players as the host knows them, what is remembered of them, and the rest of what a client can do by itself.

#include "harness.hpp"

#include <memory>

using namespace paynow;
using namespace std::literals;
using test::answer;

namespace {

std::string id_of(const test::Answer& done) {
  const auto customer = done->customer();
  return customer ? std::string(customer->id()) : "nobody";
}

/// A client that remembers, unlike those of the other tests.
Client remembering() {
  Config config = test::config();
  config.cache_ttl = 0ms;
  return test::client(std::move(config));
}

}  // namespace

TEST(a_player_is_looked_up_by_the_strongest_key) {
  const Client client = test::client();
  Player steam;
  steam.steam_id = "76561198012345678";
  steam.name = "Notch";
  const auto done = answer(client, client.lookup_player(steam));
  CHECK_EQ(done->info().operation, Operation::lookup_customer);
  CHECK_EQ(id_of(done), "424710168903683004");

  Player floodgate;
  floodgate.minecraft_uuid = "00000000-0000-0000-0009-01f64f65c7c3";
  floodgate.name = ".PixelPia";
  CHECK_EQ(id_of(answer(client, client.lookup_player(floodgate))), "433322870177794185");

  Player xuid;
  xuid.xbox_xuid = "2535432196048835";
  CHECK_EQ(id_of(answer(client, client.lookup_player(xuid))), "433322870177794185");

  Player java;
  java.minecraft_uuid = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
  java.name = "Notch";
  CHECK_EQ(id_of(answer(client, client.lookup_player(java))), "421621336637440000");

  // Version 3: made of the name in offline mode, and known to nobody.
  Player offline;
  offline.minecraft_uuid = "11111111-2222-3333-8444-555555555555";
  offline.name = "Offline_Olga";
  CHECK_EQ(id_of(answer(client, client.lookup_player(offline))), "435420340944897912");

  Player gamertag;
  gamertag.name = ".PixelPia";
  CHECK_EQ(id_of(answer(client, client.lookup_player(gamertag))), "433322870177794185");
}

TEST(ensuring_creates_the_unknown_once) {
  const Client client = test::client();
  Player player;
  player.steam_id = "76561198777777777";
  player.name = "Nobody Yet";
  const auto first = answer(client, client.ensure_customer(player));
  CHECK_EQ(first->info().operation, Operation::ensure_customer);
  CHECK_EQ(first->status(), Status::ok);
  REQUIRE(first->customer().has_value());
  CHECK_EQ(first->customer()->steam_id(), "76561198777777777");
  const auto second = answer(client, client.ensure_customer(player));
  CHECK_EQ(id_of(second), id_of(first));
}

TEST(a_token_for_a_player) {
  const Client client = test::client();
  Player player;
  player.name = "Notch";
  const auto done = answer(client, client.token_for(player));
  CHECK_EQ(done->info().operation, Operation::token_for);
  CHECK_EQ(id_of(done), "421621336637440000");
  REQUIRE(done->token().has_value());
  CHECK_EQ(id_of(answer(client, client.get_current_customer(*done->token()))), "421621336637440000");
}

TEST(functions_of_player_operations_are_freed) {
  const Client client = test::client();
  const auto held = std::make_shared<int>(0);
  const auto count = [held](const Completion& done) {
    if (done.ok()) ++*held;
  };
  Player player;
  player.name = "Notch";
  REQUIRE(client.lookup_player(player, count).ok());
  REQUIRE(client.ensure_customer(player, count).ok());
  REQUIRE(client.token_for(player, count).ok());
  CHECK(test::poll_until(client, [&] { return *held == 3; }));
  // The one here and the one in `count`.
  CHECK_EQ(held.use_count(), 2);
}

TEST(what_was_looked_up_is_remembered) {
  const Client client = remembering();
  const LookupQuery query = LookupQuery::by_minecraft_java_name("Notch");
  auto before = client.peek(query);
  REQUIRE(before.ok());
  CHECK(!*before);

  const auto asked = answer(client, client.lookup_customer(query));
  CHECK_EQ(asked->info().source, Source::network);
  const auto again = answer(client, client.lookup_customer(query));
  CHECK_EQ(again->info().source, Source::cache);
  CHECK_EQ(id_of(again), "421621336637440000");
  CHECK_EQ(client.stats()->cache_hits, 1u);

  auto peeked = client.peek(query);
  REQUIRE(peeked.ok() && *peeked);
  const OwnedCompletion owned = std::move(peeked).value();
  CHECK(owned->found());
  REQUIRE(owned->customer().has_value());
  CHECK_EQ(owned->customer()->id(), "421621336637440000");
  CHECK_EQ(owned->customer()->metadata("rank"), "founder");

  Player player;
  player.name = "Notch";
  const auto known = client.peek_player(player);
  CHECK(known.ok() && *known);

  const LookupQuery nobody = LookupQuery::by_minecraft_java_name("Herobrine");
  CHECK(!answer(client, client.lookup_customer(nobody))->found());
  const auto absent = client.peek(nobody);
  REQUIRE(absent.ok() && *absent);
  CHECK((*absent)->ok());
  CHECK(!(*absent)->found());
}

TEST(another_key_from_here_on) {
  Config config = test::config();
  config.api_key = "pnapi_wrong";
  const Client client = test::client(std::move(config));
  CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::unauthorized);
  CHECK(client.set_api_key(test::api_key()).ok());
  CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
}

TEST(the_key_may_come_from_the_environment) {
  Config config = test::config();
  config.api_key.reset();
  config.api_key_env = "PAYNOW_API_KEY";
  const Client client = test::client(std::move(config));
  CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
}

TEST(a_server_that_fails_is_left_alone_for_a_while) {
  test::faults(R"({"rules":[{"operation":"get_customer","respond":{"status":500}}]})");
  Config config = test::config();
  config.max_attempts = 1;
  config.circuit_threshold = 2;
  const Client client = test::client(std::move(config));
  // Two that open the circuit, and the probe that is allowed at once.
  for (int count = 0; count < 3; ++count) {
    CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::server);
  }
  CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::unavailable);
  CHECK_EQ(client.stats()->unavailable, 1u);
  CHECK_EQ(client.stats()->circuit_open, 1u);
}

TEST(repetitions_are_counted) {
  test::faults(R"({"rules":[{"operation":"get_customer","times":1,"respond":{"status":503}}]})");
  Config config = test::config();
  config.retry_base = 1ms;
  config.circuit_threshold = off;
  const Client client = test::client(std::move(config));
  const auto done = answer(client, client.get_customer("421621336637440000"));
  CHECK_EQ(done->status(), Status::ok);
  CHECK_EQ(done->info().attempts, 2u);
  CHECK_EQ(client.stats()->retries, 1u);
}
