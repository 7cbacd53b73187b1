#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>

#include "host/commands.hpp"
#include "host/resident.hpp"
#include "host/run/verdict_difference.hpp"
#include "host/shuffle.hpp"

namespace dyad {

Result<int> run_tests_on_both(const cli::TestOptions& given) {
  static const std::array<std::string, 2> kBackends{"dll", "exe"};
  cli::TestOptions options = given;
  if (options.shuffle) options.shuffle->seed = choose_seed(options.shuffle);
  Resident resident;
  std::map<PackageId, run::PackageVerdicts> first;
  ExitCode code = ExitCode::kPassed;
  for (const std::string& backend : kBackends) {
    options.backend = backend;
    options.backend_by_default = false;
    resident.backend.reset();
    if (backend == kBackends.front()) {
      resident.on_result = [&](run::PackageResult& result) { first.emplace(result.id, run::verdicts_of(result)); };
    } else {
      resident.on_result = [&](run::PackageResult& result) {
        auto known = first.find(result.id);
        if (known == first.end()) return;
        result.differences =
            run::verdict_differences(known->second, kBackends.front(), run::verdicts_of(result), backend);
        result.no_news = result.differences.empty();
      };
    }
    fmt::print("=== BACKEND {}\n", backend);
    std::fflush(stdout);
    auto ended = run_tests(options, resident);
    if (!ended) return fail(ended.error());
    if (resident.interrupts.signal() != 0) return ended;
    code = worse(code, static_cast<ExitCode>(*ended));
  }
  return static_cast<int>(code);
}

}  // namespace dyad
