/// What one directory holds: the only place of this layer that reads directories.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dyad::discover {

struct Listing {
  std::vector<std::string> files;        ///< names, sorted; also links that lead to a file or to nothing
  std::vector<std::string> directories;  ///< names, sorted; no links, so that a walk never goes in circles
  bool is_build_folder = false;          ///< holds a CMakeCache.txt
  bool has_config = false;               ///< holds a dyad.toml
  std::string problem;                   ///< the system's reason why it could not be read; the rest is empty then
};

Listing list_directory(const std::filesystem::path& directory);

/// The same marks for one directory, without reading it.
bool is_build_folder(const std::filesystem::path& directory);
bool has_config(const std::filesystem::path& directory);

/// Whether "..." leaves out a directory of this name: testdata, and what begins with '.' or '_'.
bool is_ignored_name(const std::string& name);

}  // namespace dyad::discover
