#include <fmt/format.h>

#include "host/base/installation.hpp"
#include "host/commands.hpp"
#include "host/run/backend.hpp"

namespace dyad {

Result<int> show_backends() {
  auto installation = Installation::find();
  if (!installation) return fail(installation.error());
  auto found = run::Backend::find_all(installation->lib_dir);
  if (found.empty())
    return fail(fmt::format("no backend in {}/plugins; install dyad again", installation->lib_dir.native()));
  bool any_usable = false;
  for (const auto& backend : found) {
    if (backend.problem.empty()) {
      any_usable = true;
      fmt::print("{:<6} {:<8} {:<16} {}\n", backend.name, backend.version, backend.artifact, backend.path.native());
    } else {
      fmt::print("{:<6} {}\n", "-", backend.problem);
    }
  }
  return static_cast<int>(any_usable ? ExitCode::kPassed : ExitCode::kTool);
}

}  // namespace dyad
