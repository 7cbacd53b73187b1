/// Compiler arguments of a source: from its directory's settings, the default include roots and the command line.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/discover/workspace.hpp"
#include "host/plan/pkg_config.hpp"

namespace dyad::plan {

struct BuildOptions {
  bool release = false;               ///< -O2 instead of -O0
  std::filesystem::path include_dir;  ///< <dyad/testing.h>
  /// Who is asked about packages: pkg-config itself, or somebody who remembers what it said.
  std::function<Result<std::vector<std::string>>(const std::string& package, PkgConfigQuery)> pkg_config =
      query_pkg_config;
};

enum class Language { kC, kCxx, kIr };

/// By suffix: .c; .cc .cpp .cxx .c++ .C; .ll .bc. Other files are no sources.
bool is_source(const std::filesystem::path& path);
Language language_of(const std::filesystem::path& path);

/// Arguments for dyad_compile.args, without the file. Include roots: settings' roots (-I), then root/include and
/// root/src (-I, if they exist or not: a directory that appears must be noticed), the file's directory and its
/// ancestors up to the root (-iquote), and behind the system's dyad's own (-idirafter) and once more the file's
/// directory and its ancestors (-idirafter: a file named `version` in a project must not hide a standard header). Also
/// what pkg-config says, and the settings' flags, behind dyad's own. Computed once per directory and language; thread-
/// safe. For IR: what concerns code generation alone. Fails if pkg-config does.
class Arguments {
 public:
  Arguments(const discover::Workspace&, BuildOptions);
  ~Arguments();
  Result<std::vector<std::string>> compile(const std::filesystem::path& source) const;
  /// The same without include roots that depend on the directory, and without warnings: for sources that are not the
  /// user's but must be compiled as C++ with the user's flags (GoogleTest), so that all directories share one object.
  Result<std::vector<std::string>> compile_foreign(const std::filesystem::path& user) const;
  /// Whether these are what compile_foreign() says of a directory without settings, and not --release: what an
  /// installation's seed is made with.
  bool are_usual_for_foreign(const std::vector<std::string>& arguments) const;
  /// For the linker: settings' link flags and pkg-config --libs of `directory`, translated from the compiler driver's
  /// language (-Wl, -pthread), behind those of the settings' flags that name sanitizers.
  Result<std::vector<std::string>> link(const std::filesystem::path& directory) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dyad::plan
