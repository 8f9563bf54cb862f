#include "ticks.hpp"

#include <algorithm>
#include <thread>

#include <sys/resource.h>
#include <time.h>

namespace {

Duration processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// How often this thread has given up the processor by itself.
long voluntary_switches() {
  rusage usage{};
#ifdef RUSAGE_THREAD
  getrusage(RUSAGE_THREAD, &usage);
#else
  // Counts other threads as well, so that every call seems to wait: too strict rather than too kind.
  getrusage(RUSAGE_SELF, &usage);
#endif
  return usage.ru_nvcsw;
}

}  // namespace

StoreMeter::Section::Section(StoreMeter& meter) : meter_(meter) {
  if (meter_.depth_++ > 0) return;
  waits_ = voluntary_switches();
  processor_ = processor_time();
  began_ = Clock::now();
}

StoreMeter::Section::~Section() {
  if (--meter_.depth_ > 0) return;
  const Duration passed = Clock::now() - began_;
  const Duration used = processor_time() - processor_;
  meter_.spent_ += voluntary_switches() == waits_ ? std::min(passed, used) : passed;
}

Duration StoreMeter::take() {
  const Duration spent = spent_;
  spent_ = Duration::zero();
  return spent;
}

Duration TickLog::greatest(Duration Tick::*member) const {
  Duration greatest{};
  for (const Tick& tick : ticks_) greatest = std::max(greatest, tick.*member);
  return greatest;
}

Duration TickLog::longest() const { return greatest(&Tick::length); }
Duration TickLog::longest_store() const { return greatest(&Tick::store); }
Duration TickLog::latest_start() const { return greatest(&Tick::late_start); }

Duration TickLog::percentile(double share) const {
  if (ticks_.empty()) return Duration::zero();
  std::vector<Duration> lengths;
  for (const Tick& tick : ticks_) lengths.push_back(tick.length);
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(lengths.size() - 1) + 0.5);
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(rank), lengths.end());
  return lengths[rank];
}

std::size_t TickLog::late() const {
  return static_cast<std::size_t>(
      std::count_if(ticks_.begin(), ticks_.end(), [](const Tick& tick) { return tick.is_late(); }));
}

std::size_t TickLog::late_because_of_store() const {
  return static_cast<std::size_t>(std::count_if(ticks_.begin(), ticks_.end(), [](const Tick& tick) {
    return tick.is_late_because_of_store();
  }));
}

TickLog run_ticks(StoreMeter& meter, const std::function<bool(Duration)>& tick) {
  TickLog log;
  const Clock::time_point start = Clock::now();
  std::int64_t number = 0;
  for (bool go_on = true; go_on;) {
    const Clock::time_point due = start + number * tick_length;
    std::this_thread::sleep_until(due);
    const Clock::time_point began = Clock::now();
    go_on = tick(began - start);
    const Clock::time_point ended = Clock::now();
    Tick record;
    record.late_start = began - due;
    record.length = ended - began;
    record.store = meter.take();
    log.add(record);
    // A server that has fallen behind does not make up for ticks whose time has come: it goes on with the next
    // one that it can be in time for.
    const std::int64_t reached = std::max<std::int64_t>(number, (ended - start) / tick_length);
    log.skip(reached - number);
    number = reached + 1;
  }
  return log;
}
