#include <fmt/format.h>

#include <filesystem>

#include "host/base/text.hpp"
#include "host/commands.hpp"
#include "host/discover/workspace.hpp"

namespace dyad {

Result<int> list_packages(const cli::ListOptions& options) {
  auto cwd = std::filesystem::current_path();
  auto workspace = discover::find_workspace(cwd);
  if (!workspace) return fail(workspace.error());
  auto packages = discover::find_packages(*workspace, cwd, options.patterns);
  if (!packages) return fail(packages.error());
  std::size_t with_tests = 0;
  for (const auto& package : *packages) {
    if (!package.problem.empty())
      fmt::print(stderr, "dyad: warning: {}: {}\n", package.directory.native(), package.problem);
    if (package.tests.empty()) continue;
    ++with_tests;
    fmt::print("{}\n", printable(package.id.path));
  }
  return static_cast<int>(with_tests == 0 ? ExitCode::kNothing : ExitCode::kPassed);
}

}  // namespace dyad
