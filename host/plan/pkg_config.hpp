/// What pkg-config says about a package. Runs the program pkg-config itself, without a shell.
#pragma once

#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace dyad::plan {

enum class PkgConfigQuery {
  kCompile,
  kLink,
  kSearchPath  ///< of the package "pkg-config": the directories that it searches by default, separated by ':'
};

/// The flags of `package` as single arguments. The error names the package and says what pkg-config said, or that there
/// is no pkg-config.
Result<std::vector<std::string>> query_pkg_config(const std::string& package, PkgConfigQuery query);

/// Splits what pkg-config prints: words as in a shell, with \ ' and ", without expansions.
std::vector<std::string> split_flags(const std::string& text);

}  // namespace dyad::plan
