#include <fmt/format.h>

#include "host/base/text.hpp"
#include "host/commands.hpp"
#include "host/results/explain.hpp"
#include "host/test_session.hpp"

namespace dyad {

Result<int> explain_packages(const cli::ExplainOptions& options) {
  auto session = TestSession::open(options.test);
  if (!session) return fail(session.error());
  const TestSession& run = **session;
  std::size_t shown = 0;
  for (const auto& package : run.packages) {
    if (package.tests.empty()) continue;
    ++shown;
    auto explanation = results::explain(package, run.kind_of(package), run.build->builder(), *run.results,
                                        run.build->world(), run.workspace.root);
    if (!options.test.reuses_results()) {
      explanation.cached = false;
      explanation.reasons.insert(explanation.reasons.begin(), "--count, --shuffle and --stress run whatever is known");
    }
    fmt::print("{}\t{}\n", printable(package.id.path), explanation.cached ? "cached" : "not cached");
    for (const auto& reason : explanation.reasons) fmt::print("    {}\n", reason);
  }
  if (shown == 0) fmt::print(stderr, "dyad: nothing to explain: no package with tests matches\n");
  return static_cast<int>(shown == 0 ? ExitCode::kNothing : ExitCode::kPassed);
}

}  // namespace dyad
