/// Reads dyad.toml. The keys are described in docs/dyad-toml.md; the table in config.cpp is the list of them.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "host/base/result.hpp"
#include "host/discover/workspace.hpp"

namespace dyad::discover {

struct Config {
  Settings settings;
  std::map<std::filesystem::path, Settings> overrides;  ///< as Workspace::overrides
};

/// Reads `file` for the workspace `root` (absolute, canonical). `shown` is how messages call the file: "dyad.toml:7:
/// ...". One line, also for syntax errors, for which the parser has several.
Result<Config> read_config(const std::filesystem::path& file, const std::filesystem::path& root,
                           const std::string& shown);

}  // namespace dyad::discover
