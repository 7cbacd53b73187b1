#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "host/report/colour.hpp"
#include "host/report/reporter.hpp"
#include "report_golden.hpp"

namespace dyad::report {
namespace {

using namespace std::chrono_literals;
using run::PackageResult;
using run::TestResult;
using run::Verdict;
using Kind = PackageResult::Kind;

PackageResult package(std::string path, std::vector<Verdict> verdicts) {
  PackageResult result{.id = {std::move(path)}, .time = 5ms};
  for (Verdict verdict : verdicts) {
    TestResult test{
        .name = "Test" + std::to_string(result.tests.size()), .file = "x_test.cc", .line = 9, .verdict = verdict};
    if (verdict == Verdict::kCrash) test.reason = "SIGSEGV";
    if (verdict == Verdict::kTimeout) test.reason = "time limit of 1s";
    if (verdict == Verdict::kNotRun) test.reason = "time limit of the package";
    result.tests.push_back(test);
  }
  result.discovered = result.tests.size();
  return result;
}

PackageResult other(std::string path, Kind kind, std::string reason = "") {
  return {.id = {std::move(path)}, .kind = kind, .reason = std::move(reason)};
}

class ReporterTest : public ::testing::Test {
 protected:
  Sink sink() {
    return [this](std::string_view text) { text_ += text; };
  }
  std::string text_;
};

TEST_F(ReporterTest, PrintsInOrderWhateverComesFirst) {
  Reporter reporter({}, sink());
  reporter.add(2, package("c", {Verdict::kPass}));
  reporter.add(1, package("b", {Verdict::kPass}));
  EXPECT_EQ(text_, "");
  reporter.add(0, package("a", {Verdict::kPass}));
  EXPECT_EQ(text_, "ok  \ta\t0.005s\nok  \tb\t0.005s\nok  \tc\t0.005s\n");
}

TEST_F(ReporterTest, PrintsWhatWaitsAtTheEnd) {
  Reporter reporter({}, sink());
  reporter.add(3, package("d", {Verdict::kPass}));
  reporter.add(1, package("b", {Verdict::kPass}));
  reporter.finish(10ms);
  EXPECT_EQ(text_, "ok  \tb\t0.005s\nok  \td\t0.005s\n2 packages: 2 ok; 2 tests: 2 passed in 0.01s\n");
}

TEST_F(ReporterTest, SumsUpARunOfEverything) {
  for (bool colour : {false, true}) {
    text_.clear();
    Reporter reporter({.colour = colour}, sink());
    reporter.add(0, package("a", {Verdict::kPass, Verdict::kPass}));
    reporter.add(1, package("b", {Verdict::kFail, Verdict::kPass, Verdict::kCrash, Verdict::kSkip}));
    reporter.add(2, package("c", {Verdict::kTimeout, Verdict::kNotRun}));
    reporter.add(3, other("d", Kind::kNoTestFiles));
    reporter.add(4, other("e", Kind::kBuildFailed));
    reporter.add(5, other("f", Kind::kLoadFailed, "exited with code 2 before the first test"));
    reporter.add(6, other("g", Kind::kNotRun, "--failfast"));
    PackageResult outside = package("h", {Verdict::kPass});
    outside.failed_outside = true;
    reporter.add(7, outside);
    PackageResult wrong = package("i", {Verdict::kPass});
    wrong.discovered = 3;
    wrong.reason = "internal error: 3 tests were announced and 1 have a verdict";
    reporter.add(8, wrong);
    reporter.add(9, package("j", {Verdict::kNotRun}));
    reporter.finish(1234ms);
    expect_golden(colour ? "run_colour" : "run", text_);
    EXPECT_EQ(reporter.summary().tests(), 11u);
    EXPECT_EQ(reporter.summary().packages(), 10u);
    EXPECT_EQ(reporter.summary().exit_code(), ExitCode::kTool);
  }
}

TEST_F(ReporterTest, OnePackageNeedsNoListOfFailures) {
  Reporter reporter({}, sink());
  reporter.add(0, package("a", {Verdict::kFail}));
  reporter.finish(1s);
  expect_golden("run_one_package", text_);
}

TEST_F(ReporterTest, ListHasNoSummary) {
  Reporter reporter({.list_only = true}, sink());
  PackageResult result = package("a", {Verdict::kNotRun});
  result.tests[0].reason = "";
  reporter.add(0, result);
  reporter.finish(1s);
  EXPECT_EQ(text_, "Test0\nok  \ta\t0.005s\n");
  EXPECT_EQ(reporter.summary().exit_code(), ExitCode::kPassed);
}

ExitCode exit_code_of(std::initializer_list<PackageResult> results) {
  Summary summary;
  for (const PackageResult& result : results) summary.add(result);
  return summary.exit_code();
}

TEST(Summary, ExitCodeIsTheWorst) {
  PackageResult passed = package("a", {Verdict::kPass}), failed_test = package("b", {Verdict::kFail});
  PackageResult crashed = package("b", {Verdict::kCrash}), late = package("b", {Verdict::kTimeout});
  PackageResult not_built = other("c", Kind::kBuildFailed), not_loaded = other("d", Kind::kLoadFailed, "x");
  PackageResult wrong = passed, outside = passed, none = other("e", Kind::kNoTestFiles);
  wrong.discovered = 7;
  outside.failed_outside = true;
  EXPECT_EQ(exit_code_of({passed}), ExitCode::kPassed);
  EXPECT_EQ(exit_code_of({passed, none}), ExitCode::kPassed);
  EXPECT_EQ(exit_code_of({failed_test, passed}), ExitCode::kTestFailed);
  EXPECT_EQ(exit_code_of({crashed}), ExitCode::kTestFailed);
  EXPECT_EQ(exit_code_of({late}), ExitCode::kTestFailed);
  EXPECT_EQ(exit_code_of({outside}), ExitCode::kTestFailed);
  EXPECT_EQ(exit_code_of({not_built, failed_test}), ExitCode::kBuildFailed);
  EXPECT_EQ(exit_code_of({passed, not_loaded}), ExitCode::kBuildFailed);
  EXPECT_EQ(exit_code_of({wrong, not_built}), ExitCode::kTool);
}

TEST(Summary, NothingMatchedIsNoSuccess) {
  EXPECT_EQ(exit_code_of({}), ExitCode::kNothing);
  EXPECT_EQ(exit_code_of({other("a", Kind::kNoTestFiles), package("b", {})}), ExitCode::kNothing);
  EXPECT_EQ(exit_code_of({other("a", Kind::kBuildFailed), package("b", {})}), ExitCode::kBuildFailed);
  EXPECT_EQ(exit_code_of({package("b", {Verdict::kSkip})}), ExitCode::kPassed);
  Summary summary;
  summary.add(package("a", {}));
  EXPECT_TRUE(summary.nothing());
  summary.add(package("b", {Verdict::kPass}));
  EXPECT_FALSE(summary.nothing());
}

TEST(Summary, CountsOneAsOne) {
  Summary summary;
  summary.add(package("a", {Verdict::kPass}));
  EXPECT_EQ(summary.totals(10ms), "1 package: 1 ok; 1 test: 1 passed in 0.01s");
  EXPECT_EQ(summary.count(Verdict::kPass), 1u);
  EXPECT_EQ(summary.count(Verdict::kFail), 0u);
}

TEST(Colour, NeedsATerminal) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  EXPECT_FALSE(wants_colour(pipe_ends[1]));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(Colour, IsRefusedByTheEnvironment) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  EXPECT_TRUE(wants_colour(terminal));
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(wants_colour(terminal));
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_colour(terminal));
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(wants_colour(terminal));
  close(terminal);
}

TEST_F(ReporterTest, NamesFlakyTestsAtTheEnd) {
  Reporter reporter({}, sink());
  PackageResult result = package("a", {Verdict::kPass, Verdict::kPass, Verdict::kFail});
  result.tests[1].earlier_tries = {result.tests[2], result.tests[2]};
  result.tests[2].earlier_tries = {result.tests[2]};
  reporter.add(0, result);
  text_.clear();
  reporter.finish(10ms);
  EXPECT_EQ(text_,
            "1 package: 0 ok, 1 failed; 3 tests: 2 passed (1 flaky), 1 failed in 0.01s\n"
            "FLAKY: a Test1 (x_test.cc:9) [3 tries]\nFAIL\n");
  EXPECT_EQ(reporter.summary().failures(), std::vector<std::string>{"a Test2 (x_test.cc:9) [2 tries]"});
}

TEST_F(ReporterTest, ADifferenceBetweenBackendsIsAFailureOfItsOwn) {
  Reporter reporter({}, sink());
  PackageResult result = package("a", {Verdict::kPass, Verdict::kPass});
  result.differences = {"Test1: CRASH (SIGSEGV) on dll, PASS on exe"};
  reporter.add(0, result);
  PackageResult same = package("b", {Verdict::kPass});
  same.no_news = true;
  reporter.add(1, same);
  reporter.finish(10ms);
  EXPECT_EQ(text_,
            "--- DIFFERS: Test1: CRASH (SIGSEGV) on dll, PASS on exe\nFAIL\nFAIL\ta\t0.005s\n"
            "2 packages: 1 ok, 1 failed; 3 tests: 3 passed; 1 difference in 0.01s\n"
            "DIFFERS: a Test1: CRASH (SIGSEGV) on dll, PASS on exe\nFAIL\n");
  EXPECT_EQ(reporter.summary().exit_code(), ExitCode::kTestFailed);
}

}  // namespace
}  // namespace dyad::report
