/// Notices what changes below a directory: edits, new and removed files and folders, at any depth.
///
/// Knows nothing of packages and runs. Left out is what no run depends on: folders and files whose names begin with '.'
/// (repositories, swap files of editors) or, for folders, '_'; build folders (those with a CMakeCache.txt); backup
/// files
/// ("x~", "#x#"). testdata is watched: tests read it. Links to directories are not followed.
///
/// Linux: inotify(7), one watch a directory. Files are reported once they are closed, so that a half-written one is not
/// taken for an edit; a rename over a file counts at once.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "host/base/result.hpp"

namespace dyad::watch {

class TreeWatch {
 public:
  /// `root`: absolute. Fails if the system allows no more watches, and says which limit to raise.
  static Result<TreeWatch> create(const std::filesystem::path& root);
  TreeWatch(TreeWatch&& other) noexcept;
  TreeWatch& operator=(TreeWatch&&) = delete;
  ~TreeWatch();

  /// Polls readable when something has changed.
  int fd() const { return fd_; }

  /// The paths that have changed since the last call, files or folders; new folders are watched from now on, and what
  /// is in them already is reported as well. Does not wait. If the system has lost events: the root.
  std::set<std::filesystem::path> take();

  /// A directory that could not be watched, one line; empty: all are.
  const std::string& problem() const { return problem_; }

 private:
  explicit TreeWatch(int fd, std::filesystem::path root) : fd_(fd), root_(std::move(root)) {}
  /// Watches `directory` and what is below it. `found`, if not null, gets the files.
  void add(const std::filesystem::path& directory, std::set<std::filesystem::path>* found);

  int fd_;
  std::filesystem::path root_;
  std::map<int, std::filesystem::path> directories_;  ///< by watch
  std::string problem_;
};

/// Is `name` one that TreeWatch leaves out?
bool is_noise(const std::string& name);

}  // namespace dyad::watch
