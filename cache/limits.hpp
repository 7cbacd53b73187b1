/// How much of the store is kept, and what a trim would remove. Pure: knows no files, and its clock is an argument.
///
/// Use marks are wall-clock times, and clocks jump. A mark from the future counts as "now". After a long pause or a
/// jump forward (more than a week and more than the age limit since the last trim) nobody can say how old the marks
/// are: all entries begin to age anew, so that a wrong clock never empties the store.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"

namespace dyad::cache {

using Clock = std::chrono::system_clock;
using TimePoint = Clock::time_point;

struct TrimLimits {
  static constexpr std::chrono::hours kDefaultAge{14 * 24};
  static constexpr std::uint64_t kDefaultBytes = std::uint64_t{10} << 30;

  std::chrono::seconds age = kDefaultAge;  ///< unused for longer: removed; zero: no limit
  std::uint64_t bytes = kDefaultBytes;     ///< on disk; zero: no limit

  /// $DYAD_CACHE_AGE ("72h", "14d") and $DYAD_CACHE_SIZE ("2G"). The error names the variable.
  static Result<TrimLimits> from_environment();
};

/// A whole number of bytes, or of K, M, G or T (powers of 1024; "2G", "2GB" and "2GiB" are the same).
Result<std::uint64_t> parse_size(std::string_view text);

/// What a file takes of the disk: its size in blocks of 4 KiB.
constexpr std::uint64_t bytes_on_disk(std::uint64_t size) { return (size + 4095) / 4096 * 4096; }

/// What is remembered from one trim to the next.
struct TrimStamp {
  TimePoint last;        ///< the last trim
  TimePoint not_before;  ///< marks older than this count as made then

  /// "dyad-trim 1 <last> <not_before>\n", in seconds since 1970.
  std::string text() const;
  static std::optional<TrimStamp> parse(std::string_view text);
};

/// The stamp of a trim at `now` that follows one with stamp `before` (none: the first).
TrimStamp next_stamp(const std::optional<TrimStamp>& before, const TrimLimits& limits, TimePoint now);

/// True once a day, and when the last trim is said to be yet to come.
bool is_trim_due(const std::optional<TrimStamp>& before, TimePoint now);

struct TrimCandidate {
  std::string name;  ///< below the store's directory
  std::uint64_t size = 0;
  TimePoint used;
};

/// Splits `files` into what is removed (oldest use first; the beginning) and what is kept: what is too old, then the
/// oldest until the rest is within the limit of size. Nothing used at `spare_since` or later is removed.
/// Returns how many are removed; `files` is reordered.
std::size_t choose_victims(std::vector<TrimCandidate>& files, const TrimLimits& limits, const TrimStamp& stamp,
                           TimePoint now, TimePoint spare_since = TimePoint::max());

}  // namespace dyad::cache
