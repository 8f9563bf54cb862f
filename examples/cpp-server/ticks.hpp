// The heart of a dedicated server: 64 ticks a second, and a record of each.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

using Clock = std::chrono::steady_clock;
using Duration = std::chrono::nanoseconds;

constexpr Duration tick_length{1'000'000'000 / 64};

/// What PayNow calls cost the tick thread.
///
/// On a busy machine the thread may be put aside in the middle of anything, also of a call that waits for
/// nothing. That is the scheduler's doing and not the call's. So a call in which the thread gave up the processor
/// by itself, that is, waited, costs all the time that passed; any other costs the processor time it used.
class StoreMeter {
 public:
  /// Measures while it lives. Only the outermost counts: callbacks make calls themselves.
  class Section {
   public:
    explicit Section(StoreMeter& meter);
    ~Section();
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    StoreMeter& meter_;
    Clock::time_point began_{};
    Duration processor_{};
    long waits_ = 0;
  };

  Section measure() { return Section(*this); }
  /// What was spent since the last time, in this tick.
  Duration take();

 private:
  int depth_ = 0;
  Duration spent_{};
};

struct Tick {
  /// How much later it began than it was due.
  Duration late_start{};
  /// From its beginning to its end.
  Duration length{};
  /// Of that, in PayNow calls.
  Duration store{};

  /// Whether it ended when the next one was due already.
  bool is_late() const { return late_start + length > tick_length; }
  /// Whether it would have been in time without its PayNow calls.
  bool is_late_because_of_store() const { return is_late() && late_start + length - store <= tick_length; }
};

class TickLog {
 public:
  void add(const Tick& tick) { ticks_.push_back(tick); }
  void skip(std::int64_t count) { skipped_ += count; }

  std::size_t count() const { return ticks_.size(); }
  /// Ticks that never were, because an earlier one took their time.
  std::int64_t skipped() const { return skipped_; }
  Duration longest() const;
  /// The length that `share` of the ticks did not exceed.
  Duration percentile(double share) const;
  Duration longest_store() const;
  Duration latest_start() const;
  std::size_t late() const;
  std::size_t late_because_of_store() const;

 private:
  Duration greatest(Duration Tick::*member) const;

  std::vector<Tick> ticks_;
  std::int64_t skipped_ = 0;
};

/// Calls `tick` 64 times a second with the time since the start, until it answers false.
TickLog run_ticks(StoreMeter& meter, const std::function<bool(Duration)>& tick);
