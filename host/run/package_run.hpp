/// One package on its way: its images one after the other, as many rounds as were asked for, restarts where a test
/// ended its process, and the time limit over all of it. At most one process at a time.
///
/// Driven by the runner's loop, which polls; calls the backend, on the loop's thread only.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/run/image_run.hpp"
#include "host/run/process.hpp"
#include "host/run/process_clock.hpp"
#include "host/run/process_trace.hpp"
#include "host/run/run_directory.hpp"
#include "host/run/runner.hpp"
#include "host/run/tries.hpp"

namespace dyad::run {

class PackageRun {
 public:
  using Clock = ImageRun::Clock;

  PackageRun(PackageJob job, const RunOptions& options, Backend& backend, RunDirectory& directory);

  /// Starts the first process, or is over at once.
  void start(Clock::time_point now) { advance(now); }
  bool over() const { return !process_; }

  // While it is not over:
  int event_fd() const { return stop_ == ProcessEnd::Cause::kDamage ? -1 : process_->event_fd(); }
  int ended_fd() const { return process_->ended_fd(); }
  /// When the time limit is reached; nothing if there is none, or it has been.
  std::optional<Clock::time_point> deadline() const;

  /// event_fd() is readable.
  void on_events(Clock::time_point now);
  /// ended_fd() is readable. Starts the next process, if there is one.
  void on_ended(Clock::time_point now);
  /// deadline() has passed.
  void on_deadline();
  /// The user wants to stop.
  void on_interrupt();

  bool any_failed() const { return any_failed_; }
  std::size_t order() const { return job_.order; }
  /// Once over.
  PackageResult take() { return std::move(result_); }

 private:
  /// No process runs: goes on to whatever is next.
  void advance(Clock::time_point now);
  /// The image whose turn is next, staged, in `image_run_`. False if there is none.
  bool next_image(Clock::time_point now);
  /// Starts a process for `image_run_`, or ends it.
  void start_process(Clock::time_point now);
  Result<Process> make_process();
  std::vector<std::string> arguments(Clock::time_point now) const;
  void read(std::size_t limit, Clock::time_point now);
  /// Begins a run of the image whose turn it is, without these tests and those that the job leaves out.
  void begin_image(const std::string& left_out = "");
  /// Takes over what `image_run_` knows, which is over; begins another run of the image if tests are tried again or
  /// repeated.
  void collect(Clock::time_point now);
  std::string unique_name(const std::string& name, const std::string& image);
  /// Why nothing more is started.
  const char* stop_reason() const;
  void conclude();

  PackageJob job_;
  const RunOptions& options_;
  Backend& backend_;
  RunDirectory& directory_;
  PackageResult result_;
  Inputs inputs_;

  unsigned round_ = 0;
  std::size_t image_ = 0;                   ///< the one that comes next in this round
  std::set<std::size_t> broken_;            ///< images that did not load: not tried in later rounds
  std::set<std::string> names_;             ///< of the tests of this round
  std::optional<Tries> tries_;              ///< of the image that runs
  std::optional<Repetitions> repetitions_;  ///< likewise, under --stress
  std::optional<ImageRun> image_run_;
  StagedImage staged_;

  std::optional<Process> process_;
  std::optional<ProcessTrace> trace_;  ///< of it, if someone records
  WireReader reader_;
  Clock::time_point process_began_;
  std::optional<ProcessClock> clock_;  ///< of the process that runs, from before its start
  std::optional<Clock::time_point> deadline_;
  std::optional<ProcessEnd::Cause> stop_;  ///< why the process that runs was killed
  std::string stop_text_;
  bool timed_out_ = false, interrupted_ = false, any_failed_ = false;
};

}  // namespace dyad::run
