/// What is at a path now, as a digest. Remembered for the length of a run, so that a header that a thousand files
/// include is read once; and from run to run (the memo), so that a file whose stamp is unchanged is not read at all.
///
/// A stamp (host/base/file_stamp.hpp) is believed only if it was old when the run began. That a name is missing is
/// believed as long as the stamp of the directory is unchanged: so 500 packages with a hundred failed look-ups each
/// cost a stat per directory.
///
/// Thread-safe. Knows nothing of compilers or tests. A memo that cannot be read or written costs time only.
#pragma once

#include <oneapi/tbb/concurrent_unordered_map.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cache/digest.hpp"
#include "host/base/file_stamp.hpp"

namespace dyad::inputs {

class FileStates {
 public:
  FileStates();
  ~FileStates();

  /// Content of a file, "a directory", or "nothing". `path` is absolute.
  cache::Digest content_of(const std::string& path);
  /// What stat() and lstat() tell that a program may depend on: whether it is a link and its target; kind, mode, owner,
  /// device number, and content; the number of names unless it is a directory, whose number is that of its folders.
  cache::Digest metadata_of(const std::string& path);
  /// The names in a directory and the kind of each, as readdir() tells them.
  cache::Digest listing_of(const std::string& path);
  /// The target of a symbolic link, or why there is none; and where the whole path leads to.
  cache::Digest link_of(const std::string& path) const;
  /// What it means to open `path` for writing from the beginning: free_to_write(), or what stands in the way (or is
  /// not what it seems: a link). Says nothing of content.
  cache::Digest output_of(const std::string& path) const;

  static cache::Digest missing() { return {0, 1}; }
  static cache::Digest directory() { return {0, 2}; }
  static cache::Digest unreadable() { return {0, 3}; }
  /// Nothing, or a regular file that may be written.
  static cache::Digest free_to_write() { return {0, 4}; }

  /// What was found of directories and links on the ways to paths.
  enum class Way : std::uint8_t { kUnchanged, kChanged, kMissing };
  using Ways = std::unordered_map<std::string, Way>;
  /// May what is at `path` have changed since this object was made, be it the file, or a link or directory on the way
  /// to it? Then what was remembered of it may be neither what a program saw nor what is there now. Looks anew, but at
  /// what is in `ways` already, of paths asked about before: so all that is to be known of all of these paths must have
  /// been taken before the first question.
  bool changed_meanwhile(const std::string& path, Ways& ways) const;

  /// Format 1: "dyad-memo 1\n", entries, XXH3-128 of everything before. An entry: kind u8 ('f' content, 'n' missing
  /// name), stamp (6 x u64), digest (2 x u64; only 'f'), size u32, path. A file that is not exactly this is ignored.
  void load(const std::filesystem::path& memo);
  /// Writes if anything was learned since load(). Replaces the file: the last of several runs wins.
  void save(const std::filesystem::path& memo) const;

  std::uint64_t files_read() const { return files_read_; }

 private:
  struct Memo {
    FileStamp stamp;  ///< of the file, or of the directory that lacks the name
    cache::Digest content;
  };
  struct Present {
    bool exists = false, is_directory = false, is_regular = false;
    FileStamp stamp;
  };
  template <class Value>
  using Map = oneapi::tbb::concurrent_unordered_map<std::string, Value>;

  static Present look_at(const std::string& path);
  const Present& directory_of(const std::string& path);
  bool is_known_missing(const std::string& path);
  cache::Digest read(const std::string& path, const Present& present);
  /// May one of the directories and links that lead to `path` have been put there meanwhile?
  bool way_changed(const std::string& path, Ways& ways, int depth = 0) const;
  /// Of the last part of `path` alone, and of where it leads to if it is a link.
  Way way_at(const std::string& path, Ways& ways, int depth) const;
  /// Is the time that of a change since this object was made, or perhaps?
  bool may_be_new(std::int64_t changed_ns) const;

  const std::int64_t began_ns_;                        ///< file_clock_ns()
  Map<cache::Digest> contents_, metadata_, listings_;  ///< of this run
  Map<Present> directories_;
  Map<Memo> memo_, missing_memo_;  ///< of earlier runs, never changed after load()
  Map<Memo> learned_, learned_missing_;
  std::atomic<std::uint64_t> files_read_{0};
  std::atomic<bool> learned_anything_{false};
};

}  // namespace dyad::inputs
