#include "world.hpp"

#include "ticks.hpp"

#include <algorithm>

World::World() {
  for (int number = 0; number < 128; ++number) {
    const float place = static_cast<float>(number);
    things_.push_back({place * 3.1F, place * 1.7F, 1.0F - place / 64.0F, place / 64.0F});
  }
  constexpr int trial = 50;
  Duration fastest = Duration::max();
  for (int round = 0; round < 5; ++round) {
    const Clock::time_point began = Clock::now();
    for (int count = 0; count < trial; ++count) step();
    fastest = std::min<Duration>(fastest, (Clock::now() - began) / trial);
  }
  const auto wanted = std::chrono::microseconds(1500);
  steps_ = static_cast<int>(std::clamp<Duration::rep>(wanted / std::max(fastest, Duration(1)), 1, 100'000));
}

void World::tick() {
  for (int count = 0; count < steps_; ++count) step();
}

void World::step() {
  // Everything pushes everything else that is near.
  for (Thing& one : things_) {
    for (const Thing& other : things_) {
      const float x = one.x - other.x, y = one.y - other.y;
      const float distance = x * x + y * y + 1.0F;
      one.speed_x += x / distance * 0.001F;
      one.speed_y += y / distance * 0.001F;
    }
  }
  for (Thing& each : things_) {
    each.x += each.speed_x * 0.01F;
    each.y += each.speed_y * 0.01F;
    if (each.x < 0 || each.x > 400) each.speed_x = -each.speed_x * 0.5F;
    if (each.y < 0 || each.y > 400) each.speed_y = -each.speed_y * 0.5F;
  }
}
