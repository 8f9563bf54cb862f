// Something for the server to do besides talking to a store: honest work of 1.5 ms a tick.

#pragma once

#include <vector>

class World {
 public:
  /// Finds out how much work 1.5 ms is on this machine.
  World();
  /// Moves everything that moves.
  void tick();

 private:
  struct Thing {
    float x, y, speed_x, speed_y;
  };
  void step();

  std::vector<Thing> things_;
  int steps_ = 1;
};
