/// The tries of one image (--retries): which of its tests are to run again, and what each came to in the end.
///
/// A test that failed, crashed or timed out is tried again, in a process without the tests that need no further try,
/// until it passes or has had all its tries. One verdict counts: that of the last try; the others are kept beside it. A
/// try that says nothing (the test was not run, or skipped itself) leaves the failure before it standing. Failures
/// outside the tests are no test's and are not tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/run/image_run.hpp"

namespace dyad::run {

class Tries {
 public:
  struct Options {
    unsigned retries = 0;
    bool flaky_fails = false;  ///< a test that passed in a later try has failed all the same
  };

  explicit Tries(Options options) : options_(options) {}

  /// What a run of the image came to: the first one, or one with the tests that next() named left out.
  void add(ImageRun::Outcome outcome);
  /// The tests that the next run must leave out, for --done; nothing if there is none. `cut_short`: a failure, or the
  /// time limit, kept tests from being run, this time; they are run once it was none in the end.
  std::optional<std::string> next(bool cut_short);
  /// What all runs came to, as if they had been one.
  ImageRun::Outcome take();

 private:
  /// A test's further try takes the place of the one before, if it says anything.
  void merge(TestResult& kept, TestResult now);
  bool to_try_again(const TestResult& test) const;

  Options options_;
  std::optional<ImageRun::Outcome> all_;
  std::unordered_map<std::uint32_t, std::size_t> position_;  ///< of an index in all_->tests
  std::vector<bool> given_up_;                               ///< by place in all_->tests
  bool cut_short_ = false;
  std::size_t decided_ = 0, decided_before_ = 0;
};

}  // namespace dyad::run
