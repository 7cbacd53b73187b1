/// The files of a store: how one is read, written, marked as used and removed. Knows names and bytes, not what they
/// mean.
///
/// A full hit reads thousands of entries, so one costs open, fstat, read, close and nothing else: names are relative to
/// a directory descriptor and composed in place, nothing throws, no path is normalised. Links and everything else that
/// is no regular file are not followed and not waited for.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cache/digest.hpp"
#include "cache/miss_reason.hpp"
#include "host/base/file_stamp.hpp"
#include "host/base/result.hpp"

namespace dyad::cache {

enum class EntryKind { kAction, kOutput };

/// "action", "output": the folder.
std::string_view folder_of(EntryKind kind);

/// Where temporary files are, on the same file system as the entries.
inline constexpr const char* kTemporaryFolder = "temporary";

/// "action/ab/ab12...": below the store's directory. 256 shards, so that no directory gets long.
class EntryName {
 public:
  EntryName(EntryKind kind, const Digest& digest);
  const char* c_str() const { return text_.data(); }
  std::string_view text() const { return {text_.data(), kLength}; }
  /// "action/ab"
  std::string shard() const { return std::string(text_.data(), kLength - 33); }

 private:
  static constexpr std::size_t kLength = 6 + 1 + 2 + 1 + 32;
  std::array<char, kLength + 1> text_;
};

/// A descriptor that is closed with its owner.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int fd = -1) : fd_(fd) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(other.release()) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept;
  ~OwnedDescriptor();
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

/// Makes a folder with exactly this mode, whatever the umask. One that is there already is left as it is. False: errno.
bool make_folder(int directory, const char* name, unsigned mode);

/// The same file, not one that was renamed to its place since.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

/// Thread-safe; keeps no state but the descriptor.
class EntryFiles {
 public:
  /// `directory`: of the store's format version. Folders are made in it with `folder_mode`.
  EntryFiles(OwnedDescriptor directory, unsigned folder_mode)
      : directory_(std::move(directory)), folder_mode_(folder_mode) {}

  /// Reading an entry for a run marks it as used: its mtime becomes now if it is more than a day away, in the past
  /// or, after a clock that was wrong, in the future. Checking does not.
  enum class Use { kMark, kLeave };

  /// The file's bytes if they are at most `most`; a longer file is damaged. `identity`, if given, is set if the file
  /// could be opened.
  std::expected<std::string, MissReason> read(const EntryName& name, std::uint64_t most, Use use,
                                              FileIdentity* identity = nullptr) const;

  /// The digest of the file's bytes, which are not kept: 256 KiB of memory, whatever its size.
  std::expected<Digest, MissReason> digest(const EntryName& name, Use use, FileIdentity* identity = nullptr) const;

  /// Without opening it; nothing if there is no file of that name.
  std::optional<FileStamp> stamp(const EntryName& name) const;

  /// What Use::kMark does, for a file with this stamp, without reading it.
  void mark(const EntryName& name, const FileStamp& stamp) const;

  /// The file appears whole or not at all, readable by all and writable by nobody; one of that name is replaced. Leaves
  /// no temporary file behind unless the process is killed.
  Result<void> write(const EntryName& name, std::string_view bytes) const;

  /// Removes `name` if it is still that file, or, with a null identity, whatever it is except a directory.
  void remove(const EntryName& name, const FileIdentity& identity) const;

  int directory() const { return directory_.get(); }

 private:
  OwnedDescriptor open_temporary(std::string& name) const;
  bool rename_into_shard(const std::string& temporary, const EntryName& name) const;
  OwnedDescriptor directory_;
  unsigned folder_mode_;
};

}  // namespace dyad::cache
