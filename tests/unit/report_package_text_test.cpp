#include <gtest/gtest.h>

#include "host/report/package_text.hpp"
#include "report_golden.hpp"

namespace dyad::report {
namespace {

using namespace std::chrono_literals;
using run::OutputPiece;
using run::PackageResult;
using run::Subtest;
using run::TestResult;
using run::Verdict;
using Kind = PackageResult::Kind;
using Piece = OutputPiece::Kind;

OutputPiece printed(std::string text, std::string subtest = "") {
  return {.kind = Piece::kPrinted, .text = std::move(text), .subtest = std::move(subtest)};
}
OutputPiece said(Piece kind, std::string text, std::uint32_t line, std::string subtest = "") {
  return {.kind = kind, .text = std::move(text), .file = "calc_test.cc", .line = line, .subtest = std::move(subtest)};
}

PackageResult ran(std::vector<TestResult> tests) {
  PackageResult result{.id = {"calc"}, .tests = std::move(tests), .time = 4'321us};
  result.discovered = result.tests.size();
  return result;
}

TestResult test(std::string name, Verdict verdict, std::string reason = "") {
  return {.name = std::move(name),
          .file = "calc_test.cc",
          .line = 7,
          .verdict = verdict,
          .reason = std::move(reason),
          .time = 12ms};
}

/// One of everything.
PackageResult everything() {
  TestResult fail = test("TestFail", Verdict::kFail);
  fail.output = {printed("one\n\ntwo\nno newline"),
                 said(Piece::kError, "Expected equality:\n  a\n    Which is: 1\n  b", 12),
                 said(Piece::kLog, "a note", 13), printed("\n"), printed("last\n")};
  TestResult tree = test("TestTree", Verdict::kFail);
  tree.output = {said(Piece::kLog, "before", 20),         said(Piece::kLog, "in fine", 21, "fine"),
                 printed("print in bad\n", "bad"),        said(Piece::kFatal, "it is 4", 22, "bad/deep"),
                 said(Piece::kError, "again", 23, "bad"), said(Piece::kError, "after", 24)};
  tree.subtests = {{"fine", Verdict::kPass, 1ms, 1},
                   {"bad", Verdict::kFail, 2ms, 2},
                   {"bad/deep", Verdict::kFail, 1ms, 3},
                   {"bad/skipped", Verdict::kSkip, 0ms, 5},
                   {"with/slash", Verdict::kPass, 0ms, 6}};
  TestResult pass = test("TestPass", Verdict::kPass);
  pass.output = {printed("quiet\n")};
  TestResult skip = test("TestSkip", Verdict::kSkip);
  skip.output = {said(Piece::kSkipReason, "no network", 30)};
  TestResult crash = test("TestSegv", Verdict::kCrash, "SIGSEGV");
  crash.output = {printed("last words", "open")};
  crash.subtests = {{"open", Verdict::kCrash, 3ms, 0}};
  TestResult timeout = test("TestLoop", Verdict::kTimeout, "time limit of 1s");
  timeout.time = 1s;
  return ran({fail, tree, pass, skip, crash, test("TestExit", Verdict::kFail, "called exit(0)"), timeout,
              test("TestRest", Verdict::kNotRun, "time limit of the package")});
}

std::string list_mode(const PackageResult& result) { return package_text(result, {}); }
std::string verbose(const PackageResult& result) { return package_text(result, {.verbose = true}); }

TEST(PackageText, FailuresInListMode) { expect_golden("failures", list_mode(everything())); }
TEST(PackageText, EverythingVerbose) { expect_golden("failures_verbose", verbose(everything())); }
TEST(PackageText, EverythingInColour) {
  expect_golden("failures_colour", package_text(everything(), {.verbose = true, .colour = true}));
}

TEST(PackageText, PassingPackage) {
  PackageResult result = ran({test("TestA", Verdict::kPass), test("TestB", Verdict::kSkip)});
  result.tests[0].output = {printed("hidden\n")};
  result.outside = {printed("hidden, too\n")};
  expect_golden("passed", list_mode(result));
  expect_golden("passed_verbose", verbose(result));
  expect_golden("passed_colour", package_text(result, {.colour = true}));
}

TEST(PackageText, NothingToRun) {
  expect_golden("no_tests_to_run", list_mode(ran({})));
  PackageResult none{.id = {"calc"}, .kind = Kind::kNoTestFiles};
  expect_golden("no_test_files", list_mode(none));
}

TEST(PackageText, PackageThatWasNotBuilt) {
  PackageResult result{.id = {"calc"}, .kind = Kind::kBuildFailed};
  result.build_output =
      "\x1b[1mcalc.cc:3:1: \x1b[0m\x1b[0;1;31merror: \x1b[0munknown type name 'it'\n    it x;\n\x1b[0;1;32m    ^";
  expect_golden("build_failed", list_mode(result));
  expect_golden("build_failed_colour", package_text(result, {.colour = true}));
}

TEST(PackageText, PackageThatWasBuiltWithWarningsAndNotices) {
  PackageResult result = ran({test("TestA", Verdict::kPass)});
  result.build_output = "calc.cc:3:1: warning: unused\n";
  result.notices = {"split into 2 images: two definitions of main", "tool.cc does not compile and is not used"};
  expect_golden("warnings", list_mode(result));
}

TEST(PackageText, PackageThatDidNotLoad) {
  PackageResult result{.id = {"calc"}, .kind = Kind::kLoadFailed, .reason = "exited with code 2 before the first test"};
  result.outside = {printed("--run: unbalanced parenthesis")};
  expect_golden("load_failed", list_mode(result));
}

TEST(PackageText, OneImageThatDidNotLoad) {
  PackageResult result = ran({test("TestA", Verdict::kPass), test("TestB", Verdict::kFail)});
  result.kind = Kind::kLoadFailed;
  result.reason = "b_test: undefined symbol: f";
  expect_golden("load_failed_partly", list_mode(result));
}

TEST(PackageText, PackageThatWasNotRun) {
  PackageResult result{.id = {"calc"}, .kind = Kind::kNotRun, .reason = "--failfast"};
  expect_golden("not_run", list_mode(result));
}

TEST(PackageText, FailureOutsideTheTests) {
  PackageResult result = ran({test("TestA", Verdict::kPass)});
  result.failed_outside = true;
  result.outside = {printed("closing\n"), {.kind = Piece::kError, .text = "crashed with SIGSEGV after the last test"}};
  result.outside.push_back({.kind = Piece::kError, .text = "no line", .file = "env.cc"});
  expect_golden("failed_outside", list_mode(result));
}

TEST(PackageText, WrongAccountingIsNoSuccess) {
  PackageResult result = ran({test("TestA", Verdict::kPass)});
  result.discovered = 2;
  expect_golden("internal_error", list_mode(result));
}

TEST(PackageText, PackageThatWasInterrupted) {
  PackageResult result = ran({test("TestA", Verdict::kPass), test("TestB", Verdict::kNotRun, "interrupted")});
  result.reason = "interrupted";
  result.notices = {"b_test was not run: interrupted"};
  expect_golden("interrupted", list_mode(result));
}

TEST(PackageText, ListOfNames) {
  PackageResult result = ran({test("TestA", Verdict::kNotRun), test("Suite.Test/0", Verdict::kNotRun)});
  expect_golden("list", package_text(result, {.list_only = true}) + package_text(ran({}), {.list_only = true}));
}

TEST(PackageText, PrintedTextCannotPassForAResult) {
  TestResult liar = test("TestLiar", Verdict::kFail);
  liar.output = {printed("--- PASS: TestLiar (0.00s)\nok  \tcalc\t0.001s\n"),
                 said(Piece::kLog, "x\n--- PASS: TestLiar", 1), printed("\r\x1b[32mPASS\x1b[0m\n")};
  for (bool is_verbose : {false, true}) {
    std::string text = package_text(ran({liar}), {.verbose = is_verbose});
    EXPECT_EQ(text.find("\n--- PASS"), std::string::npos) << text;
    EXPECT_EQ(text.find("\nok"), std::string::npos) << text;
    EXPECT_NE(text.find("\n    \r\x1b[32mPASS"), std::string::npos) << text;
  }
}

TEST(PackageText, KeepsNulBytes) {
  TestResult result = test("TestNul", Verdict::kFail);
  result.output = {printed(std::string("a\0b", 3))};
  EXPECT_NE(list_mode(ran({result})).find(std::string("    a\0b\n", 8)), std::string::npos);
}

TEST(PackageText, EveryTryOfATestIsShown) {
  TestResult flaky = test("TestFlaky", Verdict::kPass);
  flaky.earlier_tries = {test("TestFlaky", Verdict::kFail), test("TestFlaky", Verdict::kCrash, "SIGSEGV")};
  flaky.earlier_tries[0].output = {said(Piece::kError, "not yet", 3)};
  TestResult hopeless = test("TestHopeless", Verdict::kCrash, "SIGSEGV");
  hopeless.earlier_tries = {test("TestHopeless", Verdict::kFail)};
  expect_golden("retries", list_mode(ran({flaky})) + list_mode(ran({hopeless, flaky})) +
                               package_text(ran({flaky}), {.verbose = true}));
}

}  // namespace
}  // namespace dyad::report
