// What a server owner gets to see.

#pragma once

#include "players.hpp"
#include "session.hpp"
#include "ticks.hpp"

#include <cstddef>
#include <vector>

/// A dozen players with what became of them, and all of them by kind.
void print_players(const std::vector<Player>& players, const std::vector<Session>& sessions);

struct Run {
  const char* title;
  std::size_t served;
  Duration took;
  TickLog ticks;
};

/// The runs beside each other.
void print_comparison(const std::vector<const Run*>& runs);

double milliseconds(Duration duration);
