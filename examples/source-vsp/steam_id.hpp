// What the engine calls a player, as the number PayNow knows them by.

#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The SteamID64, in decimal digits, of "STEAM_0:1:2", "[U:1:5]" or a SteamID64 itself. Nothing for bots, for players
/// on a LAN, for ids that are still pending and for everything else that names no account.
inline std::optional<std::string> steam_id64(std::string_view engine_id) {
  // Individual accounts of the public universe: the account number follows.
  constexpr std::uint64_t individual = 76561197960265728;
  constexpr std::uint64_t most = 0xffffffff;

  const auto take = [&engine_id](std::string_view prefix) {
    if (engine_id.substr(0, prefix.size()) != prefix) return false;
    engine_id.remove_prefix(prefix.size());
    return true;
  };
  const auto number = [&engine_id](std::uint64_t limit) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const char* end = engine_id.data() + engine_id.size();
    const auto [stop, error] = std::from_chars(engine_id.data(), end, value);
    if (error != std::errc() || value > limit) return std::nullopt;
    engine_id.remove_prefix(static_cast<std::size_t>(stop - engine_id.data()));
    return value;
  };

  std::uint64_t account = 0;
  if (take("STEAM_")) {
    // The universe: 0 in older games, 1 in newer ones, the same accounts in both.
    if (!number(1) || !take(":")) return std::nullopt;
    const auto odd = number(1);
    if (!odd || !take(":")) return std::nullopt;
    const auto half = number(most / 2);
    if (!half) return std::nullopt;
    account = *half * 2 + *odd;
  } else if (take("[U:1:")) {
    const auto given = number(most);
    if (!given || !take("]")) return std::nullopt;
    account = *given;
  } else {
    const auto given = number(individual + most);
    if (!given || *given < individual) return std::nullopt;
    account = *given - individual;
  }
  if (!engine_id.empty() || account == 0) return std::nullopt;
  return std::to_string(individual + account);
}
