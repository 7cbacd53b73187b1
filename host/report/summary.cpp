#include "host/report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "host/base/text.hpp"

namespace dyad::report {
namespace {

using run::PackageResult;
using run::TestResult;
using run::Verdict;

template <class Key>
std::size_t at(const std::map<Key, std::size_t>& counts, Key key) {
  auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

/// "12 tests: 11 passed, 1 failed": the first class always, the others if there are any.
template <class Key>
std::string count_line(std::size_t total, const char* noun, const std::map<Key, std::size_t>& counts,
                       std::initializer_list<std::pair<Key, const char*>> classes) {
  std::string line = fmt::format("{} {}{}:", total, noun, total == 1 ? "" : "s");
  bool first = true;
  for (auto [key, name] : classes) {
    std::size_t count = at(counts, key);
    if (first || count > 0) line += fmt::format("{} {} {}", first ? "" : ",", count, name);
    first = false;
  }
  return line;
}

/// "calc TestX (calc_test.cc:12)"
std::string place_of(const std::string& package, const TestResult& test) {
  std::string line = fmt::format("{} {}", package, test.name);
  if (!test.file.empty())
    line += test.line ? fmt::format(" ({}:{})", test.file, test.line) : fmt::format(" ({})", test.file);
  return line;
}

}  // namespace

std::string with_tries(const TestResult& result) {
  const std::size_t tries = result.earlier_tries.size() + 1;
  if (tries == 1) return result.reason;
  if (result.is_flaky()) return fmt::format("FLAKY ({} tries)", tries);
  return fmt::format("{}{}{} tries", result.reason, result.reason.empty() ? "" : "; ", tries);
}

bool failed(const TestResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
    case Verdict::kSkip:
      return false;
    case Verdict::kNotRun:
      return !result.reason.empty();
    case Verdict::kFail:
    case Verdict::kCrash:
    case Verdict::kTimeout:
      return true;
  }
  std::unreachable();
}

bool failed(const PackageResult& result) {
  switch (result.kind) {
    case PackageResult::Kind::kNoTestFiles:
      return false;
    case PackageResult::Kind::kBuildFailed:
    case PackageResult::Kind::kLoadFailed:
    case PackageResult::Kind::kNotRun:
      return true;
    case PackageResult::Kind::kRan:
      break;
  }
  return result.failed_outside || !result.differences.empty() || !result.reason.empty() ||
         result.discovered != result.tests.size() ||
         std::ranges::any_of(result.tests, [](const TestResult& test) { return failed(test); });
}

Summary::PackageClass Summary::classify(const PackageResult& result) {
  switch (result.kind) {
    case PackageResult::Kind::kNoTestFiles:
      return PackageClass::kNoTestFiles;
    case PackageResult::Kind::kBuildFailed:
      return PackageClass::kBuildFailed;
    case PackageResult::Kind::kLoadFailed:
      return PackageClass::kLoadFailed;
    case PackageResult::Kind::kNotRun:
      return PackageClass::kNotRun;
    case PackageResult::Kind::kRan:
      break;
  }
  return failed(result) ? PackageClass::kFailed : PackageClass::kOk;
}

void Summary::add(const PackageResult& result) {
  PackageClass what = classify(result);
  ++packages_;
  ++by_class_[what];
  tests_ += result.tests.size();
  for (const TestResult& test : result.tests) {
    ++by_verdict_[test.verdict];
    if (test.is_flaky())
      flaky_.push_back(
          fmt::format("{} [{} tries]", place_of(printable(result.id.path), test), test.earlier_tries.size() + 1));
  }
  if (result.discovered != result.tests.size()) exit_code_ = worse(exit_code_, ExitCode::kTool);
  for (const std::string& difference : result.differences)
    differences_.push_back(fmt::format("{} {}", printable(result.id.path), difference));
  if (!failed(result)) return;
  any_failed_ = true;
  bool no_image = what == PackageClass::kBuildFailed || what == PackageClass::kLoadFailed;
  exit_code_ = worse(exit_code_, no_image ? ExitCode::kBuildFailed : ExitCode::kTestFailed);
  add_failures(result, what);
}

void Summary::add_failures(const PackageResult& result, PackageClass what) {
  const std::string package = printable(result.id.path);
  std::size_t before = failures_.size();
  for (const TestResult& test : result.tests) {
    if (!failed(test) || test.verdict == Verdict::kNotRun) continue;  // those follow from another failure
    std::string line = place_of(package, test);
    if (std::string reason = with_tries(test); !reason.empty()) line += fmt::format(" [{}]", reason);
    failures_.push_back(std::move(line));
  }
  if (what == PackageClass::kBuildFailed) failures_.push_back(package + " [build failed]");
  if (what == PackageClass::kLoadFailed) failures_.push_back(package + " [load failed]");
  if (result.failed_outside) failures_.push_back(package + " [outside the tests]");
  if (result.kind == PackageResult::Kind::kRan && !result.reason.empty())
    failures_.push_back(fmt::format("{} [{}]", package, result.reason));
  // What was not started after another package's failure needs no line; tests that could not be run in this one do.
  if (failures_.size() == before && result.differences.empty() && what == PackageClass::kFailed)
    failures_.push_back(package + " [not run]");
}

std::string Summary::totals(std::chrono::nanoseconds elapsed) const {
  std::string packages = count_line<PackageClass>(packages_, "package", by_class_,
                                                  {{PackageClass::kOk, "ok"},
                                                   {PackageClass::kFailed, "failed"},
                                                   {PackageClass::kBuildFailed, "not built"},
                                                   {PackageClass::kLoadFailed, "not loaded"},
                                                   {PackageClass::kNoTestFiles, "without tests"},
                                                   {PackageClass::kNotRun, "not run"}});
  std::string passed = "passed";
  if (!flaky_.empty()) passed += fmt::format(" ({} flaky)", flaky_.size());
  std::string tests = count_line<Verdict>(tests_, "test", by_verdict_,
                                          {{Verdict::kPass, passed.c_str()},
                                           {Verdict::kFail, "failed"},
                                           {Verdict::kSkip, "skipped"},
                                           {Verdict::kCrash, "crashed"},
                                           {Verdict::kTimeout, "timed out"},
                                           {Verdict::kNotRun, "not run"}});
  if (!differences_.empty())
    tests += fmt::format("; {} difference{}", differences_.size(), differences_.size() == 1 ? "" : "s");
  return fmt::format("{}; {} in {:.2f}s", packages, tests, std::chrono::duration<double>(elapsed).count());
}

std::size_t Summary::count(Verdict verdict) const { return at(by_verdict_, verdict); }

}  // namespace dyad::report
