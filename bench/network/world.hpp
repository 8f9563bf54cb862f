// What every scene is played in: the sandbox, the programs, and how far it goes.
#pragma once

#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "../goals.hpp"
#include "../sandbox.hpp"
#include "fleet.hpp"
#include "redis.hpp"
#include "upstream.hpp"

namespace bench {

constexpr unsigned API_LIMIT = 60; // requests a second
constexpr unsigned LATENCY_MS = 40;
// Nine tenths of the limit; what may go at once beside it fills up the limit, in whatever second.
constexpr Rate CONFIGURED{54, 6};
constexpr Rate UNKNOWN{0, 0};

struct World {
  std::string folder, redis_program;
  bool quick;
  Sandbox sandbox;
  Goals goals;

  World(std::string folder_, const std::string &sandbox_program, std::string redis_, bool quick_)
      : folder(std::move(folder_)), redis_program(std::move(redis_)), quick(quick_), sandbox(sandbox_program, folder, LATENCY_MS) {}

  // A store of 2,000 customers that nothing was asked yet. A limit of 0: none.
  void fresh(unsigned limit) {
    sandbox.reset();
    sandbox.fill();
    sandbox.clear_log();
    if (limit != 0) {
      sandbox.faults("{\"latency_ms\":" + std::to_string(LATENCY_MS) + ",\"rate_limit\":{\"requests\":" + std::to_string(limit) + ",\"per_ms\":1000}}");
    }
  }

  // Of a goal of a scene that is reached in several places, the worst is shown. `figure` is how the value is written.
  void most(const std::string &what, double value, double limit, const std::string &figure, const std::string &where) {
    goals.at_most(what, value, limit, where, figure);
  }
  void most(const std::string &what, double value, double limit, const std::string &where) { most(what, value, limit, grouped(value), where); }

  Redis redis(Words options = {}) const { return Redis(redis_program, folder, std::move(options)); }
};

using Plans = std::vector<std::vector<Question>>;

// One that is not yet a customer.
inline unsigned newcomer(unsigned number) { return BENCH_CUSTOMERS + number; }

} // namespace bench
