/// What `--debug=stats`, `--debug=time` and `--profile` print, on stderr, a fact a line; and the file of `--trace`.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cache/store.hpp"
#include "host/base/result.hpp"
#include "host/build/statistics.hpp"
#include "host/run/runner.hpp"
#include "host/trace/recorder.hpp"

namespace dyad {

/// When the steps of a run ended, counted from its construction. Steps overlap: while one package is linked, others are
/// compiled and run. Thread-safe.
class Timeline {
 public:
  using Clock = std::chrono::steady_clock;
  void end(std::string step);
  std::chrono::nanoseconds elapsed() const { return Clock::now() - start_; }
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> steps() const;

 private:
  Clock::time_point start_ = Clock::now();
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> steps_;
};

/// "stats: compile run=3 cached=0", "stats: link run=1", ...
void print_statistics(const build::Statistics& statistics, const cache::StoreCounts& cache);
void print_statistics(const run::RunStatistics& statistics);
void print_slow(const run::RunningTest& test);
void print_running(const std::vector<run::RunningTest>& tests);

/// "time: discover ended at 0.002s", ..., then the sums over threads.
void print_times(const Timeline& timeline, const build::Statistics& statistics);

/// From the recorder's beginning to now. Sources are named relative to `root`.
void print_profile(const trace::Recorder& recorder, const std::filesystem::path& root);
Result<void> write_trace(const std::filesystem::path& file, const trace::Recorder& recorder,
                         const std::filesystem::path& root);

/// RunOptions::on_shortage, on standard error.
void print_shortage(const std::string& why, std::size_t processes);

}  // namespace dyad
