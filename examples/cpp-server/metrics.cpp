#include "metrics.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

namespace {

constexpr int look_every_ms = 200;
constexpr timeval patience{2, 0};

std::string response(std::string_view status, std::string_view type, std::string_view body) {
  std::string all = "HTTP/1.1 ";
  all.append(status).append("\r\nContent-Type: ").append(type).append("\r\nConnection: close\r\nContent-Length: ");
  all.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return all;
}

}  // namespace

MetricsServer::MetricsServer(const paynow::Client& client, std::uint16_t port) : client_(client) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0) return;
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  // Only this machine: anyone who can read it learns how the store does.
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0 || getsockname(listener_, raw, &size) != 0) return;
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

MetricsServer::~MetricsServer() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (listener_ >= 0) ::close(listener_);
}

void MetricsServer::run() {
  while (!stopping_) {
    pollfd waited{listener_, POLLIN, 0};
    if (::poll(&waited, 1, look_every_ms) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    answer(connection);
    ::close(connection);
  }
}

void MetricsServer::answer(int connection) const {
  std::string request;
  char bytes[1024];
  // In all, not for each piece: a client that sends a byte now and then holds up neither the next one nor the end.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(patience.tv_sec);
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(connection, bytes, sizeof bytes, 0);
    if (count <= 0 || request.size() > 8 * sizeof bytes || std::chrono::steady_clock::now() > give_up) return;
    request.append(bytes, static_cast<std::size_t>(count));
  }
  constexpr std::string_view wanted = "GET /metrics ";
  std::string all;
  if (request.compare(0, wanted.size(), wanted) == 0) {
    // On this thread, not in a tick: it is some 10 KB of text.
    const auto text = client_.metrics();
    all = text ? response("200 OK", "application/openmetrics-text; version=1.0.0; charset=utf-8", *text)
               : response("503 Service Unavailable", "text/plain", text.error());
  } else {
    all = response("404 Not Found", "text/plain", "There is only /metrics.\n");
  }
  for (std::string_view left = all; !left.empty();) {
    const ssize_t sent = ::send(connection, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
}
