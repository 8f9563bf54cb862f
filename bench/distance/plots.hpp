// The results as gnuplot reads them.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "../figures.hpp"
#include "plan.hpp"
#include "results.hpp"

namespace bench {

// For each peer the figures in ms; what was not measured is a bar of no height.
inline void plot_cells(std::ofstream &file, const Plan &plan, const Results &results, const Key &key, const std::vector<double Moment::*> &figures) {
  for (const auto &name : plan.names()) {
    const Moments *own = results.moments(key, name);
    for (const auto figure : figures) file << ' ' << (own == nullptr ? "0" : number(own->of(figure) / 1e6));
  }
}

// Blocks of lines, two empty lines apart: one block a round trip, and of bursts one a condition besides. The round trip is in the last column.
// With fewer than three peers there is nothing to compare: the files stay empty.
inline void write_plots(const Plan &plan, const Results &results, const std::string &folder) {
  std::ofstream single(folder + "/answer.dat");
  std::ofstream bursts(folder + "/burst.dat");
  if (plan.peers().size() < 3) return;
  std::string apart;
  for (const unsigned round_trip : plan.round_trips()) {
    single << apart;
    for (const auto &step : plan.single_steps()) {
      single << '"' << (step.quiet == 0 ? "new" : step.condition.substr(0, step.condition.find(" of"))) << '"';
      plot_cells(single, plan, results, {round_trip, step.condition, 1}, {&Moment::median});
      single << ' ' << round_trip << '\n';
    }
    for (const char *condition : {"warm", plan.drawn_quiet()}) {
      bursts << apart;
      apart = "\n\n";
      for (const unsigned count : plan.bursts()) {
        bursts << count;
        plot_cells(bursts, plan, results, {round_trip, condition, count}, {&Moment::first, &Moment::median, &Moment::last});
        bursts << ' ' << round_trip << '\n';
      }
    }
  }
}

} // namespace bench
