// What was aimed at, beside what was measured. Of a goal that is measured in several places, the worst of them is shown.
#pragma once

#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "figures.hpp"

namespace bench {

class Goals {
public:
  // `figure` is how the value is written.
  void at_most(const std::string &what, double value, double limit, const std::string &where, const std::string &figure) {
    keep(what, limit == 0 ? value : value / limit, {figure, where, value <= limit});
  }
  void at_least(const std::string &what, double value, double limit, const std::string &where, const std::string &figure) {
    keep(what, limit / value, {figure, where, value >= limit});
  }

  void print(const std::string &title) const {
    if (order_.empty()) return;
    std::cout << "\n" << title << "\n\nThe worst of all conditions above.\n";
    head({"goal", "measured", "where", ""});
    for (const auto &what : order_) {
      const Found &found = worst_.at(what).second;
      row({what, found.figure, found.where, found.met ? "met" : "**not met**"});
    }
  }

private:
  struct Found {
    std::string figure, where;
    bool met;
  };

  void keep(const std::string &what, double badness, Found found) {
    const auto kept = worst_.find(what);
    if (kept == worst_.end()) order_.push_back(what);
    if (kept == worst_.end() || kept->second.first < badness) worst_[what] = {badness, std::move(found)};
  }

  Words order_;
  std::map<std::string, std::pair<double, Found>> worst_;
};

} // namespace bench
