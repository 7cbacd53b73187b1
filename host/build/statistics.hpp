/// What a run did, counted (`--debug=stats`) and timed (`--debug=time`). Counters are facts that tests can assert.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace dyad::build {

/// Events by reason. Thread-safe.
class Tally {
 public:
  void add(const std::string& reason) {
    std::lock_guard lock(mutex_);
    ++counts_[reason];
  }
  std::map<std::string, std::uint64_t> counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
};

struct Statistics {
  std::atomic<std::uint64_t> compile_run{0};     ///< compilations that were executed
  std::atomic<std::uint64_t> compile_cached{0};  ///< compilations whose object came from the cache
  std::atomic<std::uint64_t> link_run{0};
  std::atomic<std::uint64_t> link_cached{0};
  std::atomic<std::uint64_t> link_cut{0};        ///< links that saw the toolchain's libraries in part
  std::atomic<std::uint64_t> packages_known{0};  ///< packages whose images or results needed no look at any unit
  std::atomic<std::uint64_t> results_cached{0};
  std::atomic<std::uint64_t> index_used{0};      ///< packages that asked the workspace's other sources for symbols
  std::atomic<std::uint64_t> prelude_made{0};    ///< preludes that were made in this run
  std::atomic<std::uint64_t> prelude_cached{0};  ///< preludes that came from the cache
  std::atomic<std::uint64_t> prelude_failed{0};  ///< preludes that could not be made: never an error
  std::atomic<std::uint64_t> prelude_used{0};    ///< compilations that a prelude was used for
  Tally prelude_refused;                         ///< compilations that were done plainly although there was one: why

  /// Sums over threads.
  std::atomic<std::int64_t> look_up_ns{0}, compile_ns{0}, link_ns{0}, prelude_ns{0};
};

/// Where a computation gave something else than the cache has of it (`--cache=verify`). Thread-safe.
class Mismatches {
 public:
  void add(std::string text) {
    std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
  }
  /// Sorted.
  std::vector<std::string> take() {
    std::lock_guard lock(mutex_);
    std::ranges::sort(texts_);
    return std::move(texts_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> texts_;
};

/// Adds the time from its construction to its end to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<std::int64_t>& sum) : sum_(sum), start_(std::chrono::steady_clock::now()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { sum_ += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::atomic<std::int64_t>& sum_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace dyad::build
