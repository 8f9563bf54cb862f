// A dedicated game server, 64 ticks a second, whose players have accounts in a PayNow store. It runs twice: with
// the bridge, and with blocking calls on the tick thread, to show what the difference is.
//
// PAYNOW_API_BASE, PAYNOW_API_KEY and PAYNOW_STORE_ID say which store. If it is the sandbox, that is made slow and
// hang for a while; any other server just gets the load.
//
// PAYNOW_METRICS_PORT: http://127.0.0.1:PORT/metrics shows Prometheus how the client does.

#include "bridge_game.hpp"
#include "faults.hpp"
#include "metrics.hpp"
#include "naive_game.hpp"
#include "report.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace {

constexpr std::size_t player_count = 200;
constexpr std::chrono::milliseconds join_window{4000};
constexpr std::chrono::seconds longest_run{40};

struct Store {
  const char* base = std::getenv("PAYNOW_API_BASE");
  const char* api_key = std::getenv("PAYNOW_API_KEY");
  const char* id = std::getenv("PAYNOW_STORE_ID");
  bool is_known() const { return base != nullptr && api_key != nullptr && id != nullptr; }
};

std::unique_ptr<BadWeather> bad_weather(const Store& store, bool sandbox) {
  return sandbox ? std::make_unique<BadWeather>(store.base) : nullptr;
}

/// 0 when everybody has a result and every request completed once.
int run_with_bridge(const Store& store, bool sandbox, Run& run) {
  paynow::Config config;
  config.api_base = store.base;
  config.api_key = store.api_key;
  config.store_id = store.id;
  config.user_agent = "paynow-bridge-demo";
  config.log_level = paynow::LogLevel::warn;
  config.on_log = [](paynow::LogLevel, std::string_view line) {
    std::printf("  [paynow] %.*s\n", static_cast<int>(line.size()), line.data());
  };
  auto client = paynow::Client::create(std::move(config));
  if (!client) {
    std::printf("No client: %s\n", client.error().c_str());
    return 2;
  }
  std::optional<MetricsServer> metrics;
  if (const char* port = std::getenv("PAYNOW_METRICS_PORT")) {
    metrics.emplace(*client, static_cast<std::uint16_t>(std::atoi(port)));
    if (metrics->port() == 0) std::printf("Metrics are not served: the port %s cannot be had.\n", port);
    else std::printf("Metrics: http://127.0.0.1:%u/metrics\n", metrics->port());
  }
  const auto weather = bad_weather(store, sandbox);
  if (weather && !weather->came()) std::printf("The sandbox could not be made slow.\n");
  StoreMeter meter;
  BridgeGame game(*client, make_players(player_count, join_window), meter);
  const Clock::time_point began = Clock::now();
  run.ticks = run_ticks(meter, [&](Duration now) { return game.tick(now) && now < longest_run; });
  run.took = Clock::now() - began;
  for (const Session& session : game.sessions()) run.served += session.has_result() ? 1U : 0U;
  const auto stats = client->stats();
  metrics.reset();
  // Whatever is still outstanding completes now, so that it can be counted.
  (void)client->destroy();

  print_players(game.players(), game.sessions());
  std::size_t without_result = 0;
  for (const Session& session : game.sessions()) without_result += session.has_result() ? 0U : 1U;
  std::printf("\nStaff listed the customers %d times, %u at last. %zu requests, ", game.lists(), game.listed(),
              game.requests());
  if (game.not_exactly_once() == 0) {
    std::printf("each completed exactly once");
  } else {
    std::printf("%zu NOT COMPLETED EXACTLY ONCE", game.not_exactly_once());
  }
  if (stats) {
    std::printf("; %llu connections, %u worker threads",
                static_cast<unsigned long long>(stats->connections_opened), stats->workers);
  }
  std::printf(".\n");
  if (without_result > 0) std::printf("%zu PLAYERS ENDED WITHOUT A RESULT.\n", without_result);
  return without_result == 0 && game.not_exactly_once() == 0 ? 0 : 1;
}

/// The same load for as long as the bridge needed for it. Blocking calls would go on for minutes.
void run_naively(const Store& store, bool sandbox, Duration closing_time, Run& run) {
  const auto weather = bad_weather(store, sandbox);
  StoreMeter meter;
  NaiveGame game(store.base, store.api_key, store.id, make_players(player_count, join_window), closing_time, meter);
  const Clock::time_point began = Clock::now();
  run.ticks = run_ticks(meter, [&](Duration now) { return game.tick(now) && now < longest_run; });
  run.took = Clock::now() - began;
  for (const Session& session : game.sessions()) run.served += session.has_result() ? 1U : 0U;
}

}  // namespace

int main() {
  const Store store;
  if (!store.is_known()) {
    std::printf("Set PAYNOW_API_BASE, PAYNOW_API_KEY and PAYNOW_STORE_ID, or use demo.sh.\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const bool sandbox = is_sandbox(store.base);
  std::printf("A game server with 64 ticks a second; %zu players join within %.0f seconds.\n", player_count,
              milliseconds(join_window) / 1000);
  if (sandbox) {
    std::printf("The store answers after %.0f ms; from second %.0f to second %.0f it does not answer at all.\n\n",
                milliseconds(BadWeather::latency), milliseconds(BadWeather::hang_after) / 1000,
                milliseconds(BadWeather::hang_after + BadWeather::hang_for) / 1000);
  } else {
    std::printf("The store is not a sandbox: no faults are injected.\n\n");
  }

  Run bridge{"with the bridge", 0, Duration::zero(), {}};
  const int result = run_with_bridge(store, sandbox, bridge);
  if (result == 2) return result;

  std::vector<const Run*> runs{&bridge};
  Run naive{"blocking calls", 0, Duration::zero(), {}};
  if (HttpClient(store.base).usable()) {
    std::printf("\nThe same load with blocking calls on the tick thread, for as long ...\n\n");
    run_naively(store, sandbox, bridge.took, naive);
    runs.push_back(&naive);
  } else {
    std::printf("\nThe comparison with blocking calls is left out: this example's own HTTP client speaks no TLS.\n\n");
  }
  print_comparison(runs);

  const std::size_t blamed = bridge.ticks.late_because_of_store();
  const std::size_t others = bridge.ticks.late() - blamed;
  std::printf("\n");
  if (blamed == 0) {
    std::printf("No tick was late because of the bridge.\n");
  } else {
    std::printf("Late because of the bridge: %zu.\n", blamed);
  }
  if (others > 0) {
    std::printf("Late because this machine had something else to do, with or without PayNow calls: %zu.\n", others);
  }
  return result;
}
