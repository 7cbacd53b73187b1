/// The accounting of one image: what its processes announced, what became of each test, and what is left to do.
///
/// Fed with events and with the ends of processes; starts none itself and reads no channel, so any sequence of events
/// can be tried on it. Every test that the image announced has exactly one verdict once next() is kOver.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/base/result.hpp"
#include "host/run/capture.hpp"
#include "host/run/output_log.hpp"
#include "host/run/package_result.hpp"
#include "host/run/process_end.hpp"
#include "host/run/stack_text.hpp"
#include "host/run/wire_reader.hpp"

namespace dyad::run {

/// More tests than this in one image are taken for a damaged stream.
inline constexpr std::size_t kMostTests = 1'000'000;

class ImageRun {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    bool list_only = false;
    bool failfast = false;
    bool one_at_a_time = false;       ///< a process runs one test and ends
    std::filesystem::path directory;  ///< files below it are shown relative to it
    /// A test that begins again is repeated (--stress): its time and output are those of the last repetition, or of
    /// the one that failed. So many there were in earlier processes.
    std::optional<std::uint64_t> repeated = std::nullopt;
    std::string left_out;  ///< tests that shall not run, as in done_ranges()
  };

  explicit ImageRun(Options options) : options_(std::move(options)) {}

  /// A process begins, which prints into `capture` (to be kept until end_process).
  void begin_process(const Capture& capture);
  /// An error means that the stream is damaged: nothing more may be applied, the process must be killed.
  Result<void> apply(const Event& event, Clock::time_point now);
  void end_process(const ProcessEnd& end, Clock::time_point now);
  /// The process that began was none: as if begin_process had not been called.
  void end_unstarted() { capture_ = nullptr; }
  /// The image will get no (further) process: what has no verdict is not run.
  void abandon(const std::string& reason);

  enum class Next : std::uint8_t { kStart, kRestart, kOver };
  Next next() const { return next_; }

  /// The test that runs, if one does.
  struct Running {
    const std::string& name;
    Clock::time_point began;
    std::optional<std::chrono::nanoseconds> limit;  ///< set by the test itself; 0: none
  };
  std::optional<Running> running() const;
  /// When the process that runs has said that a signal is about to end it.
  std::optional<Clock::time_point> crashed_at() const { return crashed_at_; }
  /// The process that runs has been asked for its stacks, and has told all.
  bool stacks_complete() const { return stacks_complete_; }
  void expect_stacks() { stacks_ = {}, stacks_complete_ = false; }
  /// If none come: why. One line; empty: it has not answered.
  void explain_missing_stacks(std::string why) { no_stacks_ = std::move(why); }
  /// As the process that runs has said; 0 before that.
  int pid() const { return pid_; }
  /// Time went by that does not count: everything was stopped.
  void postpone(Clock::duration pause) { began_ += pause; }

  /// For --done: the tests that have a verdict or are left out, "0-41,43"; empty if there are none.
  std::string done_ranges() const;
  bool any_failed() const { return any_failed_; }
  /// A test, something outside the tests, or loading the image failed.
  bool failed() const { return any_failed_ || failed_outside_ || !load_failure_.empty(); }
  /// How long it took to read what was printed, since this was last asked.
  std::chrono::nanoseconds take_capture_time() { return std::exchange(capture_time_, {}); }
  /// How often the tests have begun: the most that one of them did.
  std::uint64_t repetitions() const { return repetitions_; }

  /// A test that failed in a process in which others had run before it: of this image, or of another one.
  struct Suspect {
    std::uint32_t index;
    Verdict verdict;
    bool shared;             ///< other images had run there
    std::string ran_before;  ///< the last of them
  };
  /// Once over. By index.
  std::vector<Suspect> suspects() const;
  /// Something failed outside the tests, or the image did not load, in a process in which other images had run before.
  bool failed_outside_in_shared_process() const { return failed_outside_in_shared_process_; }
  /// Nothing if the image has no such test.
  std::optional<Verdict> verdict(std::uint32_t index) const;
  /// Says something more about a test, beside what is said already.
  void add_reason(std::uint32_t index, const std::string& text);

  /// What is known when it is over. Tests by index; names are the image's own.
  struct Outcome {
    std::vector<TestResult> tests;
    std::size_t announced = 0;  ///< counted as they were found
    std::vector<OutputPiece> outside;
    bool failed_outside = false;
    std::string load_failure;              ///< the image announced nothing, and why
    bool interrupted = false;              ///< it was stopped before it announced anything
    std::map<std::size_t, Stacks> stacks;  ///< by place in `tests`: where they were when they crashed or timed out
    Stacks outside_stacks;                 ///< of a crash outside every test
  };
  Outcome take();

 private:
  struct Test {
    std::uint32_t index;
    dyad_test_kind kind;
    TestResult result;
    bool decided = false;  ///< has a verdict that counts
    std::uint64_t begun = 0;
    unsigned listed_by = 0;            ///< number of the process that announced it last
    bool failed_after_others = false;  ///< tests of this image
    Stacks stacks;
    std::vector<std::string> notes;
    std::uint64_t said_late = 0;         ///< bytes of messages that came when it did not run
    std::optional<std::string> suspect;  ///< failed in a process in which this image had run before
  };

  Result<void> on(const Hello&, Clock::time_point);
  Result<void> on(const Found&, Clock::time_point);
  Result<void> on(const Listed&, Clock::time_point);
  Result<void> on(const Started&, Clock::time_point);
  Result<void> on(const Finished&, Clock::time_point);
  Result<void> on(const Message&, Clock::time_point);
  Result<void> on(const SubStarted&, Clock::time_point);
  Result<void> on(const SubFinished&, Clock::time_point);
  Result<void> on(const Outside&, Clock::time_point);
  Result<void> on(const AllDone&, Clock::time_point);
  Result<void> on(const Crashed&, Clock::time_point);
  Result<void> on(const Stack&, Clock::time_point);
  Result<void> on(const Limit&, Clock::time_point);
  Result<void> on(const Note&, Clock::time_point);
  Result<void> on(const Report&, Clock::time_point);

  /// The test of an index that this process has announced, once the list is complete.
  Result<Test*> find(std::uint32_t index, const char* frame);
  /// Likewise, and it must be the one that runs.
  Result<Test*> find_running(std::uint32_t index, const char* frame);
  /// A message of a test that does not run; no more of them than of one that does.
  static void add_late(Test& test, OutputPiece piece);
  /// Gives a test its verdict; if it has one, the worse of the two counts.
  void decide(Test& test, Verdict verdict, const std::string& reason);
  void decide_rest(const std::string& reason);
  /// The test that runs has ended at `offset` of the capture file: takes its output, ends its open subtests.
  void close_running(std::uint64_t offset, Verdict verdict, Clock::time_point now);
  /// Appends what the log says and what was printed meanwhile.
  void take_output(OutputLog& log, std::vector<OutputPiece>& to);
  const std::string& open_subtest() const;
  OutputPiece message(dyad_severity severity, const std::string& file, std::uint32_t line,
                      const std::string& text) const;
  std::string shown(const std::string& file) const;
  ProcessState state() const;

  Options options_;
  std::vector<Test> tests_;                                  ///< ascending index
  std::unordered_map<std::uint32_t, std::size_t> position_;  ///< index -> place in tests_
  std::size_t announced_ = 0;
  std::vector<OutputPiece> outside_;
  bool failed_outside_ = false;
  bool any_failed_ = false;
  bool interrupted_ = false;
  std::string load_failure_;
  Next next_ = Next::kStart;
  bool listed_once_ = false;
  bool failed_outside_in_shared_process_ = false;
  std::uint32_t turn_ = 0;
  std::uint64_t repetitions_ = 0;
  std::chrono::nanoseconds capture_time_{};

  // Of the process that runs.
  unsigned process_ = 0;
  const Capture* capture_ = nullptr;
  enum class Phase : std::uint8_t { kHello, kListing, kRunning, kDone };
  Phase phase_ = Phase::kHello;
  std::uint32_t found_ = 0;
  std::optional<std::uint32_t> last_found_;
  bool began_new_ = false;
  unsigned begun_ = 0;                 ///< tests
  std::vector<std::size_t> failures_;  ///< places in tests_
  bool failed_outside_before_ = false;
  bool says_failed_ = false;
  OutputLog outside_log_;
  Stacks stacks_;
  std::optional<Clock::time_point> crashed_at_;
  std::string report_;  ///< why it is about to end, if it has said so
  bool stacks_complete_ = false;
  std::string no_stacks_;
  int pid_ = 0;
  Stacks outside_stacks_;

  // Of the test that runs.
  Test* running_ = nullptr;
  Clock::time_point began_;
  std::optional<std::chrono::nanoseconds> own_limit_;
  OutputLog log_;
  struct OpenSubtest {
    std::size_t place;  ///< in running_->result.subtests
    Clock::time_point began;
    bool again;  ///< it has run before and has a verdict
  };
  std::vector<OpenSubtest> open_subtests_;                       ///< outermost first
  std::unordered_map<std::string, std::size_t> subtest_places_;  ///< by name
};

/// The worse of two verdicts of one test, from worst: CRASH, TIMEOUT, FAIL, NOT RUN, PASS, SKIP (which says nothing).
Verdict worse(Verdict a, Verdict b);

}  // namespace dyad::run
