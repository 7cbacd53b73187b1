#include "host/run/process_clock.hpp"

#include <algorithm>

namespace dyad::run {

ProcessTimes ProcessClock::end(Clock::time_point now, std::chrono::nanoseconds capture) const {
  ProcessTimes times;
  const Clock::time_point started = started_.value_or(now);
  const Clock::time_point listed = std::max(started, listed_.value_or(done_.value_or(now)));
  const Clock::time_point done = std::max(listed, done_.value_or(now));
  times.start = started - begin_;
  times.load = listed - started;
  times.run = done - listed;
  times.stop = now - done;
  // Most of it is the tests' output, read while they run.
  times.capture = std::min(capture, times.run + times.stop);
  const auto meanwhile = std::min(times.capture, times.run);
  times.run -= meanwhile;
  times.stop -= times.capture - meanwhile;
  return times;
}

}  // namespace dyad::run
