#include "host/base/installation.hpp"

#include <fmt/format.h>

namespace dyad {

Result<Installation> Installation::find() {
  std::error_code error;
  auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(fmt::format("/proc/self/exe: {}; dyad needs /proc to find its parts", error.message()));
  auto prefix = program.parent_path().parent_path();
  Installation found{prefix / "lib/dyad", prefix / "share/dyad/include", prefix / "share/dyad/runtime"};
  for (const auto& part : {found.lib_dir, found.include_dir, found.runtime_dir})
    if (!std::filesystem::is_directory(part, error))
      return fail(fmt::format("{}: not found, although {} needs it; install dyad again", part.native(), program.native()));
  return found;
}

}  // namespace dyad
