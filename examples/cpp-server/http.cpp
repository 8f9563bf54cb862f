#include "http.hpp"

#include <cerrno>
#include <cstdlib>

#include <algorithm>
#include <cctype>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

bool wait_for(int socket, short what, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waited{socket, what, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

HttpClient::HttpClient(std::string_view base) {
  constexpr std::string_view scheme = "http://";
  if (base.substr(0, scheme.size()) != scheme) return;
  std::string_view authority = base.substr(scheme.size());
  authority = authority.substr(0, authority.find('/'));
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  std::string_view host = has_port ? authority.substr(0, colon) : authority;
  port_ = has_port ? std::string(authority.substr(colon + 1)) : "80";
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
  host_ = host;
}

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  buffer_.clear();
}

bool HttpClient::connect(Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  if (getaddrinfo(host_.c_str(), port_.c_str(), &hints, &addresses) != 0) return false;
  for (const addrinfo* each = addresses; each != nullptr && socket_ < 0; each = each->ai_next) {
    socket_ = ::socket(each->ai_family, each->ai_socktype, each->ai_protocol);
    if (socket_ < 0) continue;
    fcntl(socket_, F_SETFL, O_NONBLOCK);
    int error = 0;
    if (::connect(socket_, each->ai_addr, each->ai_addrlen) != 0) {
      socklen_t size = sizeof error;
      const bool answered = errno == EINPROGRESS && wait_for(socket_, POLLOUT, deadline) &&
                            getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
      if (!answered || error != 0) close();
    }
  }
  freeaddrinfo(addresses);
  if (socket_ < 0) return false;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

bool HttpClient::write(std::string_view text, Deadline deadline) {
  while (!text.empty()) {
    const ssize_t written = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (!wait_for(socket_, POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool HttpClient::read(Deadline deadline) {
  char chunk[4096];
  for (;;) {
    const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
    if (count > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) return false;
    if (!wait_for(socket_, POLLIN, deadline)) return false;
  }
}

bool HttpClient::read_line(std::string& line, Deadline deadline) {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!read(deadline)) return false;
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool HttpClient::read_bytes(std::string& body, std::size_t count, Deadline deadline) {
  while (buffer_.size() < count) {
    if (!read(deadline)) return false;
  }
  body.append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

bool HttpClient::receive(Response& response, Deadline deadline) {
  std::string line;
  if (!read_line(line, deadline) || line.size() < 12) return false;
  response.status = std::atoi(line.c_str() + 9);
  std::size_t length = 0;
  bool chunked = false, last = false;
  for (;;) {
    if (!read_line(line, deadline)) return false;
    if (line.empty()) break;
    std::transform(line.begin(), line.end(), line.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (line.rfind("content-length:", 0) == 0) length = std::strtoull(line.c_str() + 15, nullptr, 10);
    if (line.rfind("transfer-encoding:", 0) == 0) chunked = line.find("chunked") != std::string::npos;
    if (line.rfind("connection:", 0) == 0) last = line.find("close") != std::string::npos;
  }
  if (chunked) {
    do {
      if (!read_line(line, deadline)) return false;
      length = std::strtoull(line.c_str(), nullptr, 16);
      if (!read_bytes(response.body, length, deadline) || !read_line(line, deadline)) return false;
    } while (length > 0);
  } else if (!read_bytes(response.body, length, deadline)) {
    return false;
  }
  if (last) close();
  return true;
}

HttpClient::Response HttpClient::send(std::string_view method, std::string_view path,
                                      std::string_view authorization, std::string_view json) {
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string request;
  request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ");
  request.append(host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]").append(":").append(port_);
  request.append("\r\nAccept: application/json\r\n");
  if (!authorization.empty()) request.append("Authorization: ").append(authorization).append("\r\n");
  if (!json.empty()) request.append("Content-Type: application/json\r\n");
  if (!json.empty() || method != "GET") {
    request.append("Content-Length: ").append(std::to_string(json.size())).append("\r\n");
  }
  request.append("\r\n").append(json);

  // A connection that was kept may have been closed meanwhile; a new one is tried once.
  for (const bool kept : {socket_ >= 0, false}) {
    Response response;
    const bool sent = (socket_ >= 0 || connect(deadline)) && write(request, deadline);
    if (sent && receive(response, deadline)) return response;
    close();
    if (!kept || response.status != 0) break;
  }
  return {};
}

std::string json_member(const std::string& json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  std::size_t start = json.find(key);
  if (start == std::string::npos) return {};
  start += key.size();
  if (start < json.size() && json[start] == '"') return json.substr(start + 1, json.find('"', start + 1) - start - 1);
  return json.substr(start, json.find_first_of(",}", start) - start);
}
