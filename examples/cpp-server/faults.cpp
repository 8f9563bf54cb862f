#include "faults.hpp"

bool is_sandbox(std::string_view base) {
  HttpClient http(base);
  return http.usable() && http.send("GET", "/_sandbox/health").status == 200;
}

BadWeather::BadWeather(std::string_view base) : http_(base) {
  const std::string plan = "{\"latency_ms\":" + std::to_string(latency.count()) + "}";
  came_ = http_.send("POST", "/_sandbox/reset", {}, "{}").status == 204 &&
          http_.send("PUT", "/_sandbox/faults", {}, plan).status == 204;
  thread_ = std::thread([this] { hang(); });
}

void BadWeather::hang() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (over_early_.wait_for(lock, hang_after, [this] { return over_; })) return;
  const std::string wanted = "{\"for_ms\":" + std::to_string(hang_for.count()) + "}";
  came_ = http_.send("POST", "/_sandbox/hang", {}, wanted).status == 202 && came_;
}

BadWeather::~BadWeather() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
  }
  over_early_.notify_all();
  thread_.join();
  http_.send("DELETE", "/_sandbox/faults");
}
