#include "host/run/process_end.hpp"

#include <fmt/format.h>

namespace dyad::run {
namespace {

using Cause = ProcessEnd::Cause;
using Phase = ProcessState::Phase;

/// "exited with code 3", "crashed with SIGSEGV", "time limit of 1s": to be followed by where.
std::string describe(const ProcessEnd& end, const std::string& report) {
  switch (end.cause) {
    case Cause::kNotStarted:
      return "cannot start: " + end.text;
    case Cause::kTimeLimit:
    case Cause::kTestTimeLimit:
      return end.text;
    case Cause::kDamage:
      return "protocol: " + end.text;
    case Cause::kInterrupted:
      return "interrupted";
    case Cause::kItself:
      break;
  }
  if (!report.empty() && end.kind == DYAD_END_EXITED) return report;
  switch (end.kind) {
    case DYAD_END_EXITED:
      return fmt::format("exited with code {}", end.code);
    case DYAD_END_SIGNALED:
      return "crashed with " + signal_name(end.code);
    case DYAD_END_LOST:
    case DYAD_END_NOT_STARTED:
      break;
  }
  return end.text.empty() ? "lost" : "lost: " + end.text;
}

/// The test that ran when its process ended.
void judge_test(const ProcessEnd& end, dyad_test_kind kind, const std::string& report, Judgement& judgement) {
  auto is = [&](Verdict verdict, std::string reason) {
    judgement.test = verdict;
    judgement.test_reason = std::move(reason);
  };
  switch (end.cause) {
    case Cause::kTimeLimit:
    case Cause::kTestTimeLimit:
      return is(Verdict::kTimeout, end.text);
    case Cause::kInterrupted:
      return is(Verdict::kNotRun, "interrupted");
    case Cause::kDamage:
      return is(Verdict::kCrash, describe(end, report));
    case Cause::kItself:
    case Cause::kNotStarted:
      break;
  }
  if (end.kind == DYAD_END_SIGNALED)
    return is(Verdict::kCrash, signal_name(end.code) + (report.empty() ? "" : "; ") + report);
  if (end.kind == DYAD_END_LOST) return is(Verdict::kCrash, describe(end, report));
  if (!report.empty()) return is(Verdict::kFail, report);
  if (kind != DYAD_TEST_MAIN) return is(Verdict::kFail, fmt::format("called exit({})", end.code));
  if (end.code == 0) return is(Verdict::kPass, "");
  return is(Verdict::kFail, fmt::format("exit code {}", end.code));
}

}  // namespace

// clang-format off
// phase     | the process ...          | the test that ran       | the package         | tests without a verdict
// ----------+--------------------------+-------------------------+---------------------+---------------------------
// loading   | ended, however           | -                       | LOAD FAILED, reason | none are known
//           |   after a restart        | -                       | -                   | NOT RUN, reason
//           | was interrupted          | -                       | -                   | NOT RUN "interrupted"
// in a test | exited n                 | FAIL "called exit(n)"   | -                   | restart
//           |   a sanitizer's doing    | FAIL, its report        | -                   | restart
//           |   the test is a main()   | 0: PASS, n: FAIL        | -                   | restart
//           | was ended by a signal    | CRASH "SIGSEGV"         | -                   | restart
//           | was lost by the backend  | CRASH "lost: ..."       | -                   | restart
//           | sent a damaged stream    | CRASH "protocol: ..."   | -                   | restart
//           | reached the time limit   | TIMEOUT                 | -                   | NOT RUN "time limit of ..."
//           |   that of the test       | TIMEOUT                 | -                   | restart
//           | was interrupted          | NOT RUN "interrupted"   | -                   | NOT RUN "interrupted"
// between   | ended, however           | -                       | failed outside      | restart if it began a test
// done      | exited as it should      | -                       | -                   | NOT RUN "the image ended ..."
//           | ended otherwise          | -                       | failed outside      | NOT RUN, likewise
//           |   one test a process     | -                       | -                   | restart if it began a test
// any       | --failfast and a failure | as above                | as above            | NOT RUN "--failfast"
// clang-format on
// A restart needs a test that this process began and no process before it: so there are at most as many as tests.
Judgement judge(const ProcessEnd& end, const ProcessState& state) {
  Judgement judgement;
  std::string how = describe(end, state.report);

  if (state.phase == Phase::kLoading) {
    // The loader's own words say more than "exited with code 127".
    bool loader_spoke = end.cause == Cause::kItself && end.kind == DYAD_END_EXITED &&
                        end.code == DYAD_EXIT_LOAD_FAILED && !end.text.empty();
    if (end.cause == Cause::kInterrupted) {
      judgement.rest_reason = "interrupted";
    } else if (state.restarted && end.cause == Cause::kTimeLimit) {
      judgement.rest_reason = "time limit of the package";
    } else {
      if (loader_spoke) {
        how = end.text;
      } else if (end.cause != Cause::kNotStarted) {
        how += " before the first test";
      }
      (state.restarted ? judgement.rest_reason : judgement.load_failure) = how;
    }
    return judgement;
  }

  bool failed = state.any_failed;
  if (state.phase == Phase::kInTest) {
    judge_test(end, state.test_kind, state.report, judgement);
    failed = failed || (*judgement.test != Verdict::kPass && *judgement.test != Verdict::kSkip);
  } else {
    // An image that has said DONE exits with 0 or 1 (package.h).
    bool as_it_should = state.phase == Phase::kDone && end.cause == Cause::kItself && end.kind == DYAD_END_EXITED &&
                        (end.code == 0 || (end.code == 1 && state.any_failed));
    const char* where = !state.tests_left             ? "after the last test"
                        : state.phase == Phase::kDone ? "after it had ended its tests"
                        : state.began_new             ? "between two tests"
                                                      : "before the first test";
    if (!as_it_should && end.cause != Cause::kInterrupted) judgement.outside = how + " " + where;
  }

  if (!state.tests_left) return judgement;
  if (end.cause == Cause::kInterrupted) {
    judgement.rest_reason = "interrupted";
  } else if (end.cause == Cause::kTimeLimit) {
    judgement.rest_reason = "time limit of the package";
  } else if (state.failfast && failed) {
    judgement.rest_reason = "--failfast";
  } else if (state.phase == Phase::kDone && !state.one_at_a_time) {
    judgement.rest_reason = "the image ended without running it";
  } else if (state.began_new) {
    judgement.restart = true;
  } else {
    judgement.rest_reason = "not restarted: " + how;
  }
  return judgement;
}

}  // namespace dyad::run
