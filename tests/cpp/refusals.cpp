// Bad input: the error names the argument, nothing is sent, nothing is lost.

#include "harness.hpp"

#include <memory>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace paynow;
using namespace std::literals;

namespace {

/// Counts what was refused as it should have been, and that the function given along is gone without having run.
struct Refusals {
  Client client = test::client();
  std::shared_ptr<int> ran = std::make_shared<int>(0);

  CompletionHandler handler() {
    return [counter = ran](const Completion&) { ++*counter; };
  }

  void wants(const char* file, int line, const Result<RequestId>& result, std::string_view argument,
             Status status = Status::invalid_argument) {
    if (result.ok()) return test::fail(file, line, "accepted: " + std::string(argument));
    test::equal(file, line, "status", result.status(), status);
    if (result.error().find(argument) == std::string::npos) {
      test::fail(file, line, "\"" + result.error() + "\" does not name " + std::string(argument));
    }
    test::equal(file, line, "uses of what the function held", ran.use_count(), 1);
  }

  ~Refusals() {
    const auto stats = client.stats();
    if (stats) {
      test::equal(__FILE__, __LINE__, "submitted", stats->submitted, 0u);
      test::equal(__FILE__, __LINE__, "outstanding", stats->outstanding, 0u);
    }
    test::equal(__FILE__, __LINE__, "callbacks", *ran, 0);
    test::equal(__FILE__, __LINE__, "requests the sandbox saw", test::requests_seen(), seen_);
  }

 private:
  long long seen_ = test::requests_seen();
};

#define WANTS(refusals, result, ...) (refusals).wants(__FILE__, __LINE__, (result), __VA_ARGS__)

const std::string_view bad_utf8("\xff\xfe", 2);

}  // namespace

TEST(refuses_names_that_are_not_text) {
  Refusals r;
  WANTS(r, r.client.lookup_customer(LookupQuery::by_minecraft_java_name(bad_utf8), r.handler()), "minecraft_java_name must be valid UTF-8");
  WANTS(r, r.client.lookup_customer(LookupQuery::by_name("a\r\nb"), r.handler()), "name");
  WANTS(r, r.client.lookup_customer(LookupQuery::by_name("a\0b"sv), r.handler()), "name");
  WANTS(r, r.client.lookup_customer(LookupQuery::by_name(""), r.handler()), "name must not be empty");
  // An empty view whose bytes are not NUL must not be read on.
  WANTS(r, r.client.lookup_customer(LookupQuery::by_name("Notch"sv.substr(0, 0)), r.handler()), "name must not be empty");
  WANTS(r, r.client.lookup_customer(LookupQuery::by_name(std::string_view()), r.handler()), "name must not be empty");
  ListQuery query;
  query.search = bad_utf8;
  WANTS(r, r.client.list_customers(query, r.handler()), "search");
}

TEST(refuses_ids_that_are_not_ids) {
  Refusals r;
  for (const std::string_view bad : {"", "abc", "-1", "01", "1.5", " 1", "9223372036854775808", "1\r\n"}) {
    WANTS(r, r.client.get_customer(bad, r.handler()), "customer_id");
    WANTS(r, r.client.update_customer(bad, {}, r.handler()), "customer_id");
    WANTS(r, r.client.create_customer_token(bad, r.handler()), "customer_id");
    WANTS(r, r.client.invalidate_customer_tokens(bad, r.handler()), "customer_id");
    WANTS(r, r.client.lookup_customer(LookupQuery::by_id(bad), r.handler()), "id");
  }
  WANTS(r, r.client.lookup_customer(LookupQuery::by_steam_id("STEAM_0:1:1"), r.handler()), "steam_id");
  WANTS(r, r.client.lookup_customer(LookupQuery::by_xbox_xuid("000901f64f65c7c3"), r.handler()), "xbox_xuid");
  ListQuery query;
  query.after = "x";
  WANTS(r, r.client.list_customers(query, r.handler()), "after");
  query.after.reset();
  query.before = "";
  WANTS(r, r.client.list_customers(query, r.handler()), "before");
}

TEST(refuses_malformed_uuids) {
  Refusals r;
  for (const std::string_view bad : {"", "069a79f4", "069a79f4-44e9-4726-a5be-fca90e38aaf", "069a79f4-44e9-4726-a5be-fca90e38aafg",
                                     "069a79f444e9-4726-a5be-fca90e38aaf5-", "{069a79f4-44e9-4726-a5be-fca90e38aaf5}"}) {
    WANTS(r, r.client.lookup_customer(LookupQuery::by_minecraft_uuid(bad), r.handler()), "minecraft_uuid");
    CustomerFields fields;
    fields.minecraft_uuid = bad;
    WANTS(r, r.client.create_customer(fields, r.handler()), "minecraft_uuid");
  }
}

TEST(refuses_a_lookup_with_no_key_or_two) {
  Refusals r;
  WANTS(r, r.client.lookup_customer({}, r.handler()), "exactly one");
  LookupQuery two = LookupQuery::by_name("Notch");
  two.steam_id = "76561198012345678";
  WANTS(r, r.client.lookup_customer(two, r.handler()), "exactly one");
}

TEST(refuses_limits_and_orders_out_of_range) {
  Refusals r;
  ListQuery query;
  for (const std::uint32_t bad : {0u, 101u, 4294967295u}) {
    query.limit = bad;
    WANTS(r, r.client.list_customers(query, r.handler()), "limit must be between 1 and 100");
  }
  query.limit.reset();
  query.order = static_cast<Order>(3);
  WANTS(r, r.client.list_customers(query, r.handler()), "order");
}

TEST(refuses_bad_authentications) {
  Refusals r;
  Authentication good;
  good.platform = Platform::minecraft_java_name;
  good.id = "Notch";
  good.customer_ip = "203.0.113.7";
  for (const std::string_view bad : {"", "203.0.113.7:25565", "[2001:db8::1]", "localhost", "203.0.113.7\r\nx: y"}) {
    Authentication authentication = good;
    authentication.customer_ip = bad;
    WANTS(r, r.client.authenticate_customer(authentication, r.handler()), "customer_ip");
  }
  for (const std::string_view bad : {"", "en-US", "de", "DEU", "D\n"}) {
    Authentication authentication = good;
    authentication.customer_countrycode = bad;
    WANTS(r, r.client.authenticate_customer(authentication, r.handler()), "customer_countrycode");
  }
  Authentication authentication = good;
  authentication.id = "";
  WANTS(r, r.client.authenticate_customer(authentication, r.handler()), "id");
  authentication = good;
  authentication.platform = static_cast<Platform>(0);
  WANTS(r, r.client.authenticate_customer(authentication, r.handler()), "platform");
  authentication.platform = static_cast<Platform>(9);
  WANTS(r, r.client.authenticate_customer(authentication, r.handler()), "platform");
}

TEST(refuses_bad_tokens_and_codes) {
  Refusals r;
  for (const std::string_view bad : {"", "a b", "a\r\nb", "\u00e4", "Customer "}) {
    WANTS(r, r.client.get_current_customer(bad, r.handler()), "customer_token");
    GiftCardQuery query;
    query.customer_token = bad;
    query.code = "GIFT";
    WANTS(r, r.client.lookup_giftcard(query, r.handler()), "customer_token");
  }
  for (const std::string_view bad : {"", ".", "..", "a\tb"}) {
    GiftCardQuery query;
    query.customer_token = "pnct_x";
    query.code = bad;
    WANTS(r, r.client.lookup_giftcard(query, r.handler()), "code");
  }
  WANTS(r, r.client.lookup_giftcard({}, r.handler()), "customer_token");
}

TEST(refuses_bad_customers) {
  Refusals r;
  WANTS(r, r.client.bulk_create_customers(std::vector<CustomerFields>(), r.handler()), "customers must not be empty");
  WANTS(r, r.client.bulk_create_customers(nullptr, 0, r.handler()), "customers must not be empty");
  WANTS(r, r.client.bulk_create_customers(std::vector<CustomerFields>(201), r.handler()), "200");
  std::vector<CustomerFields> two(2);
  two[0].name = "good";
  two[1].steam_id = "bad";
  WANTS(r, r.client.bulk_create_customers(two, r.handler()), "customers[1].steam_id");
  CustomerFields fields;
  fields.steam_id = nullptr;
  WANTS(r, r.client.update_customer("1", fields, r.handler()), "steam_id");
  fields = {};
  fields.minecraft_platform = nullptr;
  WANTS(r, r.client.update_customer("1", fields, r.handler()), "minecraft_platform");
  fields = {};
  fields.minecraft_platform = static_cast<MinecraftPlatform>(4);
  WANTS(r, r.client.create_customer(fields, r.handler()), "minecraft_platform");
  fields = {};
  fields.xbox_xuid = "";
  WANTS(r, r.client.create_customer(fields, r.handler()), "xbox_xuid");
  fields = {};
  fields.metadata = std::vector<MetadataEntry>{{"", "x"}};
  WANTS(r, r.client.create_customer(fields, r.handler()), "metadata");
  fields.metadata = std::vector<MetadataEntry>{{"x", bad_utf8}};
  WANTS(r, r.client.create_customer(fields, r.handler()), "metadata");
}

TEST(refuses_players_that_cannot_be_told_apart) {
  Refusals r;
  const auto wants = [&](const Player& player, std::string_view argument) {
    WANTS(r, r.client.lookup_player(player, r.handler()), argument);
    WANTS(r, r.client.ensure_customer(player, r.handler()), argument);
    WANTS(r, r.client.token_for(player, r.handler()), argument);
    const auto peeked = r.client.peek_player(player);
    CHECK_EQ(peeked.status(), Status::invalid_argument);
    CHECK(peeked.error().find(argument) != std::string::npos);
  };
  wants({}, "player");
  Player player;
  player.steam_id = "x";
  wants(player, "steam_id");
  player = {};
  player.xbox_xuid = "";
  wants(player, "xbox_xuid");
  player = {};
  player.minecraft_uuid = "069a79f4";
  wants(player, "minecraft_uuid");
  player = {};
  player.name = bad_utf8;
  wants(player, "name");
  CHECK_EQ(r.client.peek({}).status(), Status::invalid_argument);
  CHECK_EQ(r.client.set_api_key("a key").status(), Status::invalid_argument);
  CHECK_EQ(r.client.set_api_key("").status(), Status::invalid_argument);
}

TEST(refuses_bad_raw_requests) {
  Refusals r;
  RawRequest good;
  good.method = "GET";
  good.path = "/v1/x";
  RawRequest request;
  WANTS(r, r.client.request(request, r.handler()), "method");
  request = good;
  request.method = "TRACE";
  WANTS(r, r.client.request(request, r.handler()), "method");
  for (const std::string_view bad : {"", "x", "//evil.example/", "/a b", "/a\r\nb", "/../x", "https://evil.example/"}) {
    request = good;
    request.path = bad;
    WANTS(r, r.client.request(request, r.handler()), "path");
  }
  request = good;
  request.method = "POST";
  request.json = "{";
  WANTS(r, r.client.request(request, r.handler()), "json");
  request = good;
  request.auth = static_cast<Auth>(3);
  WANTS(r, r.client.request(request, r.handler()), "auth");
  request = good;
  request.auth = Auth::customer;
  WANTS(r, r.client.request(request, r.handler()), "customer_token");
}

TEST(refuses_bad_options) {
  Refusals r;
  CallOptions options;
  options.deadline = -1ms;
  WANTS(r, r.client.get_customer("1", r.handler(), options), "deadline");
  options.deadline = 4294967296ms;
  WANTS(r, r.client.get_customer("1", r.handler(), options), "deadline");
  options = {};
  options.priority = static_cast<Priority>(2);
  WANTS(r, r.client.get_customer("1", r.handler(), options), "priority");
  CHECK_EQ(r.client.poll(0, -1us).status(), Status::invalid_argument);
  CHECK_EQ(r.client.next(-1ms).status(), Status::invalid_argument);
  CHECK_EQ(r.client.next_batch(0).status(), Status::invalid_argument);
  CHECK_EQ(r.client.next_batch(1048577).status(), Status::invalid_argument);
}

TEST(refuses_bad_configurations) {
  const auto refused = [](const char* argument, void (*change)(Config&)) {
    Config config = test::config();
    change(config);
    const auto client = Client::create(std::move(config));
    CHECK_EQ(client.status(), Status::invalid_argument);
    if (client.error().find(argument) == std::string::npos) {
      test::fail(__FILE__, __LINE__, "\"" + client.error() + "\" does not name " + argument);
    }
  };
  refused("store_id", [](Config& config) { config.store_id = {}; });
  refused("store_id", [](Config& config) { config.store_id = "my-store"; });
  refused("store_id", [](Config& config) { config.store_id = bad_utf8; });
  refused("api_key", [](Config& config) { config.api_key = ""; });
  refused("api_key", [](Config& config) { config.api_key = "a key"; });
  refused("api_key", [](Config& config) { config.api_key = "key\r\nx: y"; });
  refused("api_base", [](Config& config) { config.api_base = "http://api.paynow.gg"; });
  refused("api_base", [](Config& config) { config.api_base = "http://10.0.0.1"; });
  refused("api_base", [](Config& config) { config.api_base = "http://127.0.0.1.evil.example"; });
  refused("api_base", [](Config& config) { config.api_base = ""; });
  refused("user_agent", [](Config& config) { config.user_agent = "a\r\nb: c"; });
  refused("deadline", [](Config& config) { config.deadline = -1ms; });
  refused("deadline", [](Config& config) { config.deadline = 25h; });
  refused("connect_timeout", [](Config& config) { config.connect_timeout = 4294967296ms; });
  refused("retry_base", [](Config& config) { config.retry_base = -1ms; });
  refused("cache_ttl", [](Config& config) { config.cache_ttl = 4294967296ms; });
  refused("cache_negative_ttl", [](Config& config) { config.cache_negative_ttl = -1ms; });
  refused("cache_stale", [](Config& config) { config.cache_stale = -1ms; });
  refused("max_attempts", [](Config& config) { config.max_attempts = 101; });
  refused("api_key", [](Config& config) { config.api_key_env = "PAYNOW_API_KEY"; });
  refused("api_key_file", [](Config& config) {
    config.api_key.reset();
    config.api_key_file = "/nonexistent/key";
  });
  refused("api_key_env", [](Config& config) {
    config.api_key.reset();
    config.api_key_env = "PAYNOW_TEST_NEVER_SET";
  });
  refused("proxy", [](Config& config) { config.proxy = "not an address"; });
  refused("proxy", [](Config& config) { config.proxy = "socks5://127.0.0.1:1080"; });
  refused("proxy", [](Config& config) { config.proxy = "https://127.0.0.1:3128"; });
  refused("ca_file", [](Config& config) { config.ca_file = "/nonexistent/ca.pem"; });
  refused("max_outstanding", [](Config& config) { config.max_outstanding = 1048577; });
  refused("max_workers", [](Config& config) { config.max_workers = 1025; });
  refused("log_level", [](Config& config) {
    config.on_log = [](LogLevel, std::string_view) {};
    config.log_level = static_cast<LogLevel>(5);
  });
}

TEST(a_pasted_scheme_is_understood) {
  const std::string pasted = "APIKey " + test::api_key();
  Config config = test::config();
  config.api_key = pasted;
  const Client client = test::client(std::move(config));
  CHECK_EQ(test::answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
}

TEST(management_needs_a_key) {
  Config config = test::config();
  config.api_key.reset();
  const Client client = test::client(std::move(config));
  const auto held = std::make_shared<int>(0);
  const auto refused = client.get_customer("1", [held](const Completion&) {});
  CHECK_EQ(refused.status(), Status::no_api_key);
  CHECK(!refused.error().empty());
  CHECK_EQ(held.use_count(), 1);
}

TEST(a_full_client_refuses_at_once) {
  test::faults(R"({"hang":true})");
  Config config = test::config();
  config.max_outstanding = 2;
  const Client client = test::client(std::move(config));
  const auto held = std::make_shared<int>(0);
  const auto count = [held](const Completion&) { ++*held; };
  REQUIRE(client.get_customer("1", count).ok());
  REQUIRE(client.get_customer("2", count).ok());
  CHECK_EQ(client.get_customer("3", count).status(), Status::queue_full);
  CHECK_EQ(client.stats()->rejected_full, 1u);
  // Three copies of the function: the one here and the two that were accepted.
  CHECK_EQ(held.use_count(), 4);
  CHECK_EQ(*client.cancel_all(0), 2u);
  CHECK(test::poll_until(client, [&] { return *held == 2; }));
  REQUIRE(client.get_customer("3", count).ok());
}

TEST(handles_that_name_nothing) {
  const Client empty;
  CHECK(!empty);
  CHECK_EQ(empty.handle(), 0u);
  CHECK_EQ(empty.get_customer("1").status(), Status::invalid_handle);
  CHECK_EQ(empty.poll().status(), Status::invalid_handle);
  CHECK_EQ(empty.next().status(), Status::invalid_handle);
  CHECK_EQ(empty.next_batch(4).status(), Status::invalid_handle);
  CHECK_EQ(empty.stats().status(), Status::invalid_handle);
  CHECK_EQ(empty.shutdown().status(), Status::invalid_handle);
  CHECK_EQ(empty.destroy().status(), Status::invalid_handle);
  CHECK_EQ(empty.cancel_all(0).status(), Status::invalid_handle);
  CHECK_EQ(empty.peek(LookupQuery::by_name("Notch")).status(), Status::invalid_handle);
  CHECK_EQ(empty.set_api_key("key").status(), Status::invalid_handle);
  CHECK_EQ(empty.callback_exceptions(), 0u);

  const Client client = test::client();
  CHECK_EQ(client.cancel(RequestId::none).status(), Status::invalid_handle);
  CHECK_EQ(client.cancel(static_cast<RequestId>(0x123456789abcdef0)).status(), Status::invalid_handle);
  for (const paynow_completion forged : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    const Completion completion(forged);
    CHECK_EQ(completion.status(), Status::invalid_handle);
    CHECK(!completion.ok());
    CHECK(!completion.customer().has_value());
    CHECK(!completion.token().has_value());
    CHECK(!completion.giftcard().has_value());
    CHECK(!completion.error().has_value());
    CHECK(!completion.json().has_value());
  }
  // A request of another client.
  const Client other = test::client();
  test::faults(R"({"hang":true})");
  const auto request = other.get_customer("1");
  REQUIRE(request.ok());
  CHECK_EQ(client.cancel(*request).status(), Status::invalid_handle);
  CHECK(other.cancel(*request).ok());
  CHECK_EQ(other.cancel(*request).status(), Status::too_late);
}

TEST(use_after_destroy) {
  const Client client = test::client();
  CHECK(client.destroy().ok());
  const auto held = std::make_shared<int>(0);
  const auto refused = client.get_customer("1", [held](const Completion&) {});
  CHECK_EQ(refused.status(), Status::invalid_handle);
  CHECK_EQ(held.use_count(), 1);
  CHECK_EQ(client.poll().status(), Status::invalid_handle);
  CHECK_EQ(client.destroy().status(), Status::invalid_handle);
}

TEST(use_after_shutdown) {
  const Client client = test::client();
  CHECK(client.shutdown().ok());
  CHECK_EQ(client.get_customer("1").status(), Status::shutdown);
  CHECK(client.poll().ok());
}

TEST(use_after_fork) {
  const Client client = test::client();
  CHECK_EQ(test::answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool refused = client.get_customer("1").status() == Status::forked &&
                         client.poll().status() == Status::forked && client.next().status() == Status::forked &&
                         client.stats().status() == Status::forked &&
                         client.shutdown().status() == Status::forked &&
                         client.destroy().status() == Status::forked;
    Client own = test::client();
    const bool works = test::answer(own, own.get_customer("421621336637440000"))->ok();
    own = Client();
    // Becoming another program is the one way out that runs no destructor and lets no leak checker count what
    // the threads that are missing here had allocated.
    execl("/bin/sh", "sh", "-c", refused ? (works ? "exit 0" : "exit 2") : "exit 1", static_cast<char*>(nullptr));
    _exit(3);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 0);
  CHECK_EQ(test::answer(client, client.get_customer("421621336637440000"))->status(), Status::ok);
}
