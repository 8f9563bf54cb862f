#include "session.hpp"

#include <cstdio>

std::string glimpse(std::string_view token) {
  const std::size_t scheme = token.find('_');
  const std::size_t shown = scheme == std::string_view::npos ? 0 : scheme + 1;
  if (token.size() < shown + 20) return "\u2026";
  return std::string(token.substr(0, shown)) + "\u2026" + std::string(token.substr(token.size() - 2));
}

std::string describe_gift_card(std::int64_t balance, std::int64_t starting_balance,
                               std::optional<std::int64_t> expires_at_ms, std::string_view expires_at) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  if (expires_at_ms && *expires_at_ms <= now.count()) return "expired " + std::string(expires_at.substr(0, 10));
  if (balance == 0) return "used up";
  char text[64];
  std::snprintf(text, sizeof text, "%.2f of %.2f left", static_cast<double>(balance) / 100,
                static_cast<double>(starting_balance) / 100);
  return text;
}
