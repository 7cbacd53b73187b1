/// The totals of a run: counted from the results themselves as they are reported, so that what is said at the end
/// cannot disagree with what was printed. Also checks the accounting: every test that was announced has one verdict.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/base/exit_code.hpp"
#include "host/run/package_result.hpp"

namespace dyad::report {

/// True if a package is no success: a test did not pass, or could not be run, or something outside the tests failed.
bool failed(const run::PackageResult& result);
/// Likewise of one test. NOT RUN counts if there is a reason (there is none when tests were only listed).
bool failed(const run::TestResult& result);
/// The reason of a verdict, and how many tries it took: "SIGSEGV; 3 tries", "FLAKY (2 tries)".
std::string with_tries(const run::TestResult& result);

class Summary {
 public:
  void add(const run::PackageResult& result);

  bool any_failed() const { return any_failed_; }
  /// True if there was nothing to run: no package has a test that matches, and none failed.
  bool nothing() const { return !any_failed_ && tests_ == 0; }
  /// All exit codes but those of usage errors, interruptions, and failures of other parts.
  ExitCode exit_code() const { return nothing() ? ExitCode::kNothing : exit_code_; }

  /// "3 packages: 2 ok, 1 failed; 12 tests: 11 passed, 1 failed in 1.23s".
  std::string totals(std::chrono::nanoseconds elapsed) const;
  /// "calc TestX (calc_test.cc:12)" for every failed test, "calc [build failed]" where no test tells why.
  const std::vector<std::string>& failures() const { return failures_; }
  /// "calc TestX (calc_test.cc:12) [2 tries]" for every test that passed, but not at once.
  const std::vector<std::string>& flaky() const { return flaky_; }
  /// "calc TestX: PASS on dll, CRASH (SIGSEGV) on exe" for every difference between two backends.
  const std::vector<std::string>& differences() const { return differences_; }
  std::size_t packages() const { return packages_; }
  std::size_t tests() const { return tests_; }
  std::size_t count(run::Verdict verdict) const;

 private:
  enum class PackageClass { kOk, kFailed, kBuildFailed, kLoadFailed, kNoTestFiles, kNotRun };
  static PackageClass classify(const run::PackageResult& result);
  void add_failures(const run::PackageResult& result, PackageClass what);

  std::size_t packages_ = 0, tests_ = 0;
  std::map<PackageClass, std::size_t> by_class_;
  std::map<run::Verdict, std::size_t> by_verdict_;
  std::vector<std::string> failures_, flaky_, differences_;
  bool any_failed_ = false;
  ExitCode exit_code_ = ExitCode::kPassed;
};

}  // namespace dyad::report
