// The game servers: a process each, told what to do and asked what came of it.
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "../figures.hpp"
#include "../process.hpp"

namespace bench {

struct Question {
  double at; // seconds from the start
  char kind; // e: ensure, l: look up
  unsigned player;
};

struct Answer {
  double at, took; // seconds
  unsigned player;
  int status; // 0: an answer came, "no such customer" included
};

struct Rate {
  unsigned per_second, burst; // 0: unknown
};

// What one server saw.
struct Played {
  std::vector<Answer> answers;
  std::vector<std::pair<double, bool>> ups; // when the network was lost, and when it was back
  unsigned lines = 0;
};

inline uint64_t nanoseconds(Clock::time_point at) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

inline Clock::duration seconds(double count) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count)); }

class Fleet {
public:
  // NETWORK is what the servers share, or "-".
  Fleet(const std::string &folder, unsigned size, const std::string &network, Rate rate) : folder_(folder), number_(next_number()) {
    for (unsigned i = 0; i < size; i++) servers_.push_back(std::make_unique<Child>(Words{folder + "/server"}, true));
    all("create " + network + " " + std::to_string(rate.per_second) + " " + std::to_string(rate.burst));
    if (network != "-") all("wait " + std::to_string(size));
  }

  size_t size() const { return servers_.size(); }
  Child &at(size_t server) { return *servers_[server]; }
  void kill(size_t server) { servers_[server].reset(); }

  Numbers state(size_t server) { return numbers_of(servers_[server]->ask("state", patience)); }

  // The same for each, and what each says.
  Words all(const std::string &line) {
    for (const auto &server : servers_) server->tell(line);
    Words said;
    for (const auto &server : servers_) said.push_back(server->line_of(patience));
    return said;
  }

  // When all can have read their plans.
  Clock::time_point soon() const { return Clock::now() + seconds(0.2 + 0.01 * static_cast<double>(size())); }

  // Each server has a plan, which begins at `start` and lasts so long, or until all is answered.
  void begin(const std::vector<std::vector<Question>> &plans, double length, unsigned look_ms, Clock::time_point start) {
    start_ = start;
    for (size_t i = 0; i < size(); i++) {
      std::ofstream file(plan(i), std::ios::trunc);
      for (const auto &question : plans[i]) file << static_cast<uint64_t>(question.at * 1e6) << ' ' << question.kind << ' ' << question.player << '\n';
      file.close();
      if (!servers_[i]) continue;
      servers_[i]->tell("play " + std::to_string(nanoseconds(start_)) + " " + std::to_string(look_ms) + " " +
                        std::to_string(nanoseconds(start_ + seconds(length))) + " " + plan(i) + " " + result(i));
    }
  }

  void begin(const std::vector<std::vector<Question>> &plans, double length, unsigned look_ms) { begin(plans, length, look_ms, soon()); }

  Clock::time_point start() const { return start_; }

  std::vector<Played> end() {
    std::vector<Played> all(size());
    for (size_t i = 0; i < size(); i++) {
      if (!servers_[i]) continue;
      servers_[i]->line_of(patience);
      all[i] = read(result(i));
    }
    return all;
  }

private:
  static constexpr std::chrono::seconds patience{360};

  static unsigned next_number() {
    static unsigned number = 0;
    return number++;
  }
  std::string plan(size_t server) const { return folder_ + "/plan-" + std::to_string(number_) + "-" + std::to_string(server); }
  std::string result(size_t server) const { return folder_ + "/result-" + std::to_string(number_) + "-" + std::to_string(server); }

  static Played read(const std::string &path) {
    Played played;
    std::ifstream file(path);
    for (std::string text; std::getline(file, text);) {
      std::istringstream line(text);
      std::string what;
      double at = 0;
      line >> what >> at;
      if (what == "answer") {
        Answer answer{};
        char kind = 0;
        line >> answer.took >> kind >> answer.player >> answer.status;
        answer.at = at / 1e6;
        answer.took /= 1e9;
        played.answers.push_back(answer);
      } else if (what == "up") {
        bool is_up = false;
        line >> is_up;
        played.ups.emplace_back(at / 1e6, is_up);
      } else if (what == "line") {
        played.lines++;
      }
    }
    return played;
  }

  std::string folder_;
  unsigned number_;
  std::vector<std::unique_ptr<Child>> servers_;
  Clock::time_point start_{};
};

// All answers in the order of how long they took; a failure took forever, however soon it was known.
inline std::vector<Answer> by_time(const std::vector<Played> &all) {
  std::vector<Answer> answers;
  for (const auto &played : all) answers.insert(answers.end(), played.answers.begin(), played.answers.end());
  std::sort(answers.begin(), answers.end(), [](const Answer &a, const Answer &b) {
    return (a.status != 0) != (b.status != 0) ? a.status == 0 : a.took < b.took;
  });
  return answers;
}

// Nearest rank, in ns; infinite when that one failed.
inline double rank(const std::vector<Answer> &sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(std::max(0.0, std::ceil(share * static_cast<double>(sorted.size())) - 1));
  const Answer &answer = sorted[std::min(at, sorted.size() - 1)];
  return answer.status == 0 ? answer.took * 1e9 : std::numeric_limits<double>::infinity();
}

inline std::string time_of(double ns) { return std::isinf(ns) ? "failed" : duration(ns); }

inline unsigned failures(const std::vector<Answer> &answers) {
  return static_cast<unsigned>(std::count_if(answers.begin(), answers.end(), [](const Answer &answer) { return answer.status != 0; }));
}

} // namespace bench
