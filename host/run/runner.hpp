/// Runs the images of packages through a backend and turns their event streams into PackageResults.
///
/// One thread (the one that calls run()) owns all state and polls: event channels, ends of processes, time limits,
/// newly submitted packages. Backends are called from that thread only. Every test that an image announces ends in
/// exactly one verdict; when a process ends under a test, a new one is started for the tests that have none (at most
/// one restart per test that began). Knows nothing of compilers, caches, or how results are shown.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/run/backend.hpp"
#include "host/run/package_result.hpp"
#include "host/run/repetitions.hpp"
#include "host/run/wake_up.hpp"

namespace dyad::run {

/// What images may share a process with. Backends that start a process for each image anyway know no difference between
/// the first three.
enum class Isolation : std::uint8_t {
  kNone,     ///< with all others, whatever they have left behind
  kAuto,     ///< with all others, as long as an audit finds that nothing is left of them
  kPackage,  ///< with none
  kTest      ///< each test has a process of its own
};

/// Counts of a run. A process is an executor.
struct RunStatistics {
  std::size_t executors_started = 0;
  std::size_t executors_reused = 0;  ///< runs in one that had run another image before
  std::map<std::string, std::size_t>
      retired;  ///< executors that were not used again although they could have been: why
};

struct RunningTest {
  std::string package;
  std::string name;  ///< empty: the package loads, or is between tests
  std::chrono::nanoseconds time;
};

/// Of a test for which nothing else is said.
inline constexpr std::chrono::minutes kDefaultTestTimeLimit{1};

struct RunOptions {
  std::string run_pattern;                                   ///< --run, empty: all
  std::string skip_pattern;                                  ///< --skip
  std::chrono::milliseconds time_limit{600'000};             ///< per package; zero: none
  std::optional<std::chrono::milliseconds> test_time_limit;  ///< per test; zero: none; nothing: the package's own
  std::chrono::milliseconds slow_after{0};  ///< on_slow is called each time this has gone by; zero: never
  bool failfast = false;
  bool list_only = false;                ///< name the tests, run none: verdict kNotRun, no reason
  unsigned count = 1;                    ///< runs of every test
  std::optional<Stress> stress;          ///< repeat until a test fails; the time limit is for each repetition
  std::optional<std::uint32_t> shuffle;  ///< the seed of the order in which an image runs its tests
  unsigned retries = 0;                  ///< further tries of a test that does not pass
  bool flaky_fails = false;              ///< a test that passes in a further try has failed
  unsigned parallel = 2;                 ///< processes at once
  bool log_inputs = false;               ///< fill in PackageResult::consulted
  bool measure_phases = false;           ///< read events as they come, so that ProcessTimes are true
  Isolation isolation = Isolation::kAuto;
  std::uint64_t memory = 0;  ///< limit of each process in bytes; 0: none
  bool core = false;         ///< core dumps are not prevented
  std::string symbolizer;    ///< the program that is asked what the addresses of a stack mean
  /// For jobs whose images are of another kind than the runner's backend takes. On the thread of run().
  std::function<Result<Backend*>()> other_backend;
  /// On the thread of run(): of a test that takes long; of all tests that run, when the user asks (SIGQUIT, Enter).
  std::function<void(const RunningTest&)> on_slow;
  std::function<void(const std::vector<RunningTest>&)> on_query;
  /// Likewise, once a run: there is no room for as many processes as were wanted: why, and how many there are from now
  /// on.
  std::function<void(const std::string& why, std::size_t processes)> on_shortage;
};

struct ImageJob {
  std::filesystem::path image;  ///< the file that the linker made
  std::string name;             ///< how the program is called: "parse_test"
  std::string left_out;         ///< tests that shall not run, by index: "0-41,43"
};

/// A package that is ready to run. `partial` carries what the build already knows (id, notices, build output).
struct PackageJob {
  std::size_t order;  ///< position in the report
  /// Of the packages that wait, the one with the lowest starts first. Nothing: as in the report.
  std::optional<std::size_t> turn = std::nullopt;
  std::filesystem::path directory;
  std::vector<ImageJob> images;
  std::optional<dyad_artifact> artifact = std::nullopt;  ///< what they are; nothing: what the runner's backend takes
  Tolerance tolerance;
  std::optional<std::chrono::nanoseconds> test_time_limit;  ///< nothing: kDefaultTestTimeLimit
  PackageResult partial;
};

class Runner {
 public:
  /// `done` is called on the thread of run(), once for each job, as soon as it has ended (any order).
  using Done = std::function<void(std::size_t order, PackageResult)>;
  Runner(Backend& backend, RunOptions options, Done done);
  ~Runner();

  /// Thread-safe, does not block. A job with `images` empty is passed on as it is (built with an error, no test files).
  void submit(PackageJob job);
  /// Thread-safe: nothing more will be submitted.
  void close();
  /// Thread-safe: ends the run as an interruption does.
  void cancel();
  /// Returns when everything submitted has ended, or after an interruption (`interrupts` has caught a signal, or
  /// cancel()), when what had not ended is reported as kNotRun.
  void run(InterruptWatch& interrupts);
  /// Once run() has returned.
  const RunStatistics& statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dyad::run
