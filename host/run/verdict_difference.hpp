/// What the verdicts of one package on two backends have not in common. A backend cannot change a verdict, so each
/// difference says something about the tests: they see where they run.
#pragma once

#include <string>
#include <vector>

#include "host/run/package_result.hpp"

namespace dyad::run {

/// A result without what the tests said and printed.
struct PackageVerdicts {
  struct Test {
    std::string name;
    Verdict verdict;
    std::string reason;
  };
  PackageResult::Kind kind = PackageResult::Kind::kRan;
  bool failed_outside = false;
  std::vector<Test> tests;
};

PackageVerdicts verdicts_of(const PackageResult& result);

/// A line for each difference: "TestX: PASS on dll, CRASH (SIGSEGV) on exe". Tests are matched by name, and of one name
/// (--count) by their order. Reasons are not compared: they hold times and addresses.
std::vector<std::string> verdict_differences(const PackageVerdicts& a, const std::string& backend_a,
                                             const PackageVerdicts& b, const std::string& backend_b);

}  // namespace dyad::run
