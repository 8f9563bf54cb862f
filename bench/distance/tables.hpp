// The results as Markdown.
#pragma once

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "../figures.hpp"
#include "../goals.hpp"
#include "plan.hpp"
#include "results.hpp"

namespace bench {

class Tables {
public:
  Tables(const Plan &plan, const Results &results) : plan_(plan), results_(results) {}

  void print() const {
    if (plan_.rounds().single != 0) print_single();
    print_bursts();
    if (plan_.rounds().single != 0) goals().print("#### Goals");
    if (results_.failures().empty()) {
      std::cout << "\nEach of the " << grouped(results_.asked()) << " questions was answered.\n";
    } else {
      std::cout << "\nQuestions that failed, of " << grouped(results_.asked()) << ":\n\n" << results_.failures();
    }
  }

private:
  static std::string milliseconds(double ns) { return fixed(ns / 1e6, ns < 1e7 ? 1 : 0); }

  // A cell for each peer, or a dash where it was not measured.
  template <typename Cell> void cells(Words &line, const Key &key, const Words &names, const Cell &cell) const {
    for (const auto &name : names) {
      const Moments *own = results_.moments(key, name);
      line.push_back(own == nullptr ? "–" : cell(*own));
    }
  }

  Words titles(Words titles, const Words &groups) const {
    for (const auto &group : groups) {
      for (const auto &name : plan_.names()) titles.push_back(name == plan_.names().front() ? group + ": " + name : name);
    }
    return titles;
  }

  void print_single() const {
    std::cout << "\n#### One look-up\n\n"
                 "From the call to the answer in the host's hands, in ms: the median and the slowest of "
              << plan_.rounds().single
              << " clients. For a new client the clock starts before it is\n"
                 "created. Each client goes through the conditions one after the other. Connections: those opened in the quiet, and those for the look-up.\n";
    head(titles({"round trip", "condition"}, {"median / slowest, ms", "connections", "CPU, ms"}));
    for (const unsigned round_trip : plan_.round_trips()) {
      for (const auto &step : plan_.single_steps()) {
        const Key key{round_trip, step.condition, 1};
        Words line{std::to_string(round_trip) + " ms", step.condition};
        cells(line, key, plan_.names(), [](const Moments &own) {
          return milliseconds(own.of(&Moment::median)) + " / " + milliseconds(own.most(&Moment::median));
        });
        cells(line, key, plan_.names(), [](const Moments &own) {
          return grouped(own.of(&Moment::opened_meanwhile)) + " + " + grouped(own.of(&Moment::opened));
        });
        cells(line, key, plan_.names(), [](const Moments &own) { return fixed(own.of(&Moment::cpu_ms), 1); });
        row(line);
      }
    }
  }

  // What a look-up costs beyond the round trips, and a burst beside libcurl over HTTP/1.1.
  Goals goals() const {
    Goals goals;
    for (const unsigned round_trip : plan_.round_trips()) {
      const std::string distance = std::to_string(round_trip) + " ms";
      for (const auto &step : plan_.single_steps()) {
        const Moments *own = results_.moments({round_trip, step.condition, 1}, plan_.names().front());
        if (own == nullptr) continue;
        const bool is_new = step.condition == plan_.single_steps().front().condition;
        const double beyond = own->of(&Moment::median) - (is_new ? 3e6 : 1e6) * round_trip;
        goals.at_most(is_new ? "a new client: three round trips + 8 ms at the median" : "after any quiet: one round trip + 8 ms at the median", beyond, 8e6,
                      distance + ", " + step.condition, "+ " + milliseconds(beyond) + " ms");
      }
      for (const unsigned count : plan_.bursts()) {
        if (count == 16 || count == 64) beside_curl(goals, "16 and 64 at once, warm", round_trip, count, plan_.names().front());
        const Moments *own = results_.moments({round_trip, "warm", count}, plan_.names().front());
        if (count != 200 || own == nullptr) continue;
        const double trips = own->of(&Moment::last) / (1e6 * round_trip);
        goals.at_most("200 at once, warm, default settings: the last within 4.3 round trips", trips, 4.3, distance, fixed(trips, 2));
        beside_curl(goals, "200 at once, warm, with 256 workers", round_trip, count, Plan::more_workers);
      }
    }
    return goals;
  }

  void beside_curl(Goals &goals, const std::string &what, unsigned round_trip, unsigned count, const std::string &bridge) const {
    const Key key{round_trip, "warm", count};
    const Moments *ours = results_.moments(key, bridge);
    const Moments *theirs = results_.moments(key, Plan::curl_http1);
    if (ours == nullptr || theirs == nullptr) return;
    for (const auto &[name, figure] : {std::pair{"median", &Moment::median}, {"last", &Moment::last}}) {
      const double ratio = ours->of(figure) / theirs->of(figure);
      goals.at_most(what + ": the " + name + " <= 1.15 times libcurl's over HTTP/1.1", ratio, 1.15,
                    std::to_string(round_trip) + " ms, " + std::to_string(count) + " at once", fixed(ratio, 2));
    }
  }

  void burst_row(const Key &key, const std::string &label, const Words &names) const {
    const auto &[round_trip, condition, count] = key;
    const double requests = count;
    Words line{std::to_string(round_trip) + " ms", condition, label};
    cells(line, key, names, [](const Moments &own) {
      return milliseconds(own.of(&Moment::first)) + " / " + milliseconds(own.of(&Moment::median)) + " / " + milliseconds(own.of(&Moment::last));
    });
    cells(line, key, names, [](const Moments &own) { return grouped(own.of(&Moment::open_before)) + " + " + grouped(own.of(&Moment::opened)); });
    cells(line, key, names, [&](const Moments &own) { return fixed(own.of(&Moment::cpu_ms) / requests, 2); });
    row(line);
  }

  void print_bursts() const {
    std::cout << "\n#### Many at once\n\n"
                 "The first, the median and the last answer of a burst, in ms from its first call. Connections: those open before, and those opened for it.\n"
                 "CPU is that of the client's process. A new client is measured once, the warm one "
              << plan_.rounds().warm << " times, each 0.2 s after a burst like it";
    if (plan_.rounds().second != 0) std::cout << ", and " << plan_.rounds().second << " times after a second";
    if (plan_.rounds().quiet != 0) std::cout << ", and " << plan_.rounds().quiet << " times after 25 s of quiet";
    std::cout << ";\nmedians of these.\n";
    head(titles({"round trip", "condition", "at once"}, {"first / median / last, ms", "connections", "CPU, ms a request"}));
    // In the bridge's columns, with nothing in the others'.
    Words more_workers(plan_.peers().size());
    more_workers.front() = Plan::more_workers;
    for (const unsigned round_trip : plan_.round_trips()) {
      for (const char *condition : {"new client", "warm", "after 1 s", "after 25 s"}) {
        for (const unsigned count : plan_.bursts()) {
          const Key key{round_trip, condition, count};
          if (results_.has(key)) burst_row(key, std::to_string(count), plan_.names());
        }
        const Key key{round_trip, condition, 200};
        if (results_.moments(key, Plan::more_workers) != nullptr) burst_row(key, "200, with `max_workers` 256", more_workers);
      }
    }
  }

  const Plan &plan_;
  const Results &results_;
};

} // namespace bench
