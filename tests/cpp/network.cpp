// Clients that are the servers of one network, and what its configuration may not hold.

#include "harness.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace paynow;
using namespace std::literals;

namespace {

constexpr std::string_view secret = "pnpw_never_to_be_seen";

/// An address where nothing listens: one that was just given back.
std::string unused_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, raw, length) != 0 || getsockname(fd, raw, &length) != 0) {
    test::fail(__FILE__, __LINE__, "no address can be had");
  }
  close(fd);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void refused(int line, std::string_view member, void (*change)(Config&, Network&)) {
  Config config = test::config();
  Network network;
  network.addresses = "redis.example";
  network.password = secret;
  change(config, network);
  config.network = network;
  const auto client = Client::create(std::move(config));
  test::keep_said(client.error());
  test::equal(__FILE__, line, "status", client.status(), Status::invalid_argument);
  if (client.error().rfind(std::string(member) + " ", 0) != 0) {
    test::fail(__FILE__, line, "\"" + client.error() + "\" does not begin with " + std::string(member));
  }
  test::equal(__FILE__, line, "a password in it", client.error().find("pnpw_"), std::string::npos);
}

#define REFUSED(member, ...) refused(__LINE__, member, [](Config & config, Network & network) { \
  (void)config, (void)network;                                                                 \
  __VA_ARGS__;                                                                                 \
})

}  // namespace

TEST(members_of_a_network_that_cannot_be_used_are_named) {
  REFUSED("network.addresses", network.addresses = {});
  REFUSED("network.addresses", network.addresses = "redis://pnpw_never_to_be_seen@a");
  REFUSED("network.addresses", network.addresses = "a:65536");
  REFUSED("network.addresses", network.addresses = "a\0b"sv);
  REFUSED("network.addresses", network.addresses = "\xff");
  REFUSED("network.user", network.user = "two words");
  REFUSED("network.password", network.password = "");
  REFUSED("network.password", network.password = "line\nbreak");
  REFUSED("network.password", network.password_env = "HOME");
  REFUSED("network.password", network.password_file = "/etc/hostname");
  REFUSED("network.password_env", network.password.reset(), network.password_env = "PAYNOW_TEST_NEVER_SET");
  REFUSED("network.password_file", network.password.reset(), network.password_file = "/nonexistent/password");
  REFUSED("network.ca_file", network.ca_file = "/nonexistent/ca.pem");
  REFUSED("network.server_name", network.server_name = "two words");
  REFUSED("network.sentinel_name", network.sentinel_name = "line\nbreak");
  REFUSED("network.network_id", network.network_id = "a/b");
  REFUSED("network.timeout", network.timeout = -1ms);
  REFUSED("network.timeout", network.timeout = 4294967296ms);
  REFUSED("network.timeout_ms", network.timeout = 10001ms);
  REFUSED("network", config.api_key.reset());
}

TEST(a_network_that_cannot_be_reached_fails_no_request) {
  const std::string address = unused_address();
  const auto lost = std::make_shared<int>(0);
  Config config = test::config();
  config.network = Network();
  config.network->addresses = address;
  config.network->password = secret;
  config.on_log = [lost](LogLevel level, std::string_view line) {
    test::keep_said(line);
    CHECK_EQ(line.find("pnpw_"), std::string_view::npos);
    *lost += level == LogLevel::warn && line.rfind("the network of servers does not answer: ", 0) == 0;
  };
  const Client client = test::client(std::move(config));
  const long long before = test::requests_seen();
  const auto answer = test::answer(client, client.lookup_customer(LookupQuery::by_minecraft_java_name("Notch")));
  CHECK_EQ(answer->status(), Status::ok);
  CHECK(answer->info().source == Source::network);
  CHECK_EQ(answer->customer()->id(), "421621336637440000");
  CHECK_EQ(test::requests_seen(), before + 1);
  CHECK(test::poll_until(client, [&] { return *lost > 0; }));
  CHECK_EQ(*lost, 1);
  const auto stats = client.stats();
  REQUIRE(stats.ok());
  CHECK_EQ(stats->network_up, 0u);
  CHECK_EQ(stats->network_connections, 0u);
  CHECK(stats->network_alone > 0);
}

TEST(what_one_server_of_a_network_knows_another_does_not_ask) {
  const char* const address = std::getenv("TEST_REDIS");
  if (address == nullptr || *address == '\0') return test::skip("redis-server is not installed");
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::string id = "cpp-" + std::to_string(getpid()) + "-" + std::to_string(now);
  const auto server = [&] {
    Config config = test::config();
    config.cache_ttl = 1h;
    config.network = Network();
    config.network->addresses = address;
    config.network->password_env = "TEST_REDIS_PASSWORD";
    config.network->network_id = id;
    // What is tested is what it says, not how fast a busy machine is.
    config.network->timeout = 10s;
    return test::client(std::move(config));
  };
  const Client first = server();
  const Client second = server();
  for (const Client* client : {&first, &second}) {
    CHECK(test::poll_until(*client, [&] { return client->stats()->network_up == 1; }));
  }
  const long long before = test::requests_seen();
  const auto look = [](const Client& client) {
    return test::answer(client, client.lookup_customer(LookupQuery::by_minecraft_java_name("Notch")));
  };
  CHECK(look(first)->info().source == Source::network);
  const auto answer = look(second);
  CHECK_EQ(answer->status(), Status::ok);
  CHECK(answer->info().source == Source::other_server);
  CHECK_EQ(answer->customer()->id(), "421621336637440000");
  CHECK(look(second)->info().source == Source::cache);
  CHECK_EQ(test::requests_seen(), before + 1);
  CHECK_EQ(second.stats()->network_hits, 1u);
  CHECK_EQ(second.stats()->network_alone, 0u);
}
