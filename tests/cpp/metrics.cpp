// The metrics of the example server, over real sockets.
#include "../../examples/cpp-server/metrics.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "harness.hpp"

using namespace paynow;

namespace {

class Visitor {
 public:
  explicit Visitor(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Visitor() { ::close(socket_); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  bool connected() const { return connected_; }

  bool send(const std::string& text) const { return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) > 0; }

  /// All that is said until the other side ends.
  std::string rest() const {
    std::string all;
    char bytes[4096];
    for (ssize_t count; (count = ::recv(socket_, bytes, sizeof bytes, 0)) > 0;) all.append(bytes, static_cast<std::size_t>(count));
    return all;
  }

  /// Whether the other side ends within so many milliseconds.
  bool ends_within(int milliseconds) const {
    pollfd waited{socket_, POLLIN, 0};
    return ::poll(&waited, 1, milliseconds) > 0;
  }

 private:
  int socket_;
  bool connected_ = false;
};

std::string ask(std::uint16_t port, const std::string& request) {
  const Visitor visitor(port);
  return visitor.connected() && visitor.send(request) ? visitor.rest() : "";
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

TEST(the_examples_metrics_are_served_at_one_path) {
  const Client client = test::client();
  const MetricsServer server(client, 0);
  REQUIRE(server.port() != 0);
  const std::string metrics = ask(server.port(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_EQ(metrics.substr(0, 15), "HTTP/1.1 200 OK");
  CHECK(metrics.find("\npaynow_requests_submitted_total 0\n") != std::string::npos);
  CHECK(ends_with(metrics, "\n# EOF\n"));
  for (const char* other : {"GET / HTTP/1.1\r\n\r\n", "POST /metrics HTTP/1.1\r\n\r\n", "\r\n\r\n", "GET /metrics\r\n\r\n"}) {
    CHECK_EQ(ask(server.port(), other).substr(0, 12), "HTTP/1.1 404");
  }
  CHECK_EQ(ask(server.port(), std::string(16 * 1024, 'a')), "");
}

TEST(a_port_that_is_taken_is_none) {
  const Client client = test::client();
  const MetricsServer first(client, 0);
  REQUIRE(first.port() != 0);
  const MetricsServer second(client, first.port());
  CHECK_EQ(second.port(), 0);
}

TEST(a_request_that_comes_byte_by_byte_is_given_up) {
  const Client client = test::client();
  const MetricsServer server(client, 0);
  const Visitor slow(server.port());
  REQUIRE(slow.connected());
  int sent = 0;
  while (sent < 100 && slow.send("a") && !slow.ends_within(250)) sent++;
  CHECK(sent < 100);
  CHECK(ends_with(ask(server.port(), "GET /metrics HTTP/1.1\r\n\r\n"), "\n# EOF\n"));
}
