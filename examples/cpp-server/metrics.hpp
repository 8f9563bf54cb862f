// Gives Prometheus the numbers of a client over HTTP, from a thread of its own.

#pragma once

#include <paynow_bridge.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

class MetricsServer {
 public:
  /// Serves http://127.0.0.1:PORT/metrics until it is destroyed; the client must live as long. 0 takes any free port.
  MetricsServer(const paynow::Client& client, std::uint16_t port);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// Where it serves; 0 when the port could not be had.
  std::uint16_t port() const { return port_; }

 private:
  void run();
  void answer(int connection) const;

  const paynow::Client& client_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};
