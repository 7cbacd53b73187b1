/// What outlives one run of tests in a process that runs them again and again (`dyad watch`), and what can stop a run.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/base/ids.hpp"
#include "host/run/backend.hpp"
#include "host/run/package_result.hpp"
#include "host/run/wake_up.hpp"

namespace dyad {

struct Resident {
  run::InterruptWatch interrupts;         ///< the user wants to stop
  std::stop_token out_of_date;            ///< the run is not wanted any more: it ends soon and prints no more
  std::shared_ptr<run::Backend> backend;  ///< loaded by the first run, its processes kept for the next ones
  std::set<PackageId> passed;             ///< in the run before
  /// Sees each result before it is reported, on the thread that runs; may add to it. Empty: nobody does.
  std::function<void(run::PackageResult&)> on_result;
  bool notes_writes = false;         ///< `written` is wanted
  std::vector<std::string> written;  ///< paths that the tests of the last run made or changed

  /// Did the package pass in the run before? Notes whether it passes now.
  bool knows(const PackageId& package, bool passes) {
    const bool passed_before = passed.contains(package);
    if (passes)
      passed.insert(package);
    else
      passed.erase(package);
    return passed_before;
  }
};

}  // namespace dyad
