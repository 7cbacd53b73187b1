/// What the file system says of a file that changes whenever its bytes do, as far as the clock that stamps files can
/// tell instants apart: it ticks slowly, and some file systems keep whole seconds, or every other one. So a stamp that
/// was young when the bytes were read says nothing: a second write of the same tick leaves it as it is.
#pragma once

#include <cstdint>

struct stat;

namespace dyad {

struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0, mode = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  ///< since 1970
  bool operator==(const FileStamp&) const = default;

  /// Would a change at `instant_ns`, or later, show? Both times are two seconds older, or more.
  bool is_old(std::int64_t instant_ns) const;
};

/// Of a file that stat() and its like have found.
FileStamp stamp_of(const struct stat& status);

/// Now, in nanoseconds since 1970, by the clock that stamps files: a tick of the kernel behind others, or less.
std::int64_t file_clock_ns();

}  // namespace dyad
