// The server as it is often written: each PayNow call is made on the tick thread, which waits for the answer.

#pragma once

#include "http.hpp"
#include "players.hpp"
#include "session.hpp"
#include "ticks.hpp"
#include "world.hpp"

#include <cstddef>
#include <string>
#include <vector>

class NaiveGame {
 public:
  NaiveGame(std::string_view base, std::string_view api_key, std::string_view store_id, std::vector<Player> players,
            Duration closing_time, StoreMeter& meter);

  /// One tick. False when all players have what they came for, or at closing time: no one is served after that.
  bool tick(Duration now);

  const std::vector<Session>& sessions() const { return sessions_; }

 private:
  HttpClient::Response send(std::string_view method, const std::string& path, std::string_view json = {});
  void join(std::size_t player);
  HttpClient::Response look_up(std::size_t player);
  void leave(std::size_t player);

  HttpClient http_;
  const std::string authorization_;
  const std::string customers_;
  const std::vector<Player> players_;
  const Duration closing_time_;
  StoreMeter& meter_;
  World world_;
  std::vector<Session> sessions_;
  std::vector<bool> left_;
  Duration next_list_{std::chrono::seconds(1)};
};
