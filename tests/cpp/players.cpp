// Players as the host knows them, what is remembered of them, and the rest of what a client can do by itself.

#include "harness.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace paynow;
using namespace std::literals;
using test::answer;

namespace {

std::string id_of(const test::Answer& done) {
  const auto customer = done->customer();
  return customer ? std::string(customer->id()) : "none";
}

/// A client that remembers, unlike those of the other tests.
Client remembering() {
  Config config = test::config();
  config.cache_ttl = 0ms;
  return test::client(std::move(config));
}

/// The end of the path the sandbox was asked for last.
std::string last_query() {
  const std::string log = test::admin("GET", "/_sandbox/log?limit=1");
  const std::string key = "\"target\":\"";
  const auto start = log.find('?', log.find(key));
  return start == std::string::npos ? log : log.substr(start + 1, log.find('"', start) - start - 1);
}

/// Tries until it holds; false when it never does.
bool eventually(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + test::patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A file that goes with the object.
class File {
 public:
  File(std::string_view text, mode_t mode) {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory ? directory : P_tmpdir) + "/paynow-key-XXXXXX";
    const int fd = mkstemp(path_.data());
    if (fd < 0 || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fchmod(fd, mode) != 0) {
      test::fail(__FILE__, __LINE__, path_ + " cannot be written");
    }
    if (fd >= 0) close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

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

  // Version 3: made of the name in offline mode, and unknown to the API.
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
  player.name = "Not Yet Known";
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

  const LookupQuery unknown = LookupQuery::by_minecraft_java_name("Herobrine");
  CHECK(!answer(client, client.lookup_customer(unknown))->found());
  const auto absent = client.peek(unknown);
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

TEST(ensuring_every_kind_of_player) {
  struct Kind {
    Player player;
    std::string_view query;
  };
  const auto made = [](std::string_view query, std::string_view uuid, std::string_view name) {
    Kind kind{{}, query};
    if (!uuid.empty()) kind.player.minecraft_uuid = uuid;
    if (!name.empty()) kind.player.name = name;
    return kind;
  };
  std::vector<Kind> kinds{
      made("minecraft_uuid=1b671a64-40d5-491e-99b0-da01ff1f3341", "1b671a6440d5491e99b0da01ff1f3341", "Newcomer"),
      made("xbox_xuid=2535435158945793", "00000000-0000-0000-0009-01f700000001", ".Newcomer"),
      made("minecraft_java_name=Offline_New", "b50ad385-829d-3141-a216-7e7d7539ba7f", "Offline_New"),
      made("minecraft_java_name=Only_A_Name", "", "Only_A_Name"),
      made("steam_id=76561198000000081", "", "Gordon"),
      made("xbox_xuid=2535400000000081", "", ".Gordon"),
  };
  kinds[4].player.steam_id = "76561198000000081";
  kinds[5].player.xbox_xuid = "2535400000000081";
  const Client client = test::client();
  for (const Kind& kind : kinds) {
    const auto first = answer(client, client.ensure_customer(kind.player));
    CHECK_EQ(first->status(), Status::ok);
    CHECK_EQ(first->info().attempts, 2u);
    const auto second = answer(client, client.ensure_customer(kind.player));
    CHECK_EQ(last_query(), kind.query);
    CHECK_EQ(second->info().attempts, 1u);
    CHECK_EQ(id_of(second), id_of(first));
  }
}

TEST(naming_rules_are_the_servers) {
  Player offline;
  offline.minecraft_uuid = "b50ad385-829d-3141-a216-7e7d7539ba7f";
  offline.name = "Offline_Olga";
  Player star;
  star.name = "*PixelPia";
  Player dot;
  dot.name = ".PixelPia";
  Config config = test::config();
  config.bedrock_prefix = "*";
  config.offline_players_by_uuid = true;
  const Client other = test::client(std::move(config));
  (void)answer(other, other.lookup_player(offline));
  CHECK_EQ(last_query(), "minecraft_uuid=b50ad385-829d-3141-a216-7e7d7539ba7f");
  (void)answer(other, other.lookup_player(star));
  CHECK_EQ(last_query(), "minecraft_bedrock_name=PixelPia");
  (void)answer(other, other.lookup_player(dot));
  CHECK_EQ(last_query(), "minecraft_java_name=.PixelPia");

  config = test::config();
  config.send_bedrock_prefix = true;
  const Client sending = test::client(std::move(config));
  (void)answer(sending, sending.lookup_player(dot));
  CHECK_EQ(last_query(), "minecraft_bedrock_name=.PixelPia");

  config = test::config();
  config.bedrock_prefix = "";
  const Client without = test::client(std::move(config));
  (void)answer(without, without.lookup_player(dot));
  CHECK_EQ(last_query(), "minecraft_java_name=.PixelPia");
}

TEST(a_token_for_a_player_who_is_new) {
  const Client client = test::client();
  Player player;
  player.steam_id = "76561198000000121";
  const auto done = answer(client, client.token_for(player));
  REQUIRE(done->token().has_value() && done->customer().has_value());
  CHECK_EQ(done->customer()->steam_id(), "76561198000000121");
  const auto again = answer(client, client.token_for(player));
  REQUIRE(again->token().has_value());
  CHECK(*again->token() != *done->token());
  CHECK_EQ(id_of(again), id_of(done));
}

TEST(a_peek_is_owned) {
  Config config = test::config();
  config.cache_ttl = 0ms;
  config.max_outstanding = 1;
  const Client client = test::client(std::move(config));
  const LookupQuery query = LookupQuery::by_minecraft_java_name("Notch");
  CHECK(answer(client, client.lookup_customer(query))->found());
  {
    const auto first = client.peek(query);
    REQUIRE(first.ok() && *first);
    CHECK_EQ((*first)->info().source, Source::cache);
    CHECK_EQ(client.peek(query).status(), Status::queue_full);
    CHECK_EQ(client.stats()->outstanding, 1u);
  }
  CHECK_EQ(client.stats()->outstanding, 0u);
  const auto second = client.peek(query);
  CHECK(second.ok() && *second);

  LookupQuery none;
  CHECK_EQ(client.peek(none).status(), Status::invalid_argument);
  const auto bad = client.peek_player({});
  CHECK_EQ(bad.status(), Status::invalid_argument);
  CHECK(bad.error().find("player") != std::string::npos);
  CHECK_EQ(Client().peek(query).status(), Status::invalid_handle);
}

TEST(what_is_old_stands_in_for_a_failure) {
  Config config = test::config();
  config.cache_ttl = 20ms;
  config.max_attempts = 1;
  const Client client = test::client(std::move(config));
  const LookupQuery query = LookupQuery::by_minecraft_java_name("Notch");
  CHECK_EQ(answer(client, client.lookup_customer(query))->info().source, Source::network);
  CHECK(eventually([&] {
    const auto peeked = client.peek(query);
    return peeked.ok() && !*peeked;
  }));
  test::faults(R"({"rules":[{"operation":"lookup_customer","respond":{"status":503}}]})");
  const auto old = answer(client, client.lookup_customer(query));
  CHECK_EQ(old->status(), Status::ok);
  CHECK_EQ(old->info().source, Source::stale_cache);
  CHECK_EQ(id_of(old), "421621336637440000");
  CHECK_EQ(client.stats()->cache_stale, 1u);
}

TEST(one_request_for_the_same_question) {
  const Client client = remembering();
  test::faults(R"({"rules":[{"operation":"lookup_customer","hang":true}]})");
  const auto asked_at = std::chrono::steady_clock::now();
  int network = 0;
  int shared = 0;
  const auto count = [&](const Completion& done) {
    if (done.info().source == Source::network) ++network;
    if (done.info().source == Source::shared) ++shared;
  };
  for (int number = 0; number < 10; ++number) {
    REQUIRE(client.lookup_customer(LookupQuery::by_minecraft_java_name("Notch"), count).ok());
  }
  CHECK(eventually([&] { return client.stats()->coalesced == 9; }));
  test::faults("{}");
  CHECK(test::poll_until(client, [&] { return network + shared == 10; }));
  // Those that waited a second for an answer asked again: a machine that took so long may have sent two.
  if (std::chrono::steady_clock::now() - asked_at < std::chrono::seconds(1)) CHECK_EQ(network, 1);
}

TEST(a_rate_lets_everything_pass_in_time) {
  Config config = test::config();
  config.rate_per_second = 20;
  config.rate_burst = 2;
  const Client client = test::client(std::move(config));
  int done = 0;
  CallOptions background;
  background.priority = Priority::background;
  for (int number = 0; number < 10; ++number) {
    REQUIRE(client.get_customer("421621336637440000", [&](const Completion& one) { done += one.ok(); },
                                number % 2 == 0 ? background : CallOptions()).ok());
  }
  CHECK(test::poll_until(client, [&] { return done == 10; }));
}

TEST(a_429_is_counted_and_waited_for) {
  test::faults(R"({"rules":[{"operation":"get_customer","times":1,"respond":{"status":429,"headers":{"retry-after":"1"}}}]})");
  const Client client = test::client();
  const auto done = answer(client, client.get_customer("421621336637440000"));
  CHECK_EQ(done->status(), Status::ok);
  CHECK_EQ(done->info().attempts, 2u);
  CHECK_EQ(client.stats()->rate_limited, 1u);
}

TEST(a_key_file_is_for_its_owner_alone) {
  const auto with_mode = [](std::string_view text, mode_t mode) {
    const File file(text, mode);
    Config config = test::config();
    config.api_key.reset();
    config.api_key_file = file.path();
    return Client::create(std::move(config));
  };
  const auto client = with_mode(test::api_key() + "\n", 0600);
  REQUIRE(client.ok());
  CHECK_EQ(answer(*client, client->get_customer("421621336637440000"))->status(), Status::ok);
  for (const mode_t mode : {0644, 0640, 0604}) {
    const auto refused = with_mode(test::api_key(), mode);
    CHECK_EQ(refused.status(), Status::invalid_argument);
    CHECK(refused.error().find("api_key_file") != std::string::npos);
    CHECK(refused.error().find("chmod 600") != std::string::npos);
  }
  CHECK_EQ(with_mode("two words", 0600).status(), Status::invalid_argument);

  const File file(test::api_key(), 0600);
  Config both = test::config();
  both.api_key_file = file.path();
  const auto refused = Client::create(std::move(both));
  CHECK_EQ(refused.status(), Status::invalid_argument);
  CHECK(refused.error().find("api_key") != std::string::npos);
}

TEST(an_empty_proxy_is_none) {
  Config config = test::config();
  config.proxy = "";
  const Client client = test::client(std::move(config));
  CHECK_EQ(answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
}

TEST(authorities_must_be_certificates) {
  const File file("no certificate", 0600);
  Config config = test::config();
  config.ca_file = file.path();
  const auto refused = Client::create(std::move(config));
  CHECK_EQ(refused.status(), Status::invalid_argument);
  CHECK(refused.error().find("ca_file") != std::string::npos);
}
