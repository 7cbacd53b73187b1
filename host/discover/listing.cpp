#include "host/discover/listing.hpp"

#include <algorithm>
#include <system_error>

namespace dyad::discover {

namespace fs = std::filesystem;

namespace {

constexpr const char* kBuildFolderMark = "CMakeCache.txt";
constexpr const char* kConfigName = "dyad.toml";

/// A file, or a link to a file, or a link to nothing (whoever opens it will say so); no device, pipe or socket, which
/// would make the reader wait.
bool is_file(const fs::directory_entry& entry) {
  std::error_code error;
  if (entry.is_regular_file(error)) return true;
  return entry.is_symlink(error) && !entry.exists(error);
}

}  // namespace

Listing list_directory(const fs::path& directory) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::directory_entry& entry = *entries;
    std::error_code unknown;
    bool link = entry.is_symlink(unknown);
    if (!link && entry.is_directory(unknown)) {
      listing.directories.push_back(entry.path().filename().native());
    } else if (is_file(entry)) {
      listing.files.push_back(entry.path().filename().native());
      listing.is_build_folder |= listing.files.back() == kBuildFolderMark;
      listing.has_config |= listing.files.back() == kConfigName;
    }
  }
  if (error) return {.problem = error.message()};
  std::ranges::sort(listing.files);
  std::ranges::sort(listing.directories);
  return listing;
}

bool is_build_folder(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / kBuildFolderMark, error);
}

bool has_config(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / kConfigName, error);
}

bool is_ignored_name(const std::string& name) {
  return name == "testdata" || name.starts_with('.') || name.starts_with('_');
}

}  // namespace dyad::discover
