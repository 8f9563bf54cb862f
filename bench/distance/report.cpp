// Measures the time to an answer over TLS and a distance and prints it as Markdown; what the plots show goes to files. Linux.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "../figures.hpp"
#include "../sandbox.hpp"
#include "subject.hpp"
#include "terminator.hpp"

namespace {

using namespace bench;

// A program that asks, and which of the conditions it is put into.
struct Peer {
  std::string name;
  Words command;
  std::vector<unsigned> bursts;
  bool single;
  unsigned warm_ups; // bursts that are not counted
};

struct Options {
  std::string folder, sandbox, nginx;
  bool quick = false, is_long = false;
  Words java; // the command that runs a Java peer, without the peer's name
};

// How often each is measured.
struct Rounds {
  unsigned single, warm, second, quiet;
};

std::vector<Peer> peers_of(const Options &options) {
  const std::vector<unsigned> bursts = options.quick ? std::vector<unsigned>{1, 16} : std::vector<unsigned>{1, 16, 64, 200};
  const auto program = [&](const char *name) { return options.folder + "/" + name; };
  if (!options.java.empty()) {
    const std::vector<unsigned> fewer = options.quick ? std::vector<unsigned>{1} : std::vector<unsigned>{1, 16, 64};
    const auto java = [&](const char *name) {
      Words command = options.java;
      command.push_back(name);
      return command;
    };
    // What is compiled while it runs needs more of them than what was compiled before.
    const unsigned warm_ups = options.quick ? 2 : 30;
    return {{"bridge", java("bridge"), fewer, false, warm_ups},
            {"HttpClient, HTTP/2", java("jdk2"), fewer, false, warm_ups},
            {"OkHttp, HTTP/2", java("okhttp2"), fewer, false, warm_ups}};
  }
  std::vector<Peer> peers{{"bridge", {program("ask_bridge")}, bursts, true, 1}};
  if (access(program("ask_curl").c_str(), X_OK) == 0) {
    peers.push_back({"libcurl, HTTP/1.1", {program("ask_curl"), "1"}, bursts, true, 1});
    peers.push_back({"libcurl, HTTP/2", {program("ask_curl"), "2"}, bursts, true, 1});
  }
  return peers;
}

// ---- what was found ----

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

std::string milliseconds(double ns) { return fixed(ns / 1e6, ns < 1e7 ? 1 : 0); }

// ---- the whole ----

class Distances {
public:
  explicit Distances(Options options) : options_(std::move(options)), peers_(peers_of(options_)), sandbox_(options_.sandbox, options_.folder) {
    sandbox_.fill();
    raw_.open(options_.folder + "/distance.txt", std::ios::trunc);
    if (options_.quick) {
      round_trips_ = {20};
      rounds_ = {1, 1, 0, 0};
    }
    if (!options_.java.empty()) rounds_ = {0, rounds_.warm, options_.quick ? 1u : 3u, 0};
  }

  void run() {
    const auto from = Clock::now();
    const Terminator terminator(options_.nginx, options_.folder, sandbox_.address());
    std::vector<Subject> subjects = make_subjects();
    progress(std::to_string(subjects.size()) + " clients over a distance, about " + (options_.quick ? "5 seconds" : options_.is_long ? "13 minutes" : "5 minutes"));
    if (options_.quick) std::cout << "- **A quick run: it shows that everything runs, its figures mean little.**\n";
    take_turns(subjects, options_.folder + "/proxy", terminator.port(), [&](const Subject &subject, const Step &step, const Moment &moment) {
      note(subject, step, moment);
    });
    print_single();
    print_bursts();
    print_failures();
    std::cout << "\nTook " << std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - from).count() << " s.\n";
    write_plots();
  }

private:
  using Key = std::tuple<unsigned, std::string, unsigned>; // round trip in ms, condition, how many at once

  // One look-up at a time: with a new client, then after quieter and quieter times.
  std::vector<Step> single_steps() const {
    std::vector<Step> steps{{0, 1, "a new client"}, {1, 1, "1 s of quiet"}};
    if (options_.quick) return steps;
    steps.push_back({25, 1, "25 s of quiet"});
    steps.push_back({90, 1, "90 s of quiet"});
    if (options_.is_long) steps.push_back({600, 1, "10 min of quiet"});
    return steps;
  }

  // The first burst opens the connections, and what follows at once finds them open.
  std::vector<Step> burst_steps(const Peer &peer, unsigned count) const {
    std::vector<Step> steps;
    steps.push_back({0, count, "new client"});
    for (unsigned i = 0; i < peer.warm_ups; i++) steps.push_back({0.05, count, ""});
    for (unsigned i = 0; i < rounds_.warm; i++) steps.push_back({0.2, count, "warm"});
    for (unsigned i = 0; i < rounds_.second; i++) steps.push_back({1, count, "after 1 s"});
    for (unsigned i = 0; i < rounds_.quiet; i++) steps.push_back({25, count, "after 25 s"});
    return steps;
  }

  std::vector<Subject> make_subjects() {
    setenv("BENCH_CA_FILE", (options_.folder + "/ca.pem").c_str(), 1);
    setenv("BENCH_CA_BUNDLE", (options_.folder + "/ca-bundle.pem").c_str(), 1);
    std::vector<Subject> subjects;
    // The longest first. Peers alternate, so that what the machine does meanwhile meets them all.
    for (unsigned i = 0; i < rounds_.single; i++) {
      for (const unsigned round_trip : round_trips_) {
        for (const auto &peer : peers_) {
          if (peer.single) subjects.emplace_back(peer.name, peer.command, round_trip, single_steps());
        }
      }
    }
    for (const unsigned round_trip : round_trips_) {
      for (const unsigned count : peers_.front().bursts) {
        for (const auto &peer : peers_) subjects.emplace_back(peer.name, peer.command, round_trip, burst_steps(peer, count));
      }
      if (options_.java.empty() && !options_.quick) {
        Words command = peers_.front().command;
        command.push_back("256");
        subjects.emplace_back(more_workers, command, round_trip, burst_steps(peers_.front(), 200));
      }
    }
    return subjects;
  }

  void note(const Subject &subject, const Step &step, const Moment &moment) {
    raw_ << subject.round_trip_ms() << " ms, " << subject.label() << ", " << step.count << " at once, "
         << (step.condition.empty() ? "not counted" : step.condition) << ": first " << moment.first << " median " << moment.median << " last "
         << moment.last << " cpu_ms " << moment.cpu_ms << " errors " << moment.errors << " opened_meanwhile " << moment.opened_meanwhile << " open_before " << moment.open_before << " opened "
         << moment.opened << std::endl;
    asked_ += step.count;
    if (moment.errors != 0) {
      failures_ += "- " + subject.label() + ", " + std::to_string(subject.round_trip_ms()) + " ms, " + std::to_string(step.count) + " at once, " +
                   step.condition + ": " + grouped(moment.errors) + "\n";
    }
    if (!step.condition.empty()) found_[{subject.round_trip_ms(), step.condition, step.count}][subject.label()].add(moment);
  }

  const Moments *moments(const Key &key, const std::string &peer) const {
    const auto of_key = found_.find(key);
    if (of_key == found_.end()) return nullptr;
    const auto found = of_key->second.find(peer);
    return found == of_key->second.end() ? nullptr : &found->second;
  }

  // A cell of each peer, or a dash where it was not measured.
  template <typename Cell> void cells(Words &row, const Key &key, const Words &names, const Cell &cell) const {
    for (const auto &name : names) {
      const Moments *own = moments(key, name);
      row.push_back(own == nullptr ? "–" : cell(*own));
    }
  }

  Words names() const {
    Words names;
    for (const auto &peer : peers_) names.push_back(peer.name);
    return names;
  }

  Words titles(Words titles, const Words &groups) const {
    for (const auto &group : groups) {
      for (size_t i = 0; i < peers_.size(); i++) titles.push_back(i == 0 ? group + ": " + peers_[i].name : peers_[i].name);
    }
    return titles;
  }

  void print_single() const {
    if (!peers_.front().single) return;
    std::cout << "\n#### One look-up\n\nFrom the call to the answer in the host's hands, in ms: the median and the slowest of " << rounds_.single
              << " clients. For a new client the clock starts before it is\ncreated. Each client goes through the conditions one after the other. Connections: those opened in the quiet, and those for the look-up.\n";
    head(titles({"round trip", "condition"}, {"median / slowest, ms", "connections", "CPU, ms"}));
    for (const unsigned round_trip : round_trips_) {
      for (const auto &step : single_steps()) {
        Words line{std::to_string(round_trip) + " ms", step.condition};
        const Key key{round_trip, step.condition, 1};
        cells(line, key, names(), [](const Moments &own) {
          return milliseconds(own.of(&Moment::median)) + " / " + milliseconds(own.most(&Moment::median));
        });
        cells(line, key, names(), [](const Moments &own) {
          return grouped(own.of(&Moment::opened_meanwhile)) + " + " + grouped(own.of(&Moment::opened));
        });
        cells(line, key, names(), [](const Moments &own) { return fixed(own.of(&Moment::cpu_ms), 1); });
        row(line);
      }
    }
  }

  void burst_row(unsigned round_trip, const std::string &condition, unsigned count, const std::string &label, const Words &of) const {
    const Key key{round_trip, condition, count};
    Words line{std::to_string(round_trip) + " ms", condition, label};
    cells(line, key, of, [](const Moments &own) {
      return milliseconds(own.of(&Moment::first)) + " / " + milliseconds(own.of(&Moment::median)) + " / " + milliseconds(own.of(&Moment::last));
    });
    cells(line, key, of, [](const Moments &own) { return grouped(own.of(&Moment::open_before)) + " + " + grouped(own.of(&Moment::opened)); });
    cells(line, key, of, [&](const Moments &own) { return fixed(own.of(&Moment::cpu_ms) / count, 2); });
    row(line);
  }

  void print_bursts() const {
    std::cout << "\n#### Many at once\n\nThe first, the median and the last answer of a burst, in ms from its first call. Connections: those open before, and those opened for it.\n"
                 "CPU is that of the client's process. A new client is measured once, the warm one "
              << rounds_.warm << " times, each 0.2 s after a burst like it";
    if (rounds_.second != 0) std::cout << ", and " << rounds_.second << " times after a second";
    if (rounds_.quiet != 0) std::cout << ", and " << rounds_.quiet << " times after 25 s of quiet";
    std::cout << ";\nmedians of these.\n";
    head(titles({"round trip", "condition", "at once"}, {"first / median / last, ms", "connections", "CPU, ms a request"}));
    for (const unsigned round_trip : round_trips_) {
      for (const char *condition : {"new client", "warm", "after 1 s", "after 25 s"}) {
        for (const unsigned count : peers_.front().bursts) {
          if (found_.count({round_trip, condition, count}) == 0) continue;
          burst_row(round_trip, condition, count, std::to_string(count), names());
        }
        if (moments({round_trip, condition, 200}, more_workers) == nullptr) continue;
        Words wider = names();
        wider.front() = more_workers;
        for (size_t i = 1; i < wider.size(); i++) wider[i].clear();
        burst_row(round_trip, condition, 200, "200, with `max_workers` 256", wider);
      }
    }
  }

  void print_failures() const {
    if (failures_.empty()) {
      std::cout << "\nEach of the " << grouped(asked_) << " questions was answered.\n";
    } else {
      std::cout << "\nQuestions that failed, of " << grouped(asked_) << ":\n\n" << failures_;
    }
  }

  // Blocks of lines for gnuplot, two empty lines apart: one block a round trip, and of bursts one a condition besides. The round trip is in
  // the last column. With fewer than three peers there is nothing to compare: the files stay empty.
  void write_plots() const {
    std::ofstream single(options_.folder + "/answer.dat");
    std::ofstream bursts(options_.folder + "/burst.dat");
    if (peers_.size() < 3) return;
    for (const unsigned round_trip : round_trips_) {
      const bool is_first = round_trip == round_trips_.front();
      single << (is_first ? "" : "\n\n");
      for (const auto &step : single_steps()) {
        single << '"' << (step.quiet == 0 ? "new" : step.condition.substr(0, step.condition.find(" of"))) << '"';
        for (const auto &name : names()) plot_cell(single, moments({round_trip, step.condition, 1}, name), {&Moment::median});
        single << ' ' << round_trip << '\n';
      }
      for (const char *condition : {"warm", options_.java.empty() ? "after 25 s" : "after 1 s"}) {
        bursts << (is_first && condition == std::string("warm") ? "" : "\n\n");
        for (const unsigned count : peers_.front().bursts) {
          bursts << count;
          for (const auto &name : names()) {
            plot_cell(bursts, moments({round_trip, condition, count}, name), {&Moment::first, &Moment::median, &Moment::last});
          }
          bursts << ' ' << round_trip << '\n';
        }
      }
    }
  }

  static void plot_cell(std::ofstream &file, const Moments *own, const std::vector<double Moment::*> &figures) {
    for (const auto figure : figures) file << ' ' << (own == nullptr ? "0" : number(own->of(figure) / 1e6));
  }

  static constexpr const char *more_workers = "bridge, 256 workers";

  Options options_;
  std::vector<Peer> peers_;
  Sandbox sandbox_;
  std::ofstream raw_;
  std::vector<unsigned> round_trips_{20, 40, 120};
  Rounds rounds_{5, 5, 0, 3};
  std::map<Key, std::map<std::string, Moments>> found_;
  double asked_ = 0;
  std::string failures_;
};

// Descriptors for all that wait together; the limit is passed on to the children.
void raise_limits() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (argc >= 4) {
    options.folder = argv[1];
    options.sandbox = argv[2];
    options.nginx = argv[3];
  }
  int at = 4;
  for (; at < argc; at++) {
    if (std::strcmp(argv[at], "--quick") == 0) {
      options.quick = true;
    } else if (std::strcmp(argv[at], "--long") == 0) {
      options.is_long = true;
    } else if (std::strcmp(argv[at], "--java") == 0) {
      options.java.assign(argv + at + 1, argv + argc);
      at = argc;
    } else {
      options.folder.clear();
    }
  }
  if (options.folder.empty()) {
    std::cerr << "usage: report FOLDER-OF-PROGRAMS SANDBOX-PROGRAM NGINX-PROGRAM [--quick] [--long] [--java COMMAND...]\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_limits();
  try {
    Distances(std::move(options)).run();
  } catch (const std::exception &error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
