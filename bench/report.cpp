// Starts the sandbox, runs each measurement in a process of its own, and prints the figures as Markdown with the goals beside them. Linux.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

#include "figures.hpp"
#include "goals.hpp"
#include "process.hpp"
#include "sandbox.hpp"

namespace {

using namespace bench;

class Bench {
public:
  Bench(std::string folder, const std::string &sandbox, bool quick) : folder_(std::move(folder)), quick_(quick), sandbox_(sandbox, folder_) {
    curl_ = access((folder_ + "/bench_curl").c_str(), X_OK) == 0;
    raw_.open(folder_ + "/results.txt", std::ios::trunc);
    sandbox_.fill();
  }

  void run() {
    const auto from = Clock::now();
    facts();
    submits();
    drains();
    wires();
    loads();
    quiets();
    print_submits();
    print_drains();
    print_wires();
    print_loads();
    print_footprint();
    goals_.print("### Goals");
    if (!curl_) std::cout << "\nWithout libcurl4-openssl-dev the goals that compare were not judged.\n";
    write_plots();
    std::cout << "\nTook " << std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - from).count() << " s.\n";
  }

private:
  struct Condition {
    std::string name, faults;
    Words bridge, curl;
  };
  struct Submit {
    std::string name;
    Numbers bridge, curl;
  };
  struct Load {
    unsigned latency_ms, outstanding, workers;
    Numbers bridge, curl;
  };

  static constexpr const char *healthy = "healthy server";
  static constexpr unsigned default_workers = 64;
  static constexpr const char *outage = "hung server (deadline 2 s)";

  // While it lives, the programs that tick write down how long each tick took.
  class TicksFile {
  public:
    explicit TicksFile(const std::string &path) {
      if (!path.empty()) setenv("BENCH_TICKS_FILE", path.c_str(), 1);
    }
    TicksFile(const TicksFile &) = delete;
    TicksFile &operator=(const TicksFile &) = delete;
    ~TicksFile() { unsetenv("BENCH_TICKS_FILE"); }
  };

  double seconds(double full) const { return quick_ ? std::max(1.0, full / 8) : full; }

  std::unique_ptr<Child> start(const std::string &program, const Words &arguments) {
    Words command{folder_ + "/" + program};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return std::make_unique<Child>(command, false);
  }

  Numbers finish(Child &child, const std::string &label) {
    const Numbers numbers = numbers_of(child.output(std::chrono::seconds(120)));
    for (const auto &[name, value] : numbers) raw_ << label << ' ' << name << ' ' << value << '\n';
    raw_.flush();
    return numbers;
  }

  Numbers measure(const std::string &label, const std::string &program, const Words &arguments) {
    progress(label);
    return finish(*start(program, arguments), label);
  }

  std::string version(const std::string &program) {
    std::string text = start(program, {"version"})->output(std::chrono::seconds(10));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  void facts() {
    utsname system{};
    uname(&system);
    std::string model = "unknown";
    std::string line;
    for (std::ifstream cpu("/proc/cpuinfo"); std::getline(cpu, line);) {
      if (line.rfind("model name", 0) == 0) {
        model = line.substr(line.find(':') + 2);
        break;
      }
    }
    std::string clock = "unknown";
    std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >> clock;
    std::cout << "## Figures\n\n";
    std::cout << "- Machine: " << sysconf(_SC_NPROCESSORS_ONLN) << " cores (" << model << "), " << system.sysname << " " << system.release << " "
              << system.machine << ", clock source " << clock << "; the sandbox runs on the same cores\n";
    std::cout << "- paynow-bridge " << version("bench_bridge") << "; compiler " << __VERSION__ << "\n";
    std::cout << "- peer: " << (curl_ ? version("bench_curl") : "none, its columns are left out") << "\n";
    if (quick_) std::cout << "- **A quick run: it shows that everything runs, its figures mean little.**\n";
  }

  void submits() {
    const std::string full = number(seconds(12));
    const std::string half = number(seconds(4));
    const std::string cores = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
    const std::vector<Condition> conditions = {
        {healthy, "", {}, {}},
        {"slow server (200 ms)", "{\"latency_ms\":200}", {}, {}},
        {outage, "{\"hang\":true}", {"--deadline-ms", "2000"}, {"--deadline-ms", "2000"}},
        {"all cores busy", "", {"--spinners", cores}, {"--spinners", cores}},
        {"tick walks 8 MiB first", "", {"--walk-mib", "8"}, {"--walk-mib", "8"}},
    };
    for (const auto &condition : conditions) {
      Submit submit{condition.name, {}, {}};
      sandbox_.faults(condition.faults);
      Words ours{"submit", "--seconds", full};
      ours.insert(ours.end(), condition.bridge.begin(), condition.bridge.end());
      Words theirs{"submit", "--seconds", half};
      theirs.insert(theirs.end(), condition.curl.begin(), condition.curl.end());
      std::vector<Numbers> bridge, curl;
      // A goal compares the rarest of these, which a single run knows badly.
      for (int i = 0; i < (condition.name == healthy && !quick_ ? 5 : 1); i++) {
        const TicksFile bridge_ticks(condition.name == outage ? folder_ + "/outage-bridge.dat" : "");
        bridge.push_back(measure("submit, " + condition.name + ", bridge", "bench_bridge", ours));
        if (!curl_) continue;
        const TicksFile curl_ticks(condition.name == outage ? folder_ + "/outage-curl.dat" : "");
        curl.push_back(measure("submit, " + condition.name + ", libcurl", "bench_curl", theirs));
      }
      submit.bridge = median(bridge);
      if (curl_) submit.curl = median(curl);
      sandbox_.faults("");
      submits_.push_back(std::move(submit));
    }
  }

  void drains() {
    const std::string rounds = quick_ ? "20" : "200";
    drains_.emplace_back("poll, empty callback", measure("drain, empty callback", "bench_bridge", {"drain", "--rounds", rounds}));
    drains_.emplace_back("poll, callback reads the customer", measure("drain, callback reads", "bench_bridge", {"drain", "--rounds", rounds, "--read", "1"}));
    drains_.emplace_back("next, customer read, freed", measure("drain, next", "bench_bridge", {"drain", "--rounds", rounds, "--read", "1", "--next", "1"}));
    peek_ = measure("peek", "bench_bridge", {"peek", "--rounds", quick_ ? "2" : "20"});
  }

  void wires() {
    // While it lives, requests go to the server that says when they came.
    Child server({folder_ + "/server", "--arrival"}, true);
    const std::string sandbox = getenv("PAYNOW_API_BASE");
    setenv("PAYNOW_API_BASE", ("http://127.0.0.1:" + server.line_of(std::chrono::seconds(10))).c_str(), 1);
    for (const unsigned rate : {20u, 64u}) {
      const std::string label = number(rate) + " ticks a second";
      wires_.emplace_back(label, measure("from the call to the wire, " + label, "bench_bridge",
                                         {"wire", "--rate", std::to_string(rate), "--submits", quick_ ? "10" : "150"}));
    }
    setenv("PAYNOW_API_BASE", sandbox.c_str(), 1);
  }

  static Numbers median(const std::vector<Numbers> &runs) {
    Numbers result;
    for (const auto &[name, unused] : runs.front()) {
      (void)unused;
      std::vector<double> values;
      for (const auto &run : runs) values.push_back(at(run, name));
      std::sort(values.begin(), values.end());
      // An error in any run is an error.
      result[name] = name == "errors" ? values.back() : values[values.size() / 2];
    }
    return result;
  }

  void loads() {
    const int repeats = quick_ ? 1 : 3;
    const std::string time = number(quick_ ? 0.5 : 2);
    for (const unsigned latency : {0u, 20u}) {
      for (const auto &[outstanding, workers] : {std::pair{8u, 64u}, {64u, 64u}, {256u, 256u}, {256u, 64u}}) {
        loads_.push_back({latency, outstanding, workers, {}, {}});
      }
    }
    for (auto &load : loads_) {
      sandbox_.faults("{\"latency_ms\":" + std::to_string(load.latency_ms) + "}");
      const std::string label = "load, " + std::to_string(load.latency_ms) + " ms, " + std::to_string(load.outstanding) + " outstanding";
      const std::string outstanding = std::to_string(load.outstanding);
      // One libcurl figure serves both rows of 256.
      const bool with_curl = curl_ && !(load.outstanding == 256 && load.workers == 64);
      std::vector<Numbers> bridge, curl;
      for (int i = 0; i < repeats; i++) {
        bridge.push_back(measure(label + ", bridge with " + std::to_string(load.workers) + " workers", "bench_bridge",
                                 {"load", "--seconds", time, "--outstanding", outstanding, "--workers", std::to_string(load.workers)}));
        if (with_curl) curl.push_back(measure(label + ", libcurl", "bench_curl", {"load", "--seconds", time, "--outstanding", outstanding}));
      }
      load.bridge = median(bridge);
      if (!curl.empty()) load.curl = median(curl);
      if (at(load.bridge, "errors") != 0 || (!curl.empty() && at(load.curl, "errors") != 0)) fail(label + ": requests failed");
    }
    for (auto &load : loads_) {
      if (!curl_ || !load.curl.empty()) continue;
      for (const auto &other : loads_) {
        if (other.latency_ms == load.latency_ms && other.outstanding == load.outstanding && !other.curl.empty()) load.curl = other.curl;
      }
    }
    sandbox_.faults("");
  }

  // All of these sleep nearly all the time, so they run at once; each is judged by its own process's figures.
  void quiets() {
    progress("idle clients and rare submits, about a minute");
    empty_ = finish(*start("bench_empty", {}), "empty process");
    const std::string idle = number(quick_ ? 2 : 20);
    if (curl_) curl_idle_ = measure("idle, libcurl", "bench_curl", {"idle", "--load-seconds", "1"});
    auto loaded = start("bench_bridge", {"idle", "--seconds", idle, "--load-seconds", "2"});
    std::this_thread::sleep_for(std::chrono::seconds(5));
    auto fresh = start("bench_bridge", {"idle", "--seconds", idle});
    const Words rare{"submit", "--per-tick", "1", "--every", "32", "--seconds", number(quick_ ? 2 : 20)};
    auto rarest = start("bench_bridge", {"submit", "--per-tick", "1", "--every", quick_ ? "128" : "640", "--seconds", number(quick_ ? 4 : 50)});
    auto bridge = start("bench_bridge", rare);
    Submit submit{"one in 0.5 s", {}, {}};
    submit.bridge = finish(*bridge, "submit, one in 0.5 s, bridge");
    if (curl_) submit.curl = finish(*start("bench_curl", rare), "submit, one in 0.5 s, libcurl");
    submits_.push_back(std::move(submit));
    loaded_ = finish(*loaded, "idle after load, bridge");
    fresh_ = finish(*fresh, "idle, never used, bridge");
    submits_.push_back({quick_ ? "one in 2 s" : "one in 10 s", finish(*rarest, "submit, one in 10 s, bridge"), {}});
  }

  static constexpr const char *submit_plots =
      "![What starting a request costs the tick thread in each condition, from the median to the p99.9: the bridge and libcurl](bench/plots/cost.svg)\n\n"
      "![How long each tick took while the API hung: the bridge and libcurl](bench/plots/outage.svg)\n\n";

  static void submit_row(const std::string &name, const std::string &who, const Numbers &run) {
    Words cells{name, who, grouped(at(run, "first.n")) + " / " + grouped(at(run, "all.n"))};
    for (const char *series : {"first", "all"}) {
      for (const char *rank : {".p50", ".p99", ".p999", ".max"}) cells.push_back(duration(at(run, std::string(series) + rank)));
    }
    for (const char *rank : {".p50", ".p99", ".max"}) cells.push_back(duration(at(run, std::string("tick") + rank)));
    row(cells);
  }

  void print_submits() {
    std::cout << "\n### What a submit costs the tick thread\n\n"
              << (curl_ ? submit_plots : "") <<
                 "`paynow_lookup_customer` by `minecraft_uuid` at 64 ticks a second: each tick polls, then submits 20 (one in the rows of rare submits).\n"
                 "The first submit of a tick finds its code and data cold. Nothing is subtracted; the last row of each condition is what two clock\n"
                 "readings with nothing in between cost on the same thread: as the first thing in a tick, and after its submits. The whole tick is\n"
                 "polling, submitting and reading the clock.\n"
                 "libcurl: a ready easy handle gets its URL and `curl_multi_add_handle`; the first of a tick bears a `curl_multi_perform` of its own,\n"
                 "the others share one; at most 64 connections. A p99.9 of fewer than a thousand samples is their maximum.\n"
                 "With a healthy server these are medians of five interleaved runs.\n";
    head({"condition", "", "first / every", "first of a tick: p50", "p99", "p99.9", "max", "every submit: p50", "p99", "p99.9", "max", "whole tick: p50", "p99", "max"});
    for (const auto &submit : submits_) {
      submit_row(submit.name, "bridge", submit.bridge);
      if (!submit.curl.empty()) submit_row("", "libcurl", submit.curl);
      Words timer{"", "clock alone", grouped(at(submit.bridge, "cold.n")) + " / " + grouped(at(submit.bridge, "timer.n"))};
      for (const char *rank : {"cold.p50", "cold.p99", "cold.p999", "cold.max"}) timer.push_back(duration(at(submit.bridge, rank)));
      for (const char *rank : {"timer.p50", "timer.p99", "timer.p999", "timer.max"}) timer.push_back(duration(at(submit.bridge, rank)));
      timer.insert(timer.end(), {"", "", ""});
      row(timer);
    }
    std::cout << "\nWhat became of them (bridge), and how long they lay in the queue before a worker took them:\n";
    head({"condition", "submitted", "answered", "timed out", "failed", "refused (queue full)", "queue p50", "queue p99", "workers at the end", "destroy took"});
    for (const auto &submit : submits_) {
      const Numbers &run = submit.bridge;
      row({submit.name, grouped(at(run, "submitted")), grouped(at(run, "answered")), grouped(at(run, "timed_out")), grouped(at(run, "failed")),
           grouped(at(run, "refused")), duration(at(run, "queue_us.p50") * 1e3), duration(at(run, "queue_us.p99") * 1e3), grouped(at(run, "workers")),
           fixed(at(run, "destroy_ms"), 1) + " ms"});
      if (submit.name != healthy || submit.curl.empty()) continue;
      const double ratio = at(submit.curl, "all.p999") / at(run, "all.p999");
      goals_.at_least("submit, every one: p99.9 at least 40 times below libcurl's", ratio, 40, submit.name, fixed(ratio, 0) + " times");
    }
  }

  void print_drains() {
    std::cout << "\n### What collecting costs the tick thread, per completion\n\nA hundred answers lie ready and are collected in one go; time / 100.\n";
    head({"way", "rounds", "p50", "p99", "max"});
    for (const auto &[name, run] : drains_) {
      row({name, grouped(at(run, "drain.n")), duration(at(run, "drain.p50")), duration(at(run, "drain.p99")), duration(at(run, "drain.max"))});
    }
    for (const auto &[name, run] : drains_) {
      goals_.at_most("drain per completion: p50 <= 500 ns", at(run, "drain.p50"), 500, name, duration(at(run, "drain.p50")));
    }
    std::cout << "\n### What peeking costs the tick thread\n\n2,000 customers are remembered; `paynow_client_peek` looks at one after the other.\n";
    head({"peeks", "p50", "p99", "p99.9", "max"});
    row({grouped(at(peek_, "peek.n")), duration(at(peek_, "peek.p50")), duration(at(peek_, "peek.p99")), duration(at(peek_, "peek.p999")),
         duration(at(peek_, "peek.max"))});
    goals_.at_most("peek: p50 <= 1 µs", at(peek_, "peek.p50"), 1000, "2,000 remembered", duration(at(peek_, "peek.p50")));
  }

  void print_wires() {
    std::cout << "\n### How long a request waits until it is sent\n\n"
                 "A host that ticks, polls at the beginning of each tick, and then, every 15 to 50 hundredths of a second, looks a customer up. No call\n"
                 "wakes a thread. From the call until the server reads the request.\n";
    head({"host", "requests", "p50", "p99", "max"});
    for (const auto &[name, run] : wires_) {
      row({name, grouped(at(run, "wire.n")), duration(at(run, "wire.p50")), duration(at(run, "wire.p99")), duration(at(run, "wire.max"))});
      goals_.at_most("from the call to the wire: p50 <= 1.5 ms", at(run, "wire.p50"), 1.5e6, name, duration(at(run, "wire.p50")));
      goals_.at_most("from the call to the wire: p99 <= 4 ms", at(run, "wire.p99"), 4e6, name, duration(at(run, "wire.p99")));
    }
  }

  void print_loads() {
    std::cout << "\n### Throughput and CPU\n\n"
                 "A closed loop: each answer is replaced by another request. Median of 3 interleaved runs of 2 s after 0.5 s of warming up, each in a\n"
                 "process of its own. The bridge is collected with `paynow_client_next` on one host thread; its workers parse the JSON, libcurl's answers\n"
                 "are received and not parsed. libcurl: `curl_multi_perform` and `curl_multi_poll`, keep-alive, any number of connections. CPU is user +\n"
                 "system of the client process, without the sandbox, which competes for the same cores: at 0 ms the machine is full in either case.\n";
    Words titles{"latency", "outstanding", "workers", "bridge req/s"};
    if (curl_) titles.insert(titles.end(), {"libcurl req/s", "ratio"});
    titles.push_back("bridge CPU s / 10k");
    if (curl_) titles.insert(titles.end(), {"libcurl CPU s / 10k", "ratio"});
    titles.insert(titles.end(), {"of it in the kernel: bridge"});
    if (curl_) titles.push_back("libcurl");
    titles.push_back("switches / request: bridge");
    if (curl_) titles.push_back("libcurl");
    titles.insert(titles.end(), {"bytes / answer: bridge"});
    if (curl_) titles.push_back("libcurl");
    head(titles);
    for (const auto &load : loads_) {
      const auto both = [&](Words &cells, const std::string &name, int digits) {
        cells.push_back(fixed(at(load.bridge, name), digits));
        if (curl_) cells.push_back(fixed(at(load.curl, name), digits));
      };
      Words cells{std::to_string(load.latency_ms) + " ms", std::to_string(load.outstanding), std::to_string(load.workers), grouped(at(load.bridge, "rate"))};
      if (curl_) cells.insert(cells.end(), {grouped(at(load.curl, "rate")), fixed(at(load.bridge, "rate") / at(load.curl, "rate"), 2)});
      both(cells, "cpu_per_10k", 3);
      if (curl_) cells.push_back(fixed(at(load.bridge, "cpu_per_10k") / at(load.curl, "cpu_per_10k"), 2));
      both(cells, "system_per_10k", 3);
      both(cells, "switches_per_request", 2);
      both(cells, "bytes_per_request", 0);
      row(cells);
      if (!curl_) continue;
      const std::string where = std::to_string(load.outstanding) + " outstanding, " + std::to_string(load.latency_ms) + " ms, " +
                                std::to_string(load.workers) + " workers";
      const double rate = at(load.bridge, "rate") / at(load.curl, "rate");
      const double cpu = at(load.bridge, "cpu_per_10k") / at(load.curl, "cpu_per_10k");
      if (load.latency_ms == 0) {
        if (load.workers == default_workers) {
          goals_.at_least("throughput at 0 ms, default settings: at least 0.85 of libcurl's", rate, 0.85, where, fixed(rate, 2));
        }
        goals_.at_most("CPU at 0 ms <= 2 times libcurl's", cpu, 2, where, fixed(cpu, 2));
        continue;
      }
      if (load.workers >= load.outstanding) {
        goals_.at_least("throughput at 20 ms: libcurl's, within 1 %", rate, 0.99, where, fixed(rate, 3));
      }
      if (load.outstanding == 8) goals_.at_most("CPU at 8 outstanding and 20 ms <= 1.5 times libcurl's", cpu, 1.5, where, fixed(cpu, 2));
    }
  }

  void print_footprint() {
    const double empty = at(empty_, "rss_kib");
    const auto megabytes = [&](double kib) { return (kib - empty) * 1024 / 1e6; };
    const Load *busy = nullptr;
    for (const auto &load : loads_) {
      if (load.latency_ms == 20 && load.outstanding == 64) busy = &load;
    }
    std::cout << "\n### Memory, threads and idling\n\nResident memory over an empty process (" << fixed(empty * 1024 / 1e6, 1)
              << " MB), in MB of 10^6 bytes. After load: 64 outstanding for 2 s, then a second of rest.\n";
    head({"state", "bridge MB", "threads", "libcurl MB", "threads", "bridge idle CPU, % of a core", "context switches / s"});
    const auto line = [&](const std::string &state, double kib, double threads, const Numbers *curl, const char *curl_kib, const char *curl_threads, const Numbers *idle) {
      row({state, fixed(megabytes(kib), 1), grouped(threads), curl ? fixed(megabytes(at(*curl, curl_kib)), 1) : "–", curl ? grouped(at(*curl, curl_threads)) : "–",
           idle ? fixed(at(*idle, "idle_percent"), 3) : "–", idle ? fixed(at(*idle, "idle_switches_per_second"), 0) : "–"});
    };
    line("never used", at(fresh_, "rss_kib"), at(fresh_, "threads"), nullptr, "", "", &fresh_);
    line("64 outstanding, 20 ms", at(busy->bridge, "loaded_rss_kib"), at(busy->bridge, "loaded_threads"), curl_ ? &busy->curl : nullptr, "loaded_rss_kib",
         "loaded_threads", nullptr);
    line("idle, a second after load", at(loaded_, "rss_kib"), at(loaded_, "threads"), curl_ ? &curl_idle_ : nullptr, "rss_kib", "threads", &loaded_);
    line("idle, at the end of that", at(loaded_, "end_rss_kib"), at(loaded_, "end_threads"), nullptr, "", "", nullptr);
    for (const auto &[where, idle] : {std::pair{"never used", &fresh_}, {"after load", &loaded_}}) {
      const double percent = at(*idle, "idle_percent");
      goals_.at_most("idle client <= 0.15 % of a core", percent, 0.15, where, fixed(percent, 3) + " %");
    }
    for (const auto &[where, kib] : {std::pair{"64 outstanding, 20 ms", at(busy->bridge, "loaded_rss_kib")}, {"idle after load", at(loaded_, "rss_kib")}}) {
      goals_.at_most("memory over an empty process <= 12 MB", megabytes(kib), 12, where, fixed(megabytes(kib), 1) + " MB");
    }
  }

  // For gnuplot: of every submit the median and the p99.9, the bridge's and libcurl's.
  void write_plots() const {
    std::ofstream cost(folder_ + "/cost.dat");
    for (const auto &submit : submits_) {
      if (submit.curl.empty()) continue;
      cost << '"' << submit.name.substr(0, submit.name.find(" (")) << '"';
      for (const Numbers *run : {&submit.bridge, &submit.curl}) cost << ' ' << at(*run, "all.p50") << ' ' << at(*run, "all.p999");
      cost << '\n';
    }
  }

  std::string folder_;
  bool quick_;
  bool curl_ = false;
  Sandbox sandbox_;
  std::ofstream raw_;
  std::vector<Submit> submits_;
  std::vector<std::pair<std::string, Numbers>> drains_, wires_;
  std::vector<Load> loads_;
  Numbers peek_, empty_, curl_idle_, loaded_, fresh_;
  Goals goals_;
};

} // namespace

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4 || (argc == 4 && std::strcmp(argv[3], "--quick") != 0)) {
    std::cerr << "usage: report FOLDER-OF-PROGRAMS SANDBOX-PROGRAM [--quick]\n";
    return 2;
  }
  try {
    Bench(argv[1], argv[2], argc == 4).run();
  } catch (const std::exception &error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
