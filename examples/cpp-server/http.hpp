// A plain blocking HTTP client: what somebody writes who has not met the problem yet.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

class HttpClient {
 public:
  struct Response {
    /// 0 when none came.
    int status = 0;
    std::string body;
  };

  /// For an address such as http://127.0.0.1:8787.
  explicit HttpClient(std::string_view base);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Whether the address can be used: this client speaks no TLS.
  bool usable() const { return !host_.empty(); }
  /// Sends a request and waits for the answer, at most ten seconds. Keeps the connection for the next one.
  Response send(std::string_view method, std::string_view path, std::string_view authorization = {},
                std::string_view json = {});

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  bool connect(Deadline deadline);
  bool write(std::string_view text, Deadline deadline);
  /// Reads more into `buffer_`. False at the end, and when it takes too long.
  bool read(Deadline deadline);
  bool read_line(std::string& line, Deadline deadline);
  bool read_bytes(std::string& body, std::size_t count, Deadline deadline);
  bool receive(Response& response, Deadline deadline);
  void close();

  std::string host_, port_;
  std::string buffer_;
  int socket_ = -1;
};

/// The value of a member of a JSON text, wherever in it that occurs first: as naive as the rest.
std::string json_member(const std::string& json, std::string_view name);
