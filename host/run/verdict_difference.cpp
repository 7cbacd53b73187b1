#include "host/run/verdict_difference.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace dyad::run {
namespace {

using Kind = PackageResult::Kind;
using Test = PackageVerdicts::Test;

const char* describe(Kind kind) {
  switch (kind) {
    case Kind::kRan:
      return "ran";
    case Kind::kNoTestFiles:
      return "no test files";
    case Kind::kBuildFailed:
      return "build failed";
    case Kind::kLoadFailed:
      return "load failed";
    case Kind::kNotRun:
      return "not run";
  }
  std::unreachable();
}

std::string describe(const Test* test) {
  if (!test) return "unknown";
  std::string text = verdict_name(test->verdict);
  if (!test->reason.empty()) text += fmt::format(" ({})", test->reason);
  return text;
}

}  // namespace

PackageVerdicts verdicts_of(const PackageResult& result) {
  PackageVerdicts verdicts{.kind = result.kind, .failed_outside = result.failed_outside};
  verdicts.tests.reserve(result.tests.size());
  for (const TestResult& test : result.tests) verdicts.tests.push_back({test.name, test.verdict, test.reason});
  return verdicts;
}

std::vector<std::string> verdict_differences(const PackageVerdicts& a, const std::string& backend_a,
                                             const PackageVerdicts& b, const std::string& backend_b) {
  std::vector<std::string> differences;
  auto note = [&](std::string_view what, std::string_view on_a, std::string_view on_b) {
    differences.push_back(fmt::format("{}: {} on {}, {} on {}", what, on_a, backend_a, on_b, backend_b));
  };
  if (a.kind != b.kind) note("the package", describe(a.kind), describe(b.kind));
  if (a.kind != Kind::kRan && b.kind != Kind::kRan) return differences;

  std::multimap<std::string_view, const Test*> others;
  for (const Test& test : b.tests) others.emplace(test.name, &test);
  for (const Test& test : a.tests) {
    auto other = others.lower_bound(test.name);
    if (other == others.end() || other->first != test.name) {
      note(test.name, describe(&test), describe(static_cast<const Test*>(nullptr)));
      continue;
    }
    if (other->second->verdict != test.verdict) note(test.name, describe(&test), describe(other->second));
    others.erase(other);
  }
  for (const Test& test : b.tests)
    for (auto [left, end] = others.equal_range(test.name); left != end; ++left)
      if (left->second == &test) note(test.name, describe(static_cast<const Test*>(nullptr)), describe(&test));
  if (a.failed_outside != b.failed_outside)
    note("outside the tests", a.failed_outside ? "failed" : "passed", b.failed_outside ? "failed" : "passed");
  return differences;
}

}  // namespace dyad::run
