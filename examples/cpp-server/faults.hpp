// Bad weather: a thread that lets the sandbox be slow, then hang, then recover. Other servers are left alone.

#pragma once

#include "http.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

/// Whether it is the sandbox that answers at this address.
bool is_sandbox(std::string_view base);

class BadWeather {
 public:
  static constexpr std::chrono::milliseconds latency{80};
  static constexpr std::chrono::milliseconds hang_after{2000};
  static constexpr std::chrono::milliseconds hang_for{3000};

  /// Sets the sandbox back to how it began, makes it slow, and has it hang a while after.
  explicit BadWeather(std::string_view base);
  /// Fair weather again.
  ~BadWeather();
  BadWeather(const BadWeather&) = delete;
  BadWeather& operator=(const BadWeather&) = delete;

  /// Whether everything was as announced.
  bool came() const { return came_; }

 private:
  void hang();

  HttpClient http_;
  std::mutex mutex_;
  std::condition_variable over_early_;
  bool over_ = false;
  bool came_ = false;
  std::thread thread_;
};
