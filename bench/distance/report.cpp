// Measures the time to an answer over TLS and a distance and prints it as Markdown; what the plots show goes to files. Linux.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "../process.hpp"
#include "../sandbox.hpp"
#include "plan.hpp"
#include "plots.hpp"
#include "results.hpp"
#include "subject.hpp"
#include "tables.hpp"
#include "terminator.hpp"
#include "turns.hpp"

namespace {

using namespace bench;

void measure(const Options &options) {
  const auto from = Clock::now();
  const Plan plan(options);
  Results results(options.folder + "/distance.txt");
  Sandbox sandbox(options.sandbox, options.folder);
  sandbox.fill();
  const Terminator terminator(options.nginx, options.folder, sandbox.address());
  setenv("BENCH_CA_FILE", (options.folder + "/ca.pem").c_str(), 1);
  setenv("BENCH_CA_BUNDLE", (options.folder + "/ca-bundle.pem").c_str(), 1);
  std::vector<Subject> subjects = plan.subjects();
  progress(std::to_string(subjects.size()) + " clients over a distance, about " +
           (options.quick ? "5 seconds" : options.is_long ? "13 minutes" : "5 minutes"));
  if (options.quick) std::cout << "- **A quick run: it shows that everything runs, its figures mean little.**\n";
  take_turns(subjects, options.folder + "/proxy", terminator.port(),
             [&](const Subject &subject, const Step &step, const Moment &moment) { results.note(subject, step, moment); });
  Tables(plan, results).print();
  write_plots(plan, results, options.folder);
  std::cout << "\nTook " << std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - from).count() << " s.\n";
}

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
    measure(options);
  } catch (const std::exception &error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
