#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "host/base/file_stamp.hpp"

namespace dyad {
namespace {

constexpr std::int64_t kTooYoung_ns = 2'000'000'000;

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

bool FileStamp::is_old(std::int64_t instant_ns) const {
  return std::max(modified_ns, changed_ns) < instant_ns - kTooYoung_ns;
}

FileStamp stamp_of(const struct stat& status) {
  return {status.st_dev,
          status.st_ino,
          static_cast<std::uint64_t>(status.st_size),
          status.st_mode,
          nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

std::int64_t file_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

}  // namespace dyad
