#include <gtest/gtest.h>

#include <csignal>

#include "host/run/process_end.hpp"

namespace dyad::run {
namespace {

using Cause = ProcessEnd::Cause;
using Phase = ProcessState::Phase;

ProcessEnd exited(int code, std::string text = "") { return {.kind = DYAD_END_EXITED, .code = code, .text = text}; }
ProcessEnd signalled(int signal) { return {.kind = DYAD_END_SIGNALED, .code = signal}; }
ProcessEnd lost(std::string text) { return {.kind = DYAD_END_LOST, .text = text}; }
ProcessEnd killed(Cause cause, std::string text) {
  return {.cause = cause, .kind = DYAD_END_SIGNALED, .code = SIGKILL, .text = text};
}

Judgement in_test(const ProcessEnd& end, dyad_test_kind kind = DYAD_TEST_NATIVE, bool left = true) {
  return judge(end, {.phase = Phase::kInTest, .began_new = true, .tests_left = left, .test_kind = kind});
}

TEST(Judge, WhatASanitizerEndsTheProcessForIsTheReason) {
  ProcessState state{.phase = Phase::kInTest, .began_new = true, .tests_left = true, .report = "XSanitizer: bad"};
  EXPECT_EQ(judge(exited(1), state).test, Verdict::kFail);
  EXPECT_EQ(judge(exited(1), state).test_reason, "XSanitizer: bad");
  EXPECT_TRUE(judge(exited(1), state).restart);
  EXPECT_EQ(judge(signalled(SIGABRT), state).test, Verdict::kCrash);
  EXPECT_EQ(judge(signalled(SIGABRT), state).test_reason, "SIGABRT; XSanitizer: bad");
  state.test_kind = DYAD_TEST_MAIN;
  EXPECT_EQ(judge(exited(1), state).test_reason, "XSanitizer: bad");
  ProcessState done{.phase = Phase::kDone, .began_new = true, .report = "XSanitizer: bad"};
  EXPECT_EQ(judge(exited(23), done).outside, "XSanitizer: bad after the last test");
}

TEST(Judge, ExitInATestFailsIt) {
  Judgement judgement = in_test(exited(0));
  EXPECT_EQ(judgement.test, Verdict::kFail);
  EXPECT_EQ(judgement.test_reason, "called exit(0)");
  EXPECT_TRUE(judgement.restart);
  EXPECT_EQ(judgement.outside, "");
  EXPECT_EQ(in_test(exited(3)).test_reason, "called exit(3)");
}

TEST(Judge, ExitCodeIsTheVerdictOfAMain) {
  EXPECT_EQ(in_test(exited(0), DYAD_TEST_MAIN).test, Verdict::kPass);
  EXPECT_EQ(in_test(exited(0), DYAD_TEST_MAIN).test_reason, "");
  EXPECT_EQ(in_test(exited(3), DYAD_TEST_MAIN).test, Verdict::kFail);
  EXPECT_EQ(in_test(exited(3), DYAD_TEST_MAIN).test_reason, "exit code 3");
  EXPECT_EQ(in_test(exited(0), DYAD_TEST_GTEST).test, Verdict::kFail);
  EXPECT_EQ(in_test(signalled(SIGSEGV), DYAD_TEST_MAIN).test, Verdict::kCrash);
}

TEST(Judge, SignalInATestIsACrashOfThatTest) {
  Judgement judgement = in_test(signalled(SIGSEGV));
  EXPECT_EQ(judgement.test, Verdict::kCrash);
  EXPECT_EQ(judgement.test_reason, "SIGSEGV");
  EXPECT_TRUE(judgement.restart);
  EXPECT_EQ(judgement.outside, "");
}

TEST(Judge, LostProcessIsACrash) {
  EXPECT_EQ(in_test(lost("the worker ended")).test, Verdict::kCrash);
  EXPECT_EQ(in_test(lost("the worker ended")).test_reason, "lost: the worker ended");
}

TEST(Judge, TimeLimitEndsThePackage) {
  Judgement judgement = in_test(killed(Cause::kTimeLimit, "time limit of 1s"));
  EXPECT_EQ(judgement.test, Verdict::kTimeout);
  EXPECT_EQ(judgement.test_reason, "time limit of 1s");
  EXPECT_FALSE(judgement.restart);
  EXPECT_EQ(judgement.rest_reason, "time limit of the package");
}

TEST(Judge, DamageCrashesTheTestThatRan) {
  Judgement judgement = in_test(killed(Cause::kDamage, "unknown frame type 99"));
  EXPECT_EQ(judgement.test, Verdict::kCrash);
  EXPECT_EQ(judgement.test_reason, "protocol: unknown frame type 99");
  EXPECT_TRUE(judgement.restart);
}

TEST(Judge, InterruptionIsNoVerdict) {
  Judgement judgement = in_test(killed(Cause::kInterrupted, ""));
  EXPECT_EQ(judgement.test, Verdict::kNotRun);
  EXPECT_EQ(judgement.test_reason, "interrupted");
  EXPECT_EQ(judgement.rest_reason, "interrupted");
  EXPECT_FALSE(judgement.restart);
}

TEST(Judge, NothingIsRestartedWhenNoTestIsLeft) {
  EXPECT_FALSE(in_test(signalled(SIGSEGV), DYAD_TEST_NATIVE, false).restart);
}

TEST(Judge, EndBeforeTheListIsALoadFailure) {
  auto loading = [](const ProcessEnd& end) { return judge(end, {.phase = Phase::kLoading}).load_failure; };
  EXPECT_EQ(loading(exited(3)), "exited with code 3 before the first test");
  EXPECT_EQ(loading(signalled(SIGSEGV)), "crashed with SIGSEGV before the first test");
  EXPECT_EQ(loading(exited(DYAD_EXIT_LOAD_FAILED, "x.so: undefined symbol: f")), "x.so: undefined symbol: f");
  EXPECT_EQ(loading(exited(DYAD_EXIT_LOAD_FAILED)), "exited with code 127 before the first test");
  EXPECT_EQ(loading(killed(Cause::kTimeLimit, "time limit of 1s")), "time limit of 1s before the first test");
  EXPECT_EQ(loading(killed(Cause::kDamage, "no")), "protocol: no before the first test");
  EXPECT_EQ(loading({.cause = Cause::kNotStarted, .text = "no such worker"}), "cannot start: no such worker");
}

TEST(Judge, FailedRestartLeavesTheRestUnrun) {
  ProcessState restart{.phase = Phase::kLoading, .restarted = true, .tests_left = true, .any_failed = true};
  Judgement judgement = judge(signalled(SIGABRT), restart);
  EXPECT_EQ(judgement.load_failure, "");
  EXPECT_FALSE(judgement.restart);
  EXPECT_EQ(judgement.rest_reason, "crashed with SIGABRT before the first test");
}

TEST(Judge, EndBetweenTestsFailsThePackage) {
  ProcessState between{.phase = Phase::kBetweenTests, .began_new = true, .tests_left = true};
  Judgement judgement = judge(signalled(SIGKILL), between);
  EXPECT_EQ(judgement.outside, "crashed with SIGKILL between two tests");
  EXPECT_TRUE(judgement.restart);
  EXPECT_FALSE(judgement.test);

  between.began_new = false;
  judgement = judge(exited(0), between);
  EXPECT_EQ(judgement.outside, "exited with code 0 before the first test");
  EXPECT_FALSE(judgement.restart);
  EXPECT_EQ(judgement.rest_reason, "not restarted: exited with code 0");

  between.tests_left = false;
  EXPECT_EQ(judge(exited(0), between).outside, "exited with code 0 after the last test");
}

TEST(Judge, EndAfterDoneMustBeAnExit) {
  ProcessState done{.phase = Phase::kDone, .began_new = true};
  EXPECT_EQ(judge(exited(0), done).outside, "");
  EXPECT_EQ(judge(exited(1), done).outside, "exited with code 1 after the last test");
  EXPECT_EQ(judge(signalled(SIGSEGV), done).outside, "crashed with SIGSEGV after the last test");
  EXPECT_EQ(judge(killed(Cause::kTimeLimit, "time limit of 1s"), done).outside, "time limit of 1s after the last test");
  done.any_failed = true;
  EXPECT_EQ(judge(exited(1), done).outside, "");
  EXPECT_EQ(judge(exited(3), done).outside, "exited with code 3 after the last test");
}

TEST(Judge, ImageThatLeavesTestsOutIsNotRestarted) {
  Judgement judgement = judge(exited(0), {.phase = Phase::kDone, .began_new = true, .tests_left = true});
  EXPECT_FALSE(judgement.restart);
  EXPECT_EQ(judgement.rest_reason, "the image ended without running it");
}

TEST(Judge, FailfastStopsAfterAFailure) {
  ProcessState state{.phase = Phase::kInTest, .began_new = true, .tests_left = true, .failfast = true};
  EXPECT_EQ(judge(signalled(SIGSEGV), state).rest_reason, "--failfast");
  EXPECT_FALSE(judge(signalled(SIGSEGV), state).restart);
  state.test_kind = DYAD_TEST_MAIN;
  EXPECT_TRUE(judge(exited(0), state).restart);
  ProcessState done{.phase = Phase::kDone, .began_new = true, .tests_left = true, .any_failed = true, .failfast = true};
  EXPECT_EQ(judge(exited(1), done).rest_reason, "--failfast");
}

TEST(SignalName, NamesWhatHasAName) {
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(signal_name(SIGRTMIN + 1), "SIGRTMIN+1");
  EXPECT_EQ(signal_name(200), "signal 200");
}

}  // namespace
}  // namespace dyad::run
