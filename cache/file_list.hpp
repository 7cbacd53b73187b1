/// The files below a folder of the store, with what upkeep needs to know of each.
#pragma once

#include <string>
#include <vector>

#include "cache/limits.hpp"

namespace dyad::cache {

/// All files in `folder` (relative to the descriptor `directory`; "." is itself) and `levels` levels of folders below.
/// Links are not followed and count as files. What cannot be read, or goes meanwhile, is left out.
std::vector<TrimCandidate> list_files(int directory, const std::string& folder, int levels);

/// The names in a folder, of files and folders; "." and ".." are left out.
std::vector<std::string> list_names(int directory, const std::string& folder);

}  // namespace dyad::cache
