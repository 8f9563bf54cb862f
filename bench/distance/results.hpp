// What was found: every moment into a file as it comes, and the moments of each peer in each condition together.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "../figures.hpp"
#include "subject.hpp"

namespace bench {

// The moments of one peer in one condition. Each figure is the median of its own.
class Moments {
public:
  void add(const Moment &moment) { moments_.push_back(moment); }
  double of(double Moment::*figure) const {
    const auto values = sorted(figure);
    return values[(values.size() - 1) / 2];
  }
  double most(double Moment::*figure) const { return sorted(figure).back(); }

private:
  std::vector<double> sorted(double Moment::*figure) const {
    std::vector<double> values;
    for (const auto &moment : moments_) values.push_back(moment.*figure);
    std::sort(values.begin(), values.end());
    return values;
  }

  std::vector<Moment> moments_;
};

using Key = std::tuple<unsigned, std::string, unsigned>; // round trip in ms, condition, how many at once

class Results {
public:
  explicit Results(const std::string &raw_file) : raw_(raw_file, std::ios::trunc) {}

  void note(const Subject &subject, const Step &step, const Moment &moment) {
    const std::string what = subject.label() + ", " + std::to_string(subject.round_trip_ms()) + " ms, " + std::to_string(step.count) + " at once, " +
                             (step.condition.empty() ? "not counted" : step.condition);
    raw_ << what << ": first " << moment.first << " median " << moment.median << " last " << moment.last << " cpu_ms " << moment.cpu_ms << " errors "
         << moment.errors << " opened_meanwhile " << moment.opened_meanwhile << " open_before " << moment.open_before << " opened " << moment.opened
         << std::endl;
    asked_ += step.count;
    if (moment.errors != 0) failures_ += "- " + what + ": " + grouped(moment.errors) + "\n";
    if (!step.condition.empty()) found_[{subject.round_trip_ms(), step.condition, step.count}][subject.label()].add(moment);
  }

  bool has(const Key &key) const { return found_.count(key) != 0; }

  // Null where that peer was not measured.
  const Moments *moments(const Key &key, const std::string &peer) const {
    const auto of_key = found_.find(key);
    if (of_key == found_.end()) return nullptr;
    const auto found = of_key->second.find(peer);
    return found == of_key->second.end() ? nullptr : &found->second;
  }

  double asked() const { return asked_; }
  // A line for each moment in which questions failed.
  const std::string &failures() const { return failures_; }

private:
  std::ofstream raw_;
  std::map<Key, std::map<std::string, Moments>> found_;
  double asked_ = 0;
  std::string failures_;
};

} // namespace bench
