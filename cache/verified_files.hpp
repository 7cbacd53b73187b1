/// Files of stores that have been read and found to be what their names say, so that they need not be read again as
/// long as their stamps stay: in this process (dyad watch opens a store for each run) and, by way of a memo, in later
/// ones. The prelude alone has 30 MB, and 500 images are 350.
///
/// The memo: "dyad-verified 1\n", records in native byte order, each a digest and a stamp, and the digest of all that.
/// One that is damaged says nothing, and the stamps of another machine are those of no file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>

#include "cache/digest.hpp"
#include "host/base/file_stamp.hpp"

namespace dyad::cache {

/// Thread-safe.
class VerifiedFiles {
 public:
  /// What is kept when there is news is what this process has asked for and, up to so many, what it has not.
  static constexpr std::size_t kMostKept = 20'000;
  /// How long a file must not have changed to be kept: by then the system has written it to the disk, and a power
  /// failure does not take back what its stamp vouches for.
  static constexpr std::int64_t kSettled_ns = 120'000'000'000;

  static VerifiedFiles& of_process();

  /// Has a file with this stamp been found good?
  bool has(const Digest& digest, const FileStamp& stamp);
  void add(const Digest& digest, const FileStamp& stamp);

  /// Adds what another process has kept there; of two stamps of a file the later one counts.
  void load(const std::filesystem::path& memo);
  /// Keeps what is known beside what others have kept, if there is news. Does nothing if that cannot be written. `now_ns`
  /// as file_clock_ns() gives it.
  void save(const std::filesystem::path& memo, std::int64_t now_ns = file_clock_ns());

 private:
  struct Known {
    FileStamp stamp;  ///< of the file that was read last
    bool is_asked_for = false;
  };

  std::mutex mutex_;
  std::map<Digest, Known> known_;
  bool has_news_ = false;
};

}  // namespace dyad::cache
