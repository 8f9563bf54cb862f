// nginx as a child process: speaks TLS 1.3 with HTTP/1.1 and HTTP/2 on one port and hands the requests to the sandbox.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../process.hpp"

namespace bench {

class Terminator {
public:
  // `folder` holds server.pem and server.key; `sandbox` is address:port.
  Terminator(const std::string &nginx, const std::string &folder, const std::string &sandbox) : port_(free_port()) {
    const std::string file = folder + "/nginx.conf";
    std::ofstream(file) << configuration(folder, sandbox);
    child_.emplace(Words{nginx, "-p", folder, "-e", "stderr", "-c", file}, false);
    for (int i = 0; i < 1000 && !answers(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!answers()) fail("nginx did not start");
  }

  std::string port() const { return std::to_string(port_); }

private:
  // One process that stays in the foreground, so that it ends with its parent. HTTP/2's limits are nginx's own: 128 streams a connection.
  std::string configuration(const std::string &folder, const std::string &sandbox) const {
    std::string text = "daemon off; master_process off; pid nginx.pid;\n"
                       "worker_rlimit_nofile 16384;\n"
                       "events { worker_connections 8192; }\n"
                       "http {\n"
                       "  access_log off;\n"
                       "  keepalive_timeout 60s;\n"
                       "  keepalive_requests 1000000;\n"
                       "  upstream sandbox { server " + sandbox + "; keepalive 512; }\n"
                       "  server {\n"
                       "    listen 127.0.0.1:" + port() + " ssl http2 backlog=4096;\n"
                       "    ssl_protocols TLSv1.3;\n"
                       "    ssl_certificate " + folder + "/server.pem;\n"
                       "    ssl_certificate_key " + folder + "/server.key;\n"
                       "    location / {\n"
                       "      proxy_pass http://sandbox;\n"
                       "      proxy_http_version 1.1;\n"
                       "      proxy_set_header Connection \"\";\n"
                       "      proxy_set_header Host 127.0.0.1;\n"
                       "    }\n"
                       "  }\n";
    for (const char *kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) text += std::string("  ") + kind + "_temp_path " + kind + "_temp;\n";
    return text + "}\n";
  }

  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static uint16_t free_port() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&address), size) != 0 || getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
      fail("no free port");
    }
    close(fd);
    return ntohs(address.sin_port);
  }

  bool answers() const {
    const sockaddr_in address = loopback(port_);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool good = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
    close(fd);
    return good;
  }

  uint16_t port_;
  std::optional<Child> child_;
};

} // namespace bench
