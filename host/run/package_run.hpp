/// One package on its way: its images one after the other, as many rounds as were asked for, restarts where a test
/// ended its process, and the time limit over all of it. At most one process at a time.
///
/// Driven by the runner's loop, which polls; calls the backend, on the loop's thread only.
#pragma once

#include <chrono>
#include <map>
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

  PackageRun(PackageJob job, const RunOptions& options, Backend& backend, RunDirectory& directory,
             RunStatistics& statistics, Symbolizer& symbolizer);

  /// Starts the first process, or is over at once.
  void start(Clock::time_point now) { advance(now); }
  bool over() const { return !process_ && !retry_at_; }
  /// There is no room for a process of it now: why. It tries again when deadline() has passed, or it is told to.
  const std::string* postponed() const { return retry_at_ ? &shortage_->why : nullptr; }
  /// deadline() has passed, or a process of another package has ended. `alone`: none of ours runs, so that there is
  /// nothing to wait for but the system. Does nothing if it is not postponed.
  void try_start(bool alone, Clock::time_point now);

  // While it is not over:
  /// -1 if there is nothing to be read for now: events are taken in bursts, because each time costs as much as a test.
  int event_fd(Clock::time_point now) const;
  /// When event_fd() changes by itself; nothing if it does not.
  std::optional<Clock::time_point> next_burst(Clock::time_point now) const;
  /// -1 if none runs.
  int ended_fd() const { return process_ ? process_->ended_fd() : -1; }
  /// When something is due if nothing happens before: a time limit, the next step towards an end, a notice.
  std::optional<Clock::time_point> deadline() const;

  /// event_fd() is readable.
  void on_events(Clock::time_point now);
  /// ended_fd() is readable. Starts the next process, if there is one.
  void on_ended(Clock::time_point now);
  /// deadline() has passed.
  void on_deadline(Clock::time_point now);
  /// Everything is to stand still for a while; then it goes on, and `pause` does not count.
  void stop();
  void go_on(Clock::duration pause);
  /// What runs now.
  RunningTest running(Clock::time_point now) const;
  /// The user wants to stop.
  void on_interrupt();

  /// What failed only in company of other packages does not count, nor what is being tried again.
  bool any_failed() const { return any_failed_; }
  std::size_t order() const { return job_.order; }
  /// Once over.
  PackageResult take() { return std::move(result_); }

 private:
  /// What is being tried in a process of its own because it failed in one where others had run before.
  enum class Stage : std::uint8_t {
    kFirst,  ///< nothing: the image runs for the first time
    kAlone,  ///< the tests that failed, by themselves
    kWhole   ///< the whole image, as a program would run it
  };
  /// No process runs: goes on to whatever is next.
  void advance(Clock::time_point now);
  /// The image whose turn is next, staged, in `image_run_`. False if there is none.
  bool next_image(Clock::time_point now);
  /// Starts a process for `image_run_`, or ends it.
  void start_process(Clock::time_point now);
  std::expected<Process, StartFailure> make_process();
  /// No process has come of it: later, or never.
  void postpone_or_give_up(StartFailure failure, Clock::time_point now);
  std::vector<std::string> arguments(Clock::time_point now) const;
  dyad_sharing sharing() const;
  std::optional<Clock::time_point> test_deadline() const;
  std::chrono::nanoseconds test_limit() const;
  Clock::duration burst() const;
  void begin_ending(ProcessEnd::Cause cause, std::string text, Clock::time_point now);
  void next_step(Clock::time_point now);
  void look_for_slow_test(Clock::time_point now);
  void look_up_stack();
  /// Returns how many bytes there were.
  std::size_t read(std::size_t limit, Clock::time_point now);
  /// Begins a run of the image whose turn it is; a further try of its tests leaves out these, beside those that the job
  /// leaves out.
  void begin_image(std::optional<std::string> left_out = std::nullopt);
  ImageRun::Options image_options() const;
  /// `image_run_` is over: begins to try again what failed where others had run before. False if there is nothing
  /// (more) to try; `image_run_` then has the results that count.
  bool try_again();
  void restart_image(Stage stage);
  /// Takes what `image_run_` knows, which is over, with its stacks as text.
  ImageRun::Outcome take_outcome();
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
  RunStatistics& statistics_;
  Symbolizer& symbolizer_;
  PackageResult result_;
  Inputs inputs_;

  unsigned round_ = 0;
  std::size_t image_ = 0;                   ///< the one that comes next in this round
  std::set<std::size_t> broken_;            ///< images that did not load: not tried in later rounds
  std::set<std::string> names_;             ///< of the tests of this round
  std::optional<Tries> tries_;              ///< of the image that runs
  std::optional<Repetitions> repetitions_;  ///< likewise, under --stress
  bool further_try_ = false;                ///< of tests that did not pass (--retries)
  std::string left_out_;                    ///< by a further try
  std::optional<ImageRun> image_run_;
  StagedImage staged_;

  Stage stage_ = Stage::kFirst;
  std::string only_;                        ///< kAlone: which tests
  std::optional<ImageRun> first_run_;       ///< what the image came to first
  std::map<std::uint32_t, Verdict> alone_;  ///< verdicts of tests that ran by themselves

  std::optional<Process> process_;
  /// Until a process has run, of which it may turn out late that there is none.
  struct Shortage {
    std::string why;
    Clock::time_point since;         ///< while `alone`: when that began
    Clock::time_point postponed_at;  ///< the last time
    Clock::duration pause;
    bool alone = false;  ///< nothing else of ours ran
  };
  std::optional<Shortage> shortage_;
  std::optional<Clock::time_point> retry_at_;  ///< there is no process: one will be started then
  std::optional<ProcessTrace> trace_;          ///< of it, if someone records
  WireReader reader_;
  Clock::time_point process_began_;
  Clock::time_point quiet_until_;      ///< no events are read before
  std::optional<ProcessClock> clock_;  ///< of the process that runs, from before its start
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> slow_at_;  ///< when to say that the test that runs is slow
  Clock::time_point slow_began_;              ///< which test that is

  /// How the process that runs is made to end: it is asked for its stacks, then to end, then not asked any more.
  enum class Step : std::uint8_t { kStacks, kTerminate, kKill };
  struct Ending {
    Step step;
    std::optional<Clock::time_point> next;
  };
  std::optional<Ending> ending_;
  std::optional<ProcessEnd::Cause> stop_;  ///< why the process that runs was killed
  std::string stop_text_;
  std::optional<Stack> new_stack_;  ///< of a crash; to be looked up when there is nothing more urgent to do
  bool timed_out_ = false, interrupted_ = false, any_failed_ = false;
};

}  // namespace dyad::run
