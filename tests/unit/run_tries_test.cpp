#include <gtest/gtest.h>

#include "host/run/index_ranges.hpp"
#include "host/run/tries.hpp"

namespace dyad::run {
namespace {

using enum Verdict;

ImageRun::Outcome outcome(std::vector<std::pair<std::uint32_t, Verdict>> tests) {
  ImageRun::Outcome result{.announced = tests.size()};
  for (auto [index, verdict] : tests)
    result.tests.push_back({.name = "Test" + std::to_string(index), .index = index, .verdict = verdict});
  return result;
}

std::vector<Verdict> verdicts(const std::vector<TestResult>& tests) {
  std::vector<Verdict> all;
  for (const auto& test : tests) all.push_back(test.verdict);
  return all;
}

TEST(RunIndexRangesTest, JoinsNeighbours) {
  EXPECT_EQ(index_ranges({}), "");
  EXPECT_EQ(index_ranges({4}), "4");
  EXPECT_EQ(index_ranges({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
}

TEST(RunTriesTest, WithoutRetriesNothingRunsAgain) {
  Tries tries({});
  tries.add(outcome({{0, kFail}, {1, kPass}}));
  EXPECT_EQ(tries.next(false), std::nullopt);
  EXPECT_EQ(verdicts(tries.take().tests), (std::vector{kFail, kPass}));
}

TEST(RunTriesTest, LeavesOutWhatNeedsNoFurtherTry) {
  Tries tries({.retries = 1});
  tries.add(outcome({{0, kPass}, {1, kFail}, {2, kSkip}, {5, kCrash}, {6, kTimeout}, {7, kNotRun}}));
  EXPECT_EQ(tries.next(false), "0,2,7");
  tries.add(outcome({{1, kPass}, {5, kCrash}, {6, kPass}}));
  EXPECT_EQ(tries.next(false), std::nullopt);
  auto all = tries.take();
  EXPECT_EQ(verdicts(all.tests), (std::vector{kPass, kPass, kSkip, kCrash, kPass, kNotRun}));
  EXPECT_EQ(all.announced, 6u);
  EXPECT_TRUE(all.tests[1].is_flaky());
  EXPECT_EQ(verdicts(all.tests[5 - 1].earlier_tries), std::vector{kTimeout});
  EXPECT_EQ(verdicts(all.tests[3].earlier_tries), std::vector{kCrash});
  EXPECT_FALSE(all.tests[3].is_flaky());
}

TEST(RunTriesTest, TriesUntilItPassesOrHasHadAllTries) {
  Tries tries({.retries = 3});
  tries.add(outcome({{0, kFail}, {1, kFail}}));
  EXPECT_EQ(tries.next(false), "");
  tries.add(outcome({{0, kCrash}, {1, kPass}}));
  EXPECT_EQ(tries.next(false), "1");
  tries.add(outcome({{0, kTimeout}}));
  EXPECT_EQ(tries.next(false), "1");
  tries.add(outcome({{0, kFail}}));
  EXPECT_EQ(tries.next(false), std::nullopt);
  auto all = tries.take();
  EXPECT_EQ(verdicts(all.tests), (std::vector{kFail, kPass}));
  EXPECT_EQ(verdicts(all.tests[0].earlier_tries), (std::vector{kFail, kCrash, kTimeout}));
}

TEST(RunTriesTest, ATryThatSaysNothingLeavesTheFailure) {
  Tries tries({.retries = 3});
  tries.add(outcome({{0, kFail}, {1, kCrash}}));
  tries.next(false);
  tries.add(outcome({{0, kSkip}, {1, kNotRun}}));
  EXPECT_EQ(tries.next(false), std::nullopt);
  EXPECT_EQ(verdicts(tries.take().tests), (std::vector{kFail, kCrash}));
}

TEST(RunTriesTest, AnImageThatDoesNotLoadAgainLeavesTheFailure) {
  Tries tries({.retries = 3});
  tries.add(outcome({{0, kFail}}));
  tries.next(false);
  auto none = outcome({});
  none.load_failure = "exited with code 3 before the first test";
  tries.add(none);
  EXPECT_EQ(tries.next(false), std::nullopt);
  auto all = tries.take();
  EXPECT_EQ(verdicts(all.tests), std::vector{kFail});
  EXPECT_EQ(all.load_failure, "");
}

TEST(RunTriesTest, KeepsWhatFailedOutsideInAnyTry) {
  Tries tries({.retries = 1});
  tries.add(outcome({{0, kFail}}));
  tries.next(false);
  auto second = outcome({{0, kPass}});
  second.failed_outside = true;
  second.outside.push_back({OutputPiece::Kind::kError, "bad", "", 0, ""});
  tries.add(second);
  auto all = tries.take();
  EXPECT_TRUE(all.failed_outside);
  EXPECT_EQ(all.outside.size(), 1u);
}

TEST(RunTriesTest, FlakyMayBeAFailure) {
  Tries tries({.retries = 1, .flaky_fails = true});
  tries.add(outcome({{0, kFail}, {1, kPass}}));
  tries.next(false);
  tries.add(outcome({{0, kPass}}));
  auto all = tries.take();
  EXPECT_EQ(verdicts(all.tests), (std::vector{kFail, kPass}));
  EXPECT_EQ(all.tests[0].reason, "passed in try 2");
}

TEST(RunTriesTest, WhatWasCutShortGoesOnBehindAFlakyTest) {
  Tries tries({.retries = 1});
  tries.add(outcome({{0, kPass}, {1, kFail}, {2, kNotRun}, {3, kNotRun}}));
  EXPECT_EQ(tries.next(true), "0,2-3");
  tries.add(outcome({{1, kPass}}));
  EXPECT_EQ(tries.next(false), "0-1");
  tries.add(outcome({{2, kFail}, {3, kNotRun}}));
  EXPECT_EQ(tries.next(true), "0-1,3");
  tries.add(outcome({{2, kFail}}));
  EXPECT_EQ(tries.next(true), std::nullopt);
  EXPECT_EQ(verdicts(tries.take().tests), (std::vector{kPass, kPass, kFail, kNotRun}));
}

TEST(RunTriesTest, WhatTheImageDidNotRunByItselfIsNotRunAgain) {
  Tries tries({.retries = 1});
  tries.add(outcome({{0, kFail}, {1, kNotRun}}));
  EXPECT_EQ(tries.next(false), "1");
  tries.add(outcome({{0, kPass}}));
  EXPECT_EQ(tries.next(false), std::nullopt);
}

TEST(RunTriesTest, WhatWasCutShortEndsWhenARunDecidesNothing) {
  Tries tries({.retries = 1});
  tries.add(outcome({{0, kPass}, {1, kNotRun}}));
  EXPECT_EQ(tries.next(true), "0");
  tries.add(outcome({{1, kNotRun}}));
  EXPECT_EQ(tries.next(true), std::nullopt);
}

}  // namespace
}  // namespace dyad::run
