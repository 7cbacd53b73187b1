/// The verdict rules for the end of a test process: what it means for the test that ran, for the package, and for the
/// tests that have no verdict. All in one function of plain data, since a backend cannot change a verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backends/abi/backend.h"
#include "backends/abi/wire.h"
#include "host/run/package_result.hpp"

namespace dyad::run {

/// How a process ended, and who wanted it.
struct ProcessEnd {
  enum class Cause : std::uint8_t {
    kItself,         ///< it exited, a signal that we did not send ended it, or the backend lost it
    kNotStarted,     ///< the backend could not start it; `text` says why
    kTimeLimit,      ///< we killed it; `text`: "time limit of 10m0s"
    kTestTimeLimit,  ///< we killed it because of the test that ran; `text` likewise
    kDamage,         ///< we killed it because its event stream was damaged; `text` says how
    kInterrupted,    ///< we killed it because the user wants to stop
  };
  Cause cause = Cause::kItself;
  dyad_end_kind kind = DYAD_END_EXITED;
  int code = 0;      ///< exit code or signal
  std::string text;  ///< for kItself: what the backend adds (why the image does not load)
  // Of the process, whatever the cause:
  unsigned runs_before = 0;  ///< other images that had run in it
  std::string ran_before;    ///< the last of them, a file name
  std::string retired;       ///< why it takes no other image, though this run ended well
};

/// How far the process had come.
struct ProcessState {
  enum class Phase : std::uint8_t { kLoading, kInTest, kBetweenTests, kDone };
  Phase phase = Phase::kLoading;
  bool restarted = false;                       ///< an earlier process of this image has listed the tests
  bool began_new = false;                       ///< this process has begun a test that had no verdict before it
  bool tests_left = false;                      ///< tests without a verdict, besides the one that runs
  bool any_failed = false;                      ///< a test of the image failed, or the image says that it did
  bool failfast = false;                        ///< nothing is begun after a failure
  bool one_at_a_time = false;                   ///< a process runs one test and ends
  dyad_test_kind test_kind = DYAD_TEST_NATIVE;  ///< of the test that runs
  std::string report;                           ///< what a sanitizer has said it ends the process for; or empty
};

struct Judgement {
  std::optional<Verdict> test;  ///< of the test that ran
  std::string test_reason;
  std::string load_failure;  ///< not empty: the image did not load
  std::string outside;       ///< not empty: the package fails outside its tests, and why
  bool restart = false;      ///< start a process for the tests that are left
  std::string rest_reason;   ///< if not: why the tests that are left are not run
};

/// The rules are in the .cpp, as a table.
Judgement judge(const ProcessEnd& end, const ProcessState& state);

/// "SIGSEGV"; "signal 77" for one without a name.
std::string signal_name(int signal);

}  // namespace dyad::run
