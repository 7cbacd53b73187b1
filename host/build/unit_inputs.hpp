/// What a compilation read and looked for, turned into facts: the workspace's own, and the rest, which is the same for
/// many sources and kept once for all of them.
#pragma once

#include <oneapi/tbb/concurrent_unordered_map.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cache/digest.hpp"
#include "codegen/codegen.h"
#include "host/build/unit.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

struct UnitInput {
  std::uint32_t kind;  ///< enum dyad_input_kind
  std::string path;
  cache::Digest content;  ///< FILE: as the compiler saw it
};

/// True if `path` is below `root`. Both absolute and normal.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& root);

/// Thread-safe.
class UnitInputs {
 public:
  UnitInputs(std::filesystem::path workspace_root, inputs::World& world)
      : root_(std::move(workspace_root)), world_(world) {}

  /// Fills `unit.facts`, `directories`, `gtest_include` and `gmock_include`.
  void note(const std::vector<UnitInput>& inputs, Unit& unit);
  /// The same for files that are looked at now.
  inputs::FactSet facts_of(const std::vector<UnitInput>& inputs);

 private:
  /// A name that is missing because its directory is: the first directory that is missing. So that a hundred headers
  /// that were looked for in one missing directory are one fact.
  const std::string& first_missing(const std::string& path);

  std::filesystem::path root_;
  inputs::World& world_;
  oneapi::tbb::concurrent_unordered_map<std::string, std::string> first_missing_;
  oneapi::tbb::concurrent_unordered_map<std::string, bool> exists_;
};

}  // namespace dyad::build
