// Players who hop between servers.
#pragma once

#include <map>
#include <optional>

#include "world.hpp"

namespace bench {

struct Hopped {
  unsigned servers;
  bool has_network;
  Rate rate;
  std::vector<Answer> answers; // by time
  Upstream upstream;
  double redis_percent, redis_bytes;
};

class Hop {
public:
  explicit Hop(World &world)
      : world_(world), players_(world.quick ? 500 : 2000), arrivals_(players_ * 6), length_(world.quick ? 10 : 40),
        most_(world.quick ? 10 : 100) {}

  void run() {
    const std::vector<unsigned> sizes = world_.quick ? std::vector<unsigned>{10} : std::vector<unsigned>{1, 10, 50, 100};
    for (const unsigned servers : sizes) {
      const bool is_whole = servers == most_;
      play(servers, false, UNKNOWN);
      if (is_whole) play(servers, false, {std::max(1u, CONFIGURED.per_second / servers), 1});
      play(servers, true, CONFIGURED);
      if (is_whole) play(servers, true, UNKNOWN);
    }
    write_plots();
  }

  void print() const {
    std::cout << "\n### Hop\n\n"
              << grouped(players_) << " players, each tenth not yet a customer, come to a server at random " << grouped(arrivals_) << " times in " << length_
              << " s: `paynow_ensure_customer` by `minecraft_uuid`.\nEach player's first arrival is at a random time, so that some "
              << players_ / length_ << " a second come for the first time. The API is " << LATENCY_MS << " ms away and allows " << API_LIMIT
              << " requests a second.\nA rate is what was set on each server: with the network all share " << CONFIGURED.per_second
              << "/s, with a burst of " << CONFIGURED.burst << "; without it each has its part.\n"
              << "Requests are counted by the API, failures and times by the servers; a failed arrival counts as one that took forever.\n";
    head({"servers", "network", "rate set", "requests / player", "look-ups / player", "429s", "failed", "customers twice", "p50", "p99", "slowest", "Redis: % of a core",
          "MB"});
    for (const auto &hopped : hops_) {
      const Upstream &upstream = hopped.upstream;
      const double failed = failures(hopped.answers);
      row({grouped(hopped.servers), hopped.has_network ? "with" : "without", hopped.rate.per_second == 0 ? "–" : grouped(hopped.rate.per_second) + "/s",
           fixed(static_cast<double>(upstream.requests.size()) / players_, 2), fixed(static_cast<double>(upstream.look_ups) / players_, 2),
           grouped(upstream.limited), grouped(failed) + " (" + fixed(failed * 100 / arrivals_, failed == 0 ? 0 : 1) + " %)", grouped(upstream.twice),
           time_of(rank(hopped.answers, 0.5)), time_of(rank(hopped.answers, 0.99)), time_of(rank(hopped.answers, 1)),
           hopped.has_network ? fixed(hopped.redis_percent, 1) : "–", hopped.has_network ? fixed(hopped.redis_bytes / 1e6, 1) : "–"});
    }
  }

  void judge() const {
    for (const auto &hopped : hops_) {
      if (!hopped.has_network || hopped.servers != most_) continue;
      const bool is_set = hopped.rate.per_second != 0;
      const std::string where = std::to_string(most_) + " servers";
      const std::string scene = std::string("hop, ") + (is_set ? "rate set: " : "limit unknown: ");
      const double look_ups = static_cast<double>(hopped.upstream.look_ups) / players_;
      const double p50 = rank(hopped.answers, 0.5), p99 = rank(hopped.answers, 0.99);
      if (is_set) {
        world_.most(scene + "look-ups / player <= 1.02", look_ups, 1.02, fixed(look_ups, 3), where);
        world_.most(scene + "429s: 0", hopped.upstream.limited, 0, where);
        world_.most(scene + "p50 <= 2 ms", p50, 2e6, time_of(p50), where);
      } else {
        world_.most(scene + "429s <= 40", hopped.upstream.limited, 40, where);
      }
      world_.most(scene + "failed: 0", failures(hopped.answers), 0, where);
      world_.most(scene + "customers twice: 0", hopped.upstream.twice, 0, where);
      const double limit = is_set ? 1.5e9 : 3e9;
      world_.most(scene + "p99 <= " + (is_set ? "1.5 s" : "3 s"), p99, limit, time_of(p99), where);
    }
  }

private:
  unsigned player_of(unsigned number) const { return number % 10 == 9 ? newcomer(number) : number; }

  // The same arrivals for every network of a size.
  Plans plans(unsigned servers) const {
    std::mt19937 random(15);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    std::vector<double> firsts, times;
    const auto some_time = [&] { return length_ * (random() / 4294967296.0); };
    for (unsigned i = 0; i < players_; i++) firsts.push_back(some_time());
    std::sort(firsts.begin(), firsts.end());
    for (unsigned i = players_; i < arrivals_; i++) times.push_back(firsts.front() + some_time() * (1 - firsts.front() / length_));
    std::sort(times.begin(), times.end());
    Plans plans(servers);
    std::vector<unsigned> last;
    const auto arrive = [&](unsigned number, double at) {
      // Not where the player is.
      const unsigned server = last[number] == servers || servers == 1 ? below(servers) : (last[number] + 1 + below(servers - 1)) % servers;
      last[number] = server;
      plans[server].push_back({at, 'e', player_of(number)});
    };
    size_t first = 0;
    for (const double at : times) {
      for (; first < firsts.size() && firsts[first] <= at; first++) {
        last.push_back(servers);
        arrive(static_cast<unsigned>(first), firsts[first]);
      }
      arrive(below(static_cast<unsigned>(first)), at);
    }
    for (; first < firsts.size(); first++) {
      last.push_back(servers);
      arrive(static_cast<unsigned>(first), firsts[first]);
    }
    return plans;
  }

  void play(unsigned servers, bool has_network, Rate rate) {
    progress("hop: " + std::to_string(servers) + " servers " + (has_network ? "with" : "without") + " the network, rate " +
             (rate.per_second == 0 ? "unknown" : std::to_string(rate.per_second) + "/s"));
    world_.fresh(API_LIMIT);
    std::optional<Redis> redis;
    if (has_network) redis.emplace(world_.redis());
    Fleet fleet(world_.folder, servers, has_network ? redis->address() : "-", rate);
    world_.sandbox.clear_log();
    const double before = redis ? redis->cpu_seconds() : 0;
    fleet.begin(plans(servers), length_, 1000);
    const auto played = fleet.end();
    const double took = std::chrono::duration<double>(Clock::now() - fleet.start()).count();
    hops_.push_back({servers, has_network, rate, by_time(played), Upstream(world_.sandbox),
                     redis ? (redis->cpu_seconds() - before) / took * 100 : 0, redis ? redis->peak_memory() : 0});
  }

  const Hopped *hopped(bool has_network, bool is_set) const {
    for (const auto &hopped : hops_) {
      if (hopped.servers == most_ && hopped.has_network == has_network && (hopped.rate.per_second != 0) == is_set) return &hopped;
    }
    return nullptr;
  }

  // For gnuplot, of the most servers: without the network, with it, and with it when the limit is unknown.
  void write_plots() const {
    const std::vector<const Hopped *> shown{hopped(false, false), hopped(true, true), hopped(true, false)};
    std::ofstream rates(world_.folder + "/rates.dat"), times(world_.folder + "/times.dat");
    for (const Hopped *one : shown) {
      std::map<long, std::pair<unsigned, unsigned>> bins;
      const auto &requests = one->upstream.requests;
      for (const auto &request : requests) {
        auto &bin = bins[static_cast<long>((request.at_ms - requests.front().at_ms) / 1000)];
        (request.status == 429 ? bin.second : bin.first)++;
      }
      // The last second is not a whole one.
      for (long second = 0; !bins.empty() && second < bins.rbegin()->first; second++) {
        rates << second << ' ' << bins[second].first << ' ' << bins[second].first + bins[second].second << '\n';
      }
      rates << "\n\n";
      std::vector<double> took;
      for (const auto &answer : one->answers) {
        if (answer.status == 0) took.push_back(answer.took);
      }
      const double total = static_cast<double>(one->answers.size());
      for (unsigned i = 0; i <= 500; i++) {
        const size_t at = (took.size() - 1) * i / 500;
        times << took[at] * 1e3 << ' ' << static_cast<double>(at + 1) / total * 100 << '\n';
      }
      times << "\n\n";
    }
  }

  World &world_;
  unsigned players_, arrivals_, length_, most_;
  std::vector<Hopped> hops_;
};

} // namespace bench
