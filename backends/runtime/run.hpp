/// One run of an image: which tests there are, which of them shall run, which one runs now, and what to tell whom.
/// Knows nothing of how a test is called: native_test, package and the adapters of frameworks do that and report here.
///
/// message() may be called from any thread while a test runs; everything else from the thread that runs the image. In a
/// forked child of the test process every report is dropped, so that no result is told twice.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backends/runtime/arguments.hpp"
#include "backends/runtime/capture.hpp"
#include "backends/runtime/event_sink.hpp"
#include "backends/runtime/selection.hpp"
#include "backends/runtime/surroundings.hpp"

namespace dyad::runtime {

inline constexpr std::uint32_t kNoTest = UINT32_MAX;

class Run {
 public:
  /// Takes over the process: moves the event channel and the capture file away, says hello.
  Run(Arguments arguments, Selection selection);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();
  /// The one that lives, or null. Runtime functions that tests call have no other way to it.
  static Run* current();

  const Arguments& arguments() const { return arguments_; }
  const Selection& selection() const { return selection_; }
  /// False in a forked child.
  bool in_test_process() const;

  /// Names the next test. Its index if it is to be run, else kNoTest. `disabled`: the framework will not run it, to be
  /// reported as skipped; `left_out`: it only takes an index.
  std::uint32_t found(dyad_test_kind kind, std::string_view name, std::string_view file, std::uint32_t line,
                      bool disabled = false, bool left_out = false);
  /// All tests are named.
  void announce();
  bool announced() const { return announced_; }
  bool is_selected(std::uint32_t index) const { return index < tests_.size() && tests_[index].selected; }
  std::uint32_t next_index() const { return static_cast<std::uint32_t>(tests_.size()); }

  /// `at_once`: nothing but our own code has run since the test that ended last, if one has.
  void started(std::uint32_t index, bool at_once);
  /// As if it had started then.
  void started_earlier(std::uint32_t index, std::chrono::steady_clock::time_point time, std::uint64_t output);
  void finished(std::uint32_t index, dyad_verdict verdict);
  bool is_running() const { return running_ != kNoTest; }
  /// All tests have run once more: whether they shall do so again (--repeat). Not after a failure.
  bool again();
  /// No more tests are to be begun: --failfast, --most.
  bool stopped() const { return stopped_; }

  /// Said by the test that runs, else outside all tests. `fails`: the running test is not to pass whatever else it
  /// says.
  void message(dyad_severity severity, Place place, std::string_view text, std::string_view subtest = {},
               bool fails = false);
  void sub_started(std::string_view subtest);
  void sub_finished(std::string_view subtest, dyad_verdict verdict, std::chrono::nanoseconds time);

  /// How long the test that runs may take from its start; 0: as long as it likes.
  void set_limit(std::chrono::nanoseconds limit);
  /// Something to stand beside the verdict of a test, before it has finished.
  void note(std::uint32_t index, std::string_view text);

  /// From now on the image runs under a main of its own, which answers for failures outside tests.
  void enter_own_main() { own_main_ = true; }
  /// What was said outside tests before announce(), taken away: the caller says it in another place.
  struct Remark {
    dyad_severity severity;
    std::string file;
    std::uint32_t line;
    std::string text;
  };
  std::vector<Remark> take_early_remarks();
  /// Always fails the run.
  void fail_outside(std::string_view text);

  /// Skips what was never begun, and says that there is nothing left to do. Returns the exit code of the image.
  int finish(bool image_failed);
  bool is_finished() const { return finished_; }
  bool has_failed() const { return failed_; }

  /// The descriptors that the constructor has made are closed. Nothing may be reported any more.
  void end();

  void flush();
  std::uint64_t output_size() const { return capture_.flush_and_size(); }

 private:
  struct Test {
    FoundTest what;
    bool selected = false;
    bool disabled = false;
    bool begun = false;
  };
  /// `file` relative to the directory that the run began in, if it is below.
  std::string_view shown(std::string_view file) const;
  void outside(dyad_severity severity, Place place, std::string_view text);
  void start(std::uint32_t index, bool at_once, std::chrono::steady_clock::time_point time, std::uint64_t output);

  Arguments arguments_;
  Selection selection_;
  Capture capture_;
  std::unique_ptr<EventSink> sink_;
  Surroundings surroundings_;
  int pid_;                                 // 0: it has ended
  const volatile char* is_here_ = nullptr;  // a page that the kernel empties in a child; asked some times in each test
  int channel_ = -1;                        // of the events
  std::string directory_;                   // with '/' at the end

  std::vector<Test> tests_;
  bool announced_ = false;
  bool own_main_ = false;
  bool failed_ = false;
  bool stopped_ = false;
  std::uint32_t ended_ = 0;  // tests
  std::uint32_t rounds_ = 0;
  std::chrono::steady_clock::time_point first_round_;
  bool finished_ = false;
  std::string skip_reason_;  // said outside tests

  std::mutex mutex_;  // sink_, early_remarks_
  std::vector<Remark> early_remarks_;
  std::atomic<std::uint32_t> running_{kNoTest};
  std::atomic<bool> running_failed_{false};
  std::uint64_t output_before_ = 0;  // what output_size() was when the last test ended
  std::chrono::steady_clock::time_point start_time_;
};

}  // namespace dyad::runtime
