// One client at one distance: the program that asks, the proxy it asks through, and what it is to do when.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../figures.hpp"
#include "../process.hpp"

namespace bench {

// After `quiet` seconds, `count` questions at once. A step without a condition only prepares the next.
struct Step {
  double quiet;
  unsigned count;
  std::string condition;
};

// What one step found: times in ns, the processor time of the program that asks in ms, connections as the proxy counts them.
struct Moment {
  double first, median, last, cpu_ms, errors, opened_meanwhile, open_before, opened;
};

class Subject {
public:
  // A quiet that is longer than this is left to the others.
  static constexpr double own_quiet = 5;

  Subject(std::string label, Words command, unsigned round_trip_ms, std::vector<Step> steps)
      : label_(std::move(label)), command_(std::move(command)), round_trip_ms_(round_trip_ms), steps_(std::move(steps)) {}

  void start(const std::string &proxy, const std::string &server_port) {
    proxy_ = std::make_unique<Child>(Words{proxy, std::to_string(round_trip_ms_), server_port}, true);
    const std::string port = proxy_->line_of(std::chrono::seconds(10));
    setenv("PAYNOW_API_BASE", ("https://127.0.0.1:" + port).c_str(), 1);
    asker_ = std::make_unique<Child>(command_, true);
  }

  // Goes on to the next long quiet. `found(step, moment)` is told of each step.
  template <typename Found> void go_on(const Found &found) {
    do {
      const Step &step = steps_[next_++];
      if (step.quiet <= own_quiet) std::this_thread::sleep_for(std::chrono::duration<double>(step.quiet));
      found(step, take(step));
    } while (next_ < steps_.size() && steps_[next_].quiet <= own_quiet);
    if (next_ < steps_.size()) {
      due_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(steps_[next_].quiet));
      return;
    }
    asker_.reset();
    proxy_.reset();
  }

  bool started() const { return next_ != 0; }
  bool done() const { return next_ == steps_.size(); }
  Clock::time_point due() const { return due_; }
  const std::string &label() const { return label_; }
  unsigned round_trip_ms() const { return round_trip_ms_; }

private:
  Moment take(const Step &step) {
    const Numbers before = numbers_of(proxy_->ask("", std::chrono::seconds(10)));
    const double cpu = asker_->cpu_seconds();
    const Numbers answer = numbers_of(asker_->ask(std::to_string(step.count), std::chrono::seconds(60)));
    const double cpu_ms = (asker_->cpu_seconds() - cpu) * 1e3;
    const Numbers after = numbers_of(proxy_->ask("", std::chrono::seconds(10)));
    const double opened_meanwhile = at(before, "opened") - opened_;
    opened_ = at(after, "opened");
    return {at(answer, "first"),  at(answer, "median"), at(answer, "last"),  cpu_ms,
            at(answer, "errors"), opened_meanwhile,     at(before, "open"), opened_ - at(before, "opened")};
  }

  std::string label_;
  Words command_;
  unsigned round_trip_ms_;
  std::vector<Step> steps_;
  size_t next_ = 0;
  double opened_ = 0; // by its client, up to the last answer
  Clock::time_point due_{};
  std::unique_ptr<Child> proxy_, asker_;
};

} // namespace bench
