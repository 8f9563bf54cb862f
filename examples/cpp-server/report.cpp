#include "report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>

namespace {

constexpr std::size_t sample_size = 16;

/// How many columns of a terminal a text takes: East Asian characters and pictures take two.
std::size_t width(const std::string& text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xc0) == 0x80) continue;
    const bool is_wide = byte >= 0xf0 || (byte >= 0xe3 && byte <= 0xed);
    columns += is_wide ? 2 : 1;
  }
  return columns;
}

std::string pad(const std::string& text, std::size_t columns) {
  const std::size_t taken = width(text);
  return taken < columns ? text + std::string(columns - taken, ' ') : text;
}

std::string pad_left(const std::string& text, std::size_t columns) {
  const std::size_t taken = width(text);
  return taken < columns ? std::string(columns - taken, ' ') + text : text;
}

const char* word(Found found) {
  switch (found) {
    case Found::known:
      return "known";
    case Found::created:
      return "new, created";
    case Found::created_meanwhile:
      return "other session was first";
    case Found::no_account:
      return "no such account";
    case Found::nothing_yet:
      break;
  }
  return "nothing";
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

void print_row(const std::vector<std::string>& cells) {
  constexpr std::array<std::size_t, 6> widths{18, 12, 19, 23, 8, 19};
  std::string line = "  ";
  for (std::size_t index = 0; index < cells.size(); ++index) {
    line += index < widths.size() ? pad(cells[index], widths[index]) + " " : pad_left(cells[index], 8);
  }
  std::printf("%s\n", line.c_str());
}

/// Some of each sort, so that the table shows what there is.
std::vector<std::size_t> sample(const std::vector<Player>& players, const std::vector<Session>& sessions) {
  std::vector<std::size_t> chosen;
  const auto choose = [&](std::size_t most, const std::function<bool(std::size_t)>& wanted) {
    std::size_t found = 0;
    for (std::size_t player = 0; player < players.size() && found < most && chosen.size() < sample_size; ++player) {
      if (std::find(chosen.begin(), chosen.end(), player) != chosen.end() || !wanted(player)) continue;
      chosen.push_back(player);
      ++found;
    }
  };
  choose(sample_size, [&](std::size_t player) { return !sessions[player].has_result(); });
  std::vector<std::size_t> slowest(players.size());
  std::iota(slowest.begin(), slowest.end(), std::size_t{0});
  std::sort(slowest.begin(), slowest.end(),
            [&](std::size_t one, std::size_t other) { return sessions[one].took > sessions[other].took; });
  choose(1, [&](std::size_t player) { return player == slowest.front(); });
  choose(1, [&](std::size_t player) { return player == slowest[slowest.size() / 4]; });
  choose(1, [&](std::size_t player) { return sessions[player].found == Found::created_meanwhile; });
  choose(1, [&](std::size_t player) { return sessions[player].revoked; });
  for (const Kind kind : {Kind::java, Kind::offline, Kind::bedrock, Kind::steam}) {
    const auto is_kind = [&](std::size_t player) { return players[player].kind == kind; };
    choose(1, [&](std::size_t player) { return is_kind(player) && sessions[player].found == Found::known; });
    choose(1, [&](std::size_t player) {
      return is_kind(player) && sessions[player].found == Found::created && !sessions[player].gift_card.empty();
    });
    choose(1, [&](std::size_t player) { return is_kind(player) && sessions[player].found == Found::created; });
  }
  choose(sample_size, [&](std::size_t player) { return !sessions[player].gift_card.empty(); });
  std::sort(chosen.begin(), chosen.end(),
            [&](std::size_t one, std::size_t other) { return players[one].joins < players[other].joins; });
  return chosen;
}

}  // namespace

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

void print_players(const std::vector<Player>& players, const std::vector<Session>& sessions) {
  const std::vector<std::size_t> shown = sample(players, sessions);
  std::printf("%zu of the %zu players:\n\n", shown.size(), players.size());
  print_row({"player", "kind", "looked up by", "at the store", "token", "gift card", "ms"});
  for (const std::size_t player : shown) {
    const Session& session = sessions[player];
    print_row({players[player].name, word(players[player].kind), store_key(players[player]).name,
               session.problem.empty() ? word(session.found) : session.problem,
               session.revoked ? "revoked" : session.token_glimpse, session.gift_card,
               format("%.0f", milliseconds(session.took))});
  }

  std::printf("\nAll of them:\n\n  %-13s %8s %7s %7s %7s %7s %8s %12s %12s\n", "kind", "players", "known", "new",
              "tokens", "cards", "revoked", "median, ms", "longest, ms");
  for (const Kind kind : {Kind::java, Kind::offline, Kind::bedrock, Kind::steam}) {
    int count = 0, known = 0, created = 0, tokens = 0, cards = 0, revoked = 0;
    std::vector<Duration> took;
    for (std::size_t player = 0; player < players.size(); ++player) {
      if (players[player].kind != kind) continue;
      const Session& session = sessions[player];
      ++count;
      known += session.found == Found::known ? 1 : 0;
      created += session.found == Found::created || session.found == Found::created_meanwhile ? 1 : 0;
      tokens += session.token_glimpse.empty() ? 0 : 1;
      cards += session.gift_card.empty() ? 0 : 1;
      revoked += session.revoked ? 1 : 0;
      took.push_back(session.took);
    }
    if (took.empty()) continue;
    std::sort(took.begin(), took.end());
    std::printf("  %-13s %8d %7d %7d %7d %7d %8d %12.0f %12.0f\n", word(kind), count, known, created, tokens, cards,
                revoked, milliseconds(took[took.size() / 2]), milliseconds(took.back()));
  }
}

void print_comparison(const std::vector<const Run*>& runs) {
  const auto row = [&](const char* title, const std::function<std::string(const Run&)>& cell) {
    std::string line = "  " + pad(title, 42);
    for (const Run* run : runs) line += pad_left(cell(*run), 18);
    std::printf("%s\n", line.c_str());
  };
  const auto number = [](auto value) { return std::to_string(value); };
  const auto duration = [](Duration value) { return format("%.2f ms", milliseconds(value)); };
  row("", [](const Run& run) { return std::string(run.title); });
  row("players served", [&](const Run& run) { return number(run.served); });
  row("seconds", [](const Run& run) { return format("%.1f", milliseconds(run.took) / 1000); });
  row("ticks", [&](const Run& run) { return number(run.ticks.count()); });
  row("ticks that never took place", [&](const Run& run) { return number(run.ticks.skipped()); });
  row("longest tick", [&](const Run& run) { return duration(run.ticks.longest()); });
  row("tick, p50", [&](const Run& run) { return duration(run.ticks.percentile(0.5)); });
  row("tick, p99", [&](const Run& run) { return duration(run.ticks.percentile(0.99)); });
  row("most time in PayNow calls in one tick", [&](const Run& run) { return duration(run.ticks.longest_store()); });
  row("latest start of a tick", [&](const Run& run) { return duration(run.ticks.latest_start()); });
  row("ticks later than 1/64 s", [&](const Run& run) { return number(run.ticks.late()); });
  row("  of these because of PayNow calls",
      [&](const Run& run) { return number(run.ticks.late_because_of_store()); });
}
