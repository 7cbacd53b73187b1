/// Which headers from outside the workspace a source includes, guessed from its text: lines that begin with #include,
/// followed through the workspace's own headers, whatever the conditions around them. A guess is enough: it decides
/// what is worth preparing, never what a source means.
///
/// Knows names, not compilers. Remembers every file that it read; used by one thread.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dyad::build {

/// The names of the #include lines of `text`, in order, quotes or angle brackets included.
std::vector<std::string> included_names(std::string_view text);

class IncludeScan {
 public:
  /// What `source` includes that is found in none of `roots` nor beside the file that includes it. `roots`: absolute,
  /// of the workspace.
  std::set<std::string> outside_of(const std::filesystem::path& source,
                                   const std::vector<std::filesystem::path>& roots);

 private:
  const std::vector<std::string>& names_in(const std::string& path);
  bool exists(const std::string& path);

  std::unordered_map<std::string, std::vector<std::string>> names_;
  std::unordered_map<std::string, bool> exists_;
};

}  // namespace dyad::build
