/// Prints results as `go test` does: a line a package, failures with their output, everything with -v; a summary at the
/// end, and FAIL as the last line if anything failed.
///
/// Packages are printed in their order though they end in any, and a package's text is never interleaved with
/// another's. Knows nothing of how a result came about. Not thread-safe: one thread adds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "host/report/summary.hpp"
#include "host/run/package_result.hpp"

namespace dyad::report {

struct ReportOptions {
  bool verbose = false;
  bool colour = false;     ///< see wants_colour()
  bool list_only = false;  ///< the tests' names and the package lines; no summary
};

/// Where text goes: all of it, in pieces that end with a line.
using Sink = std::function<void(std::string_view)>;

class Reporter {
 public:
  Reporter(ReportOptions options, Sink sink) : options_(options), sink_(std::move(sink)) {}

  /// Prints the result as soon as those of all lower orders (from 0) are printed; keeps it until then.
  void add(std::size_t order, run::PackageResult result);
  /// After the last add(): prints what waits for a result that never came (an interrupted run), then the summary.
  void finish(std::chrono::nanoseconds elapsed);

  const Summary& summary() const { return summary_; }

 private:
  void print(const run::PackageResult& result);

  ReportOptions options_;
  Sink sink_;
  Summary summary_;
  std::size_t next_ = 0;
  std::map<std::size_t, run::PackageResult> early_;
};

}  // namespace dyad::report
