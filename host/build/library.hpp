/// The library sources that a package may need: found from what its files include, transitively, as Go finds them from
/// imports; and, when symbols are still missing, from an index of the whole workspace.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/build/compiler.hpp"
#include "host/discover/workspace.hpp"
#include "host/plan/arguments.hpp"

namespace dyad::build {

/// Library units in the order in which they were found (nearest first), compiled or not.
struct Closure {
  std::vector<std::shared_ptr<const Unit>> units;   ///< compiled
  std::vector<std::shared_ptr<const Unit>> broken;  ///< did not compile: a warning, unless a symbol is missing
  std::vector<std::filesystem::path> directories;   ///< whose library sources these are
};

class Library {
 public:
  Library(const discover::Workspace& workspace, const plan::Arguments& arguments, Compiler& compiler);

  /// These sources and perhaps more will be requested.
  void plan(const std::vector<std::filesystem::path>& sources, IncludeScan& scan);

  /// Starts to compile a source and, as soon as it is known what that includes, the library sources it may need.
  /// Thread-safe, returns at once.
  UnitFuture request(const std::filesystem::path& source, CompileJob::Output output = CompileJob::Output::kObject);

  /// What `units` of the package in `directory` may need. Waits. Called from one thread.
  Closure closure_of(const std::filesystem::path& directory, const std::vector<std::shared_ptr<const Unit>>& units);

  /// Units of the workspace that define `wanted` symbols, and those that these want in turn, `present` ones left out.
  /// The first call compiles every library source of the workspace. Waits. Called from one thread.
  std::vector<std::shared_ptr<const Unit>> find_by_symbol(const std::vector<std::string>& wanted,
                                                          const std::vector<std::shared_ptr<const Unit>>& present);

  /// All library units of the workspace, compiled or not, once the index was made.
  const std::vector<std::shared_ptr<const Unit>>& all_in_workspace() const { return all_; }
  /// Sources that did not compile when the index was made.
  const std::vector<std::shared_ptr<const Unit>>& broken_in_workspace() const { return broken_; }

 private:
  std::vector<UnitFuture> request_directory(const std::filesystem::path& directory);
  void follow(const Unit& unit);
  void make_index();

  const discover::Workspace& workspace_;
  const plan::Arguments& arguments_;
  Compiler& compiler_;
  std::mutex mutex_;
  std::map<std::filesystem::path, std::vector<UnitFuture>> directories_;
  bool has_index_ = false;
  std::unordered_map<std::string, std::vector<std::shared_ptr<const Unit>>> index_;
  std::vector<std::shared_ptr<const Unit>> all_, broken_;
};

}  // namespace dyad::build
