#include <gtest/gtest.h>

#include "backends/runtime/selection.hpp"

namespace dyad::runtime {
namespace {

Selection selection(const std::string& run, const std::string& skip = "") {
  Selection made;
  EXPECT_EQ(made.parse(run, skip), "");
  return made;
}

TEST(Selection, OfNothingSelectsAll) {
  EXPECT_TRUE(selection("").selects_test("TestA"));
  EXPECT_TRUE(selection("").selects_subtest("TestA/b"));
}

TEST(Selection, MatchesAnywhereInAName) {
  EXPECT_TRUE(selection("ars").selects_test("TestParse"));
  EXPECT_FALSE(selection("^ars").selects_test("TestParse"));
  EXPECT_TRUE(selection("^TestParse$").selects_test("TestParse"));
  EXPECT_FALSE(selection("parse").selects_test("TestParse"));
}

TEST(Selection, MatchesSubtestsLevelByLevel) {
  Selection s = selection("TestA/^b$/c");
  EXPECT_TRUE(s.selects_test("TestA"));
  EXPECT_FALSE(s.selects_test("TestB"));
  EXPECT_TRUE(s.selects_subtest("TestA/b"));
  EXPECT_FALSE(s.selects_subtest("TestA/bb"));
  EXPECT_TRUE(s.selects_subtest("TestA/b/xcx"));
  EXPECT_FALSE(s.selects_subtest("TestA/b/d"));
  EXPECT_TRUE(s.selects_subtest("TestA/b/c/any"));
}

TEST(Selection, SkipsASubtestButRunsItsTest) {
  Selection s = selection("", "TestA/b");
  EXPECT_TRUE(s.selects_test("TestA"));
  EXPECT_FALSE(s.selects_subtest("TestA/b"));
  EXPECT_TRUE(s.selects_subtest("TestA/c"));
}

TEST(Selection, SkipsAWholeTest) {
  Selection s = selection("Test", "TestA");
  EXPECT_FALSE(s.selects_test("TestA"));
  EXPECT_TRUE(s.selects_test("TestB"));
}

TEST(Selection, FindsNamesOfGoogleTestWholeAndByLevel) {
  const char* name = "Inst/Suite.Test/0";
  EXPECT_TRUE(selection("Suite").selects_test(name));
  EXPECT_TRUE(selection("Inst/Suite").selects_test(name));
  EXPECT_TRUE(selection("Suite.Test/0").selects_test(name));
  EXPECT_FALSE(selection("Inst/Other").selects_test(name));
  EXPECT_FALSE(selection("", "Suite.Test/0").selects_test(name));
}

TEST(Selection, DoesNotSplitInsideBrackets) {
  EXPECT_TRUE(selection("Test[/]?A").selects_test("TestA"));
  EXPECT_TRUE(selection("(TestA|Test/B)").selects_test("TestA"));
  EXPECT_FALSE(selection("Test[]/]A").selects_test("TestA"));
  EXPECT_TRUE(selection("[[:alpha:]/]A/b").selects_subtest("TestA/b"));
}

TEST(Selection, SaysWhatIsNoRegularExpression) {
  Selection s;
  std::string problem = s.parse("Test(", "");
  EXPECT_EQ(problem.find("bad regular expression 'Test(': "), 0u) << problem;
  EXPECT_NE(s.parse("", "a/[b"), "");
}

}  // namespace
}  // namespace dyad::runtime
