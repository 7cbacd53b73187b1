/// What can be put back after a test: its directories, environment variables, working directory.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dyad::runtime {

class Restorer {
 public:
  /// A new empty directory in `base` (empty: the system's), or null and why. Valid until restore().
  const char* make_temp_dir(const std::string& base, std::string& problem);
  void set_environment(const char* name, const char* value);
  /// Empty, or why not.
  std::string change_directory(const char* directory);
  /// Puts everything back, last change first. What could not be is said in `problems`.
  void restore(std::vector<std::string>& problems);

 private:
  std::deque<std::string> directories_;
  /// What stood in the environment: the very entry (they are never freed), so that it is known as the one from outside
  /// when it is back. Null: nothing.
  std::vector<std::pair<std::string, char*>> environment_;
  std::optional<std::string> cwd_;
};

}  // namespace dyad::runtime
