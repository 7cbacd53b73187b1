/// The repetitions of one image (--stress): how many there have been, and whether another process must go on.
///
/// A process repeats its tests in place as long as it can (--repeat, --repeat-for of package.h). A program with a main
/// of its own cannot: there each repetition is a process.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dyad::run {

/// Until a test fails, but no more than this. One of them is given.
struct Stress {
  std::uint32_t repetitions = 0;      ///< 0: any number
  std::chrono::milliseconds time{0};  ///< 0: any time; none begins later
};

class Repetitions {
 public:
  using Clock = std::chrono::steady_clock;

  Repetitions(const Stress& stress, Clock::time_point now) : stress_(stress), began_(now) {}

  /// For the process that starts now.
  std::vector<std::string> arguments(Clock::time_point now) const;
  /// Its process has ended after so many.
  void add(std::uint64_t repetitions);
  std::uint64_t done() const { return done_; }
  /// Whether another process is wanted if no test has failed. Not after one that did nothing.
  bool wanted(Clock::time_point now) const;
  /// "repeated 37 times"
  std::string summary() const;

 private:
  std::chrono::milliseconds time_left(Clock::time_point now) const;

  Stress stress_;
  Clock::time_point began_;
  std::uint64_t done_ = 0;
  bool progress_ = true;
};

}  // namespace dyad::run
