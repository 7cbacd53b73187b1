/// `dyad compare`: what the runs of the same packages on two backends say about them. Collects, and computes; runs and
/// shows nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/compare/spread.hpp"
#include "host/run/package_result.hpp"
#include "host/run/verdict_difference.hpp"

namespace dyad::compare {

/// Two times of the same thing, in milliseconds, and first / second.
struct Row {
  std::string name;
  std::array<Spread, 2> ms;
  Spread ratio;
};

struct Comparison {
  std::array<std::string, 2> backends;
  unsigned runs = 0;      ///< of each, of either kind
  unsigned parallel = 1;  ///< packages at once where the wall time was taken
  std::size_t tests = 0;
  std::vector<Row> phases;               ///< start, load, run, capture, stop: sums over all packages' processes
  Row sum;                               ///< of the phases
  Row wall;                              ///< a whole run as users have it, from the first start to the last end
  std::vector<Row> packages;             ///< sums of the phases of each, in their order
  std::vector<std::string> differences;  ///< between verdicts: "calc TestX: PASS on dll, FAIL on exe (2 of 9 runs)"

  /// "dll is the better default for these packages: ...", or that there is no difference to speak of.
  std::string advice() const;
};

/// All packages, `parallel` at once.
struct WholeRun {
  std::vector<run::PackageResult> results;
  std::chrono::nanoseconds wall;
};

/// Takes the results of one run after the other.
class Measurements {
 public:
  Measurements(std::array<std::string, 2> backends, std::vector<std::string> packages, unsigned parallel)
      : backends_(std::move(backends)), packages_(std::move(packages)), parallel_(parallel) {}

  /// Two runs of all packages on backend 0 or 1, the second one at a time with its phases measured. The i-th pair of
  /// one is compared with the i-th of the other.
  void add(std::size_t backend, const WholeRun& whole, const std::vector<run::PackageResult>& phases);
  Comparison compute() const;

 private:
  struct Run {
    std::vector<run::ProcessTimes> times;                       ///< by package
    std::array<std::vector<run::PackageVerdicts>, 2> verdicts;  ///< likewise, in the whole run and in the other
    std::chrono::nanoseconds wall;
  };
  template <class Time>
  Row row(std::string name, Time time) const;
  std::vector<std::string> differences() const;

  std::array<std::string, 2> backends_;
  std::vector<std::string> packages_;
  unsigned parallel_;
  std::array<std::vector<Run>, 2> runs_;
};

}  // namespace dyad::compare
