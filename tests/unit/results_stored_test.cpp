#include <gtest/gtest.h>

#include "host/results/known_results.hpp"
#include "host/results/stored_result.hpp"

namespace dyad::results {
namespace {

using run::OutputPiece;
using run::PackageResult;
using run::Verdict;

PackageResult sample() {
  PackageResult result;
  run::TestResult test;
  test.name = "TestA";
  test.file = "a_test.c";
  test.line = 7;
  test.verdict = Verdict::kPass;
  test.time = std::chrono::milliseconds(12);
  test.output.push_back({OutputPiece::Kind::kPrinted, std::string("bytes \0 \xff", 9), "", 0, ""});
  test.output.push_back({OutputPiece::Kind::kLog, "said", "a_test.c", 8, "sub"});
  test.subtests.push_back({"sub", Verdict::kSkip, std::chrono::nanoseconds(3), 1});
  result.tests.push_back(test);
  result.outside.push_back({OutputPiece::Kind::kPrinted, "outside", "", 0, ""});
  result.time = std::chrono::seconds(2);
  result.discovered = 1;
  return result;
}

TEST(StoredResultTest, ComesBackWhole) {
  PackageResult again;
  ASSERT_TRUE(deserialize(serialize(sample()), again));
  ASSERT_EQ(again.tests.size(), 1u);
  EXPECT_EQ(again.discovered, 1u);
  EXPECT_EQ(again.tests[0].output[0].text, sample().tests[0].output[0].text);
  EXPECT_EQ(again.tests[0].output[1].subtest, "sub");
  EXPECT_EQ(again.tests[0].subtests.at(0).verdict, Verdict::kSkip);
  EXPECT_EQ(again.tests[0].time, std::chrono::milliseconds(12));
  EXPECT_EQ(again.time, std::chrono::seconds(2));
}

TEST(StoredResultTest, EveryPrefixIsRefusedAndChangesNothing) {
  std::string bytes = serialize(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    PackageResult result;
    EXPECT_FALSE(deserialize(bytes.substr(0, size), result)) << size;
    EXPECT_TRUE(result.tests.empty());
  }
}

TEST(StoredResultTest, OnlyPassesAndSkipsMayBeKept) {
  auto result = sample();
  EXPECT_EQ(reason_not_to_keep(result, false), "");
  for (auto verdict : {Verdict::kFail, Verdict::kCrash, Verdict::kTimeout, Verdict::kNotRun}) {
    result.tests[0].verdict = verdict;
    EXPECT_EQ(reason_not_to_keep(result, false), "TestA did not pass");
  }
  result = sample();
  result.failed_outside = true;
  EXPECT_NE(reason_not_to_keep(result, false), "");
  result = sample();
  result.uncacheable = "opens a socket";
  EXPECT_EQ(reason_not_to_keep(result, false), "it opens a socket");
  result = sample();
  result.kind = PackageResult::Kind::kLoadFailed;
  EXPECT_NE(reason_not_to_keep(result, false), "");
}

TEST(StoredResultTest, AFlakyTestIsNoReasonToTrustAPass) {
  PackageResult result = sample();
  EXPECT_EQ(reason_not_to_keep(result, false), "");
  result.tests[0].earlier_tries.push_back(result.tests[0]);
  EXPECT_EQ(reason_not_to_keep(result, false), "TestA is flaky");
}

}  // namespace
}  // namespace dyad::results
