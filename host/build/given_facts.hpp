/// The facts about a build that dyad itself decides: which arguments a source gets, which sources a directory has,
/// which compiler this is. Each has a name, by which the builder records it and a later run looks it up: the same
/// function answers both. Thread-safe; each is made once per run.
#pragma once

#include <oneapi/tbb/concurrent_unordered_map.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/build/toolchain.hpp"
#include "host/discover/workspace.hpp"
#include "host/inputs/world.hpp"
#include "host/plan/arguments.hpp"

namespace dyad::build {

class GivenFacts {
 public:
  GivenFacts(const discover::Workspace& workspace, const plan::Arguments& arguments, const Toolchain& toolchain);

  // Names of facts.
  static std::string arguments_of(const std::filesystem::path& source);
  static std::string framework_arguments_of(const std::filesystem::path& user);
  static std::string link_arguments_of(const std::filesystem::path& directory);
  static std::string sources_of(const std::filesystem::path& directory);
  static std::string sources_of_workspace();
  static std::string tools();
  static std::string pkg_config_variables();
  static std::string process();

  /// State and text now; nothing if there is no fact of that name.
  std::optional<inputs::World::Given> look_up(const std::string& name) const;

  /// Saves a second reading of directories that were read.
  void know(const std::vector<discover::Package>& packages);

 private:
  std::optional<inputs::World::Given> make(const std::string& name) const;
  std::string sources_text(const std::filesystem::path& directory) const;

  const discover::Workspace& workspace_;
  const plan::Arguments& arguments_;
  const Toolchain& toolchain_;
  mutable oneapi::tbb::concurrent_unordered_map<std::string, std::optional<inputs::World::Given>> known_;
};

}  // namespace dyad::build
