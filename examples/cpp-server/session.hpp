// What became of a player at the store.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

enum class Found {
  nothing_yet,
  known,
  created,
  /// Unknown at first, but somebody else created it before we did.
  created_meanwhile,
  /// The platform has no such account.
  no_account,
};

struct Session {
  Found found = Found::nothing_yet;
  std::string customer_id;
  /// A glimpse of it; the token itself is never kept.
  std::string token_glimpse;
  std::string gift_card;
  bool revoked = false;
  /// Why there is no result.
  std::string problem;
  /// Between joining and the last answer.
  std::chrono::nanoseconds took{0};
  bool done = false;

  bool has_result() const { return done && problem.empty(); }
};

/// Enough of a token to see that there is one.
std::string glimpse(std::string_view token);
/// What a gift card is worth, in words.
std::string describe_gift_card(std::int64_t balance, std::int64_t starting_balance,
                               std::optional<std::int64_t> expires_at_ms, std::string_view expires_at);
