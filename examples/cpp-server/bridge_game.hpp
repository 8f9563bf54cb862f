// The server as it should be: PayNow calls go through the bridge, and the tick thread never waits.

#pragma once

#include "players.hpp"
#include "session.hpp"
#include "ticks.hpp"
#include "world.hpp"

#include <paynow_bridge.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

class BridgeGame {
 public:
  BridgeGame(const paynow::Client& client, std::vector<Player> players, StoreMeter& meter);

  /// One tick. False when everybody has what they came for.
  bool tick(Duration now);

  const std::vector<Player>& players() const { return players_; }
  const std::vector<Session>& sessions() const { return sessions_; }
  /// How many customers the staff's last /customers listed, and how often they asked.
  std::uint32_t listed() const { return listed_; }
  int lists() const { return lists_; }
  /// Requests that were accepted, and those of them that did not complete exactly once.
  std::size_t requests() const { return completions_.size(); }
  std::size_t not_exactly_once() const;

 private:
  using Step = void (BridgeGame::*)(std::size_t player, const paynow::Completion& done);

  void join(std::size_t player);
  void looked_up(std::size_t player, const paynow::Completion& done);
  void created(std::size_t player, const paynow::Completion& done);
  void looked_up_again(std::size_t player, const paynow::Completion& done);
  void mint(std::size_t player, std::string_view customer_id, Found found);
  void minted(std::size_t player, const paynow::Completion& done);
  void card_looked_up(std::size_t player, const paynow::Completion& done);
  void leave(std::size_t player);
  void revoked(std::size_t player, const paynow::Completion& done);
  void list();

  /// The function to go with a request: counts its completion, then takes the player's next step.
  paynow::CompletionHandler then(std::size_t player, Step step);
  /// What to do when a request was not accepted.
  void check(std::size_t player, const paynow::Result<paynow::RequestId>& submitted);
  void fail(std::size_t player, std::string why);
  void finish(std::size_t player);
  paynow::CallOptions options_of(std::size_t player) const;

  const paynow::Client& client_;
  const std::vector<Player> players_;
  StoreMeter& meter_;
  World world_;
  std::vector<StoreKey> keys_;
  std::vector<Session> sessions_;
  std::vector<bool> joined_, leaving_;
  Clock::time_point started_ = Clock::now();
  /// By request: how often it completed.
  std::vector<int> completions_;
  std::size_t outstanding_ = 0;
  Duration next_list_{std::chrono::seconds(1)};
  std::uint32_t listed_ = 0;
  int lists_ = 0;
};
