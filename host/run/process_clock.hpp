/// Measures where the time of one test process goes.
#pragma once

#include <chrono>
#include <optional>

#include "host/run/process_times.hpp"
#include "host/run/wire_reader.hpp"

namespace dyad::run {

/// A phase that was never reached takes no time; what was under way at the end counts to the end.
class ProcessClock {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProcessClock(Clock::time_point begin) : begin_(begin) {}
  void started(Clock::time_point now) { started_ = now; }
  /// The host reads this event now. Only some events are looked at, so that the time need not be asked for each.
  static bool concerns(const Event& event) {
    return std::holds_alternative<Listed>(event) || std::holds_alternative<AllDone>(event);
  }
  void on(const Event& event, Clock::time_point now) {
    if (std::holds_alternative<Listed>(event)) listed_ = now;
    if (std::holds_alternative<AllDone>(event)) done_ = now;
  }
  ProcessTimes end(Clock::time_point now, std::chrono::nanoseconds capture) const;

 private:
  Clock::time_point begin_;
  std::optional<Clock::time_point> started_, listed_, done_;
};

}  // namespace dyad::run
