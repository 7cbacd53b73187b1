/// Whole files in one call.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "host/base/result.hpp"

namespace dyad {

/// The bytes of a regular file. The error names the path and the system's reason.
Result<std::string> read_file(const std::filesystem::path& path);

/// Writes beside `path` and renames: a reader sees the old file, the new one, or none, never a part. The permissions
/// are `mode`. Missing parent directories are an error.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

/// A new directory of a name nobody else has, 0700, below `parent`: "<parent>/<prefix>XXXXXX".
Result<std::filesystem::path> make_unique_directory(const std::filesystem::path& parent, const std::string& prefix);

/// False if no program or library at `path` can be run or loaded, because its file system is mounted so (noexec).
bool allows_execution(const std::filesystem::path& path);

/// A directory that is removed, with all that is in it, when the object goes.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> create(const std::string& prefix);
  /// For a few small things that come and go quickly: on a file system in memory, or as create() if there is none.
  static Result<TemporaryDirectory> create_in_memory(const std::string& prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace dyad
