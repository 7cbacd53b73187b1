#include "host/build/unit_inputs.hpp"

#include <array>
#include <cstdlib>
#include <unordered_map>
#include <unordered_set>

namespace dyad::build {

namespace fs = std::filesystem;
using inputs::FactKind;
using inputs::Facts;
using inputs::FileStates;

namespace {

/// What the compiler and its driver read of the environment. (LIBRARY_PATH is the linker's.)
constexpr std::array kVariables{"CPATH",
                                "C_INCLUDE_PATH",
                                "CPLUS_INCLUDE_PATH",
                                "COMPILER_PATH",
                                "GCC_EXEC_PREFIX",
                                "SOURCE_DATE_EPOCH",
                                "CCC_OVERRIDE_OPTIONS",
                                "SDKROOT",
                                "CLANG_NO_DEFAULT_CONFIG"};

/// The directory from which `header` ("gtest/gtest.h") was included, or nothing.
void note_include_directory(const std::string& path, std::string_view header, std::string& directory) {
  if (!directory.empty() || !path.ends_with(header)) return;
  directory = fs::path(path.substr(0, path.size() - header.size())).lexically_normal().native();
  if (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
}

}  // namespace

bool is_below(const fs::path& path, const fs::path& root) {
  return path.native().size() > root.native().size() && path.native().starts_with(root.native()) &&
         (root.native().ends_with('/') || path.native()[root.native().size()] == '/');
}

const std::string& UnitInputs::first_missing(const std::string& path) {
  if (auto known = first_missing_.find(path); known != first_missing_.end()) return known->second;
  std::string shortest = path;
  for (fs::path parent = fs::path(path).parent_path(); parent.has_relative_path(); parent = parent.parent_path()) {
    auto exists = exists_.find(parent.native());
    if (exists == exists_.end()) {
      std::error_code error;
      exists = exists_.emplace(parent.native(), fs::exists(fs::symlink_status(parent, error))).first;
    }
    if (exists->second) break;
    shortest = parent.native();
  }
  return first_missing_.emplace(path, std::move(shortest)).first->second;
}

inputs::FactSet UnitInputs::facts_of(const std::vector<UnitInput>& inputs) {
  inputs::FactSet set;
  Facts outside;
  for (const auto& input : inputs) {
    auto& facts = is_below(input.path, root_) ? set.own : outside;
    switch (input.kind) {
      case DYAD_INPUT_FILE:
        facts.add(FactKind::kFile, input.path, input.content);
        break;
      case DYAD_INPUT_MISSING:
        // Inside the workspace the path can come to be inside it only.
        facts.add(FactKind::kFile, first_missing(input.path), FileStates::missing());
        break;
      case DYAD_INPUT_DIRECTORY:
        facts.add(FactKind::kFile, input.path, FileStates::directory());
        break;
      case DYAD_INPUT_LISTING:
        facts.add(FactKind::kListing, input.path, world_.files().listing_of(input.path));
        break;
    }
  }
  // Whether two names are one file counts for #pragma once. Files of different content surely are two.
  std::unordered_map<cache::Digest, const UnitInput*> first;
  for (const auto& input : inputs) {
    if (input.kind != DYAD_INPUT_FILE) continue;
    auto [twin, is_new] = first.try_emplace(input.content, &input);
    if (is_new || twin->second->path == input.path) continue;
    for (const auto& path : {twin->second->path, input.path})
      (is_below(path, root_) ? set.own : outside).add(FactKind::kLink, path, world_.files().link_of(path));
  }
  for (const char* name : kVariables)
    outside.add(FactKind::kEnvironment, name, inputs::environment_state(std::getenv(name)));
  set.own.normalise();
  outside.normalise();
  if (!outside.is_consistent()) set.own.spoil();
  if (auto id = world_.keep_shared(outside))
    set.shared.push_back(*id);
  else
    set.own.spoil();
  return set;
}

void UnitInputs::note(const std::vector<UnitInput>& inputs, Unit& unit) {
  unit.facts = facts_of(inputs);
  std::unordered_set<std::string> seen;
  for (const auto& input : inputs) {
    if (input.kind != DYAD_INPUT_FILE) continue;
    note_include_directory(input.path, "/gtest/gtest.h", unit.gtest_include);
    note_include_directory(input.path, "/gmock/gmock.h", unit.gmock_include);
    auto path = fs::path(input.path).lexically_normal();
    if (!is_below(path, root_)) continue;
    auto directory = path.parent_path();
    if (seen.insert(directory.native()).second) unit.directories.push_back(std::move(directory));
  }
}

}  // namespace dyad::build
