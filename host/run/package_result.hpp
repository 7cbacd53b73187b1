/// What is known about a package after it ran: plain data, made by the runner, read by the report.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/ids.hpp"
#include "host/run/process_times.hpp"

namespace dyad::run {

/// One per test, exactly one.
enum class Verdict : std::uint8_t { kPass, kFail, kSkip, kCrash, kTimeout, kNotRun };

/// FAIL, CRASH or TIMEOUT.
constexpr bool is_failure(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kCrash || verdict == Verdict::kTimeout;
}

/// "PASS", "NOT RUN": the word that a report has for it.
const char* verdict_name(Verdict verdict);

/// A piece of a test's own output, in order: what it printed, or what it said through T.
struct OutputPiece {
  enum class Kind : std::uint8_t { kPrinted, kLog, kError, kFatal, kSkipReason };
  Kind kind;
  std::string text;  ///< printed bytes as they are; a message without file and line
  std::string file;  ///< messages only, may be empty
  std::uint32_t line = 0;
  std::string subtest;  ///< "a/b" when the piece belongs to a subtest
};

/// Its output stands among the test's, so that the order of everything is kept.
struct Subtest {
  std::string name;  ///< full name below the test: "a/b"
  Verdict verdict;
  std::chrono::nanoseconds time{};
  std::size_t begin = 0;  ///< pieces of the test's output that came before it
};

struct TestResult {
  std::string name;         ///< unique in the package
  std::uint32_t index = 0;  ///< the image's own number of it
  std::uint32_t turn = 0;   ///< tests of the image that began before it, if it has begun itself
  std::string file;         ///< as the image says it, usually relative to the package's directory
  std::uint32_t line = 0;
  Verdict verdict = Verdict::kNotRun;
  std::string reason;  ///< "SIGSEGV", "called exit(0)", "time limit of 10m0s", why it was not run; one line
  std::chrono::nanoseconds time{};
  std::vector<OutputPiece> output;  ///< its subtests' too; a piece may be empty
  std::vector<Subtest> subtests;    ///< in order of start, nested ones after their parent
  /// With --retries: those before the last one, which gave the verdict. Each failed, crashed or timed out.
  std::vector<TestResult> earlier_tries;

  /// It passed, but not at once.
  bool is_flaky() const { return verdict == Verdict::kPass && !earlier_tries.empty(); }
};

/// Something of the outside world that the tests looked at, as backends/abi/input_log.h defines it (what it says of a
/// DIRECTORY is two inputs here: kDirectory, the names, and kLink, where it is).
struct Consulted {
  enum class Kind : std::uint8_t { kContent, kStat, kDirectory, kLink, kEnvironment, kLoaded, kOutput };
  enum class Seen : std::uint8_t { kUnknown, kPresent, kAbsent };
  Kind kind;
  Seen seen;         ///< what the tests got to see: if it is otherwise now, the input changed while they ran
  std::string text;  ///< absolute path, or the name of a variable

  friend auto operator<=>(const Consulted&, const Consulted&) = default;
};

/// What tests may do and their result be kept all the same, because the workspace says that it does not matter.
struct Tolerance {
  bool programs = false;  ///< run other programs, whose inputs nobody sees
  bool network = false;   ///< open sockets, look names up
};

struct PackageResult {
  PackageId id;
  enum class Kind : std::uint8_t { kRan, kNoTestFiles, kBuildFailed, kLoadFailed, kNotRun };
  Kind kind = Kind::kRan;
  std::string build_output;          ///< diagnostics, as the compiler or linker gave them; may stand beside a success
  std::vector<std::string> notices;  ///< lines beside a verdict: "split into 2 images: ..."
  std::vector<TestResult> tests;  ///< in order: images in order, tests by index; all of that once per round of --count
  std::size_t discovered = 0;     ///< tests that the images announced, over all rounds: `tests` must be as many
  std::vector<OutputPiece> outside;  ///< failures and output outside every test
  bool failed_outside = false;       ///< the package fails although no test may have
  bool ended_by_signal = false;      ///< one of its processes was, by one that we did not send
  std::string reason;  ///< one line; kRan: empty, or why it is no success as a whole (interrupted, wrong accounting)
  std::chrono::nanoseconds time{};  ///< wall time of its processes, each from start to end
  ProcessTimes times;               ///< of its processes, by phase; nothing if it was replayed
  bool cached = false;              ///< replayed: nothing was run
  bool no_news = false;             ///< known to who reads the report: counted, not printed
  bool backend_lost = false;        ///< the backend could start no process for it and will start none: it tells nothing
  /// From the verdicts of another backend; each is a failure: "TestX: PASS on dll, CRASH (SIGSEGV) on exe".
  std::vector<std::string> differences;

  // With RunOptions::log_inputs:
  std::vector<Consulted> consulted;  ///< by all its processes; sorted by kind and text, each once
  std::vector<std::string> written;  ///< paths that the tests made, emptied or renamed; sorted
  std::string uncacheable;           ///< why this result must not be stored, though it may have passed; or empty
};

}  // namespace dyad::run
