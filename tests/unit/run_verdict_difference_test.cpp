#include <gtest/gtest.h>

#include "host/run/verdict_difference.hpp"

namespace dyad::run {
namespace {

using enum Verdict;
using Strings = std::vector<std::string>;

PackageVerdicts ran(std::vector<PackageVerdicts::Test> tests) { return {.tests = std::move(tests)}; }
Strings differences(const PackageVerdicts& a, const PackageVerdicts& b) {
  return verdict_differences(a, "dll", b, "exe");
}

TEST(RunVerdictDifferenceTest, TheSameVerdictsAreNone) {
  auto a = ran({{"TestA", kPass, ""}, {"TestB", kCrash, "SIGSEGV"}});
  auto b = ran({{"TestB", kCrash, "SIGABRT"}, {"TestA", kPass, ""}});
  EXPECT_EQ(differences(a, b), Strings{});
  EXPECT_EQ(differences({}, {}), Strings{});
}

TEST(RunVerdictDifferenceTest, NamesEachTestThatDiffers) {
  auto a = ran({{"TestA", kPass, ""}, {"TestB", kFail, ""}, {"TestOnlyA", kPass, ""}});
  auto b = ran({{"TestA", kCrash, "SIGSEGV"}, {"TestB", kFail, ""}, {"TestOnlyB", kSkip, ""}});
  EXPECT_EQ(differences(a, b),
            (Strings{"TestA: PASS on dll, CRASH (SIGSEGV) on exe", "TestOnlyA: PASS on dll, unknown on exe",
                     "TestOnlyB: unknown on dll, SKIP on exe"}));
}

TEST(RunVerdictDifferenceTest, MatchesRepeatedTestsByTheirOrder) {
  auto a = ran({{"TestA", kPass, ""}, {"TestA", kFail, ""}, {"TestA", kPass, ""}});
  auto b = ran({{"TestA", kPass, ""}, {"TestA", kPass, ""}});
  EXPECT_EQ(differences(a, b), (Strings{"TestA: FAIL on dll, PASS on exe", "TestA: PASS on dll, unknown on exe"}));
}

TEST(RunVerdictDifferenceTest, ComparesThePackagesToo) {
  PackageVerdicts broken{.kind = PackageResult::Kind::kLoadFailed};
  EXPECT_EQ(differences(ran({}), broken), Strings{"the package: ran on dll, load failed on exe"});
  EXPECT_EQ(differences(broken, broken), Strings{});
  auto outside = ran({});
  outside.failed_outside = true;
  EXPECT_EQ(differences(outside, ran({})), Strings{"outside the tests: failed on dll, passed on exe"});
}

TEST(RunVerdictDifferenceTest, KeepsWhatIsCompared) {
  PackageResult result;
  result.failed_outside = true;
  result.tests.push_back({.name = "TestA", .verdict = kCrash, .reason = "SIGSEGV"});
  auto verdicts = verdicts_of(result);
  EXPECT_TRUE(verdicts.failed_outside);
  ASSERT_EQ(verdicts.tests.size(), 1u);
  EXPECT_EQ(verdicts.tests[0].reason, "SIGSEGV");
}

}  // namespace
}  // namespace dyad::run
