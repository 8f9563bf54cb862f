// The sandbox as a child process, with the customers that are looked up in it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "customers.h"
#include "process.hpp"

namespace bench {

class Sandbox {
public:
  Sandbox(const std::string &program, const std::string &folder, unsigned latency_ms = 0) {
    const std::string ready = folder + "/sandbox-ready.json";
    std::remove(ready.c_str());
    child_.emplace(Words{program, "--listen", "127.0.0.1:0", "--quiet", "--exit-with-stdin", "--ready-file", ready, "--latency-ms",
                         std::to_string(latency_ms)},
                   true);
    std::string text;
    for (int i = 0; i < 1000 && text.empty(); i++) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::ifstream file(ready);
      std::getline(file, text, '\0');
    }
    std::remove(ready.c_str());
    base_ = field(text, "base");
    key_ = field(text, "api_key");
    store_ = field(text, "store_id");
    if (base_.empty() || key_.empty() || store_.empty()) fail("the sandbox did not start");
    serve();
  }

  const std::string &store() const { return store_; }

  // Everything as it was at the start.
  void reset() { request("POST", "/_sandbox/reset", "{}"); }
  void clear_log() { request("DELETE", "/_sandbox/log", ""); }
  // What it was asked, oldest first, as JSON.
  std::string log() { return request("GET", "/_sandbox/log?limit=20000", ""); }

  // Programs started from here on ask this one.
  void serve() const {
    setenv("PAYNOW_API_BASE", base_.c_str(), 1);
    setenv("PAYNOW_API_KEY", key_.c_str(), 1);
    setenv("PAYNOW_STORE_ID", store_.c_str(), 1);
  }

  std::string address() const { return base_.substr(base_.find("//") + 2); }

  void faults(const std::string &plan) { request(plan.empty() ? "DELETE" : "PUT", "/_sandbox/faults", plan); }

  // The customers that are looked up, 200 to a request: the most the contract allows.
  void fill() {
    for (unsigned from = 0; from < BENCH_CUSTOMERS; from += 200) {
      std::string body;
      for (unsigned i = from; i < from + 200 && i < BENCH_CUSTOMERS; i++) {
        char uuid[BENCH_UUID_SIZE];
        bench_uuid(i, uuid);
        body += body.empty() ? "[" : ",";
        body += std::string("{\"minecraft_uuid\":\"") + uuid + "\",\"minecraft_platform\":\"java\",\"name\":\"Bench_" +
                std::to_string(i) + "\",\"metadata\":{\"rank\":\"vip\"}}";
      }
      request("POST", "/v1/stores/" + store_ + "/customers/bulk", body + "]");
    }
  }

private:
  static std::string field(const std::string &json, const std::string &name) {
    const auto key = json.find("\"" + name + "\"");
    if (key == std::string::npos) return "";
    const auto from = json.find('"', json.find(':', key));
    const auto to = json.find('"', from + 1);
    return to == std::string::npos ? "" : json.substr(from + 1, to - from - 1);
  }

  std::string request(const std::string &method, const std::string &path, const std::string &body) {
    const auto colon = base_.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(base_.substr(colon + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) fail("cannot reach the sandbox");
    const std::string text = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: APIKey " + key_ +
                             "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t count = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) fail("the sandbox hung up");
      sent += static_cast<size_t>(count);
    }
    std::string answer;
    char buffer[4096];
    for (ssize_t count; (count = recv(fd, buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<size_t>(count));
    close(fd);
    if (answer.rfind("HTTP/1.1 2", 0) != 0) fail("the sandbox refused " + method + " " + path + ": " + answer.substr(0, 12));
    const auto body_at = answer.find("\r\n\r\n");
    return body_at == std::string::npos ? "" : answer.substr(body_at + 4);
  }

  std::optional<Child> child_;
  std::string base_, key_, store_;
};

} // namespace bench
