#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "cache/action_file.hpp"
#include "cache/store_state.hpp"

namespace dyad::cache {

namespace fs = std::filesystem;
using Trust = Store::Trust;

namespace {

constexpr std::chrono::seconds kLongestWait{5};
constexpr std::chrono::milliseconds kRetryInterval{10};

constexpr const char* kElsewhere = "set DYAD_CACHE to a directory of yours";
constexpr const char* kIfTrusted = "DYAD_CACHE_SHARED=1 if you trust whoever can write to it";

std::unexpected<Error> failure(const fs::path& directory, std::string_view what) {
  return fail(fmt::format("cache {}: {}", directory.native(), what));
}
std::unexpected<Error> system_failure(const fs::path& directory) {
  return failure(directory, fmt::format("{}; {}", std::strerror(errno), kElsewhere));
}

/// Whoever can write to the directory decides what a run's results are: that must be this user alone.
Result<void> check_owner(int descriptor, const fs::path& directory) {
  struct stat status;
  if (::fstat(descriptor, &status) != 0) return system_failure(directory);
  if (status.st_uid != ::geteuid())
    return failure(directory, fmt::format("belongs to another user; {}, or {}", kElsewhere, kIfTrusted));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failure(directory, fmt::format("others may write to it; run chmod 700 on it, or set {}", kIfTrusted));
  return {};
}

Result<OwnedDescriptor> open_cache(const fs::path& directory, Trust trust) {
  OwnedDescriptor cache = open_folder(directory);
  if (!cache && errno == ENOENT) {
    std::error_code error;
    fs::create_directories(directory.parent_path(), error);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return system_failure(directory);
    cache = open_folder(directory);
  }
  if (!cache && errno == ENOTDIR) return failure(directory, fmt::format("not a directory; {}", kElsewhere));
  if (!cache) return system_failure(directory);
  if (trust == Trust::kWhoeverWrites) return cache;
  // A link is fine (a cache on a larger disk), but not one that somebody else planted.
  struct stat status;
  if (::lstat(directory.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != ::geteuid())
    return failure(directory, fmt::format("a link of another user; {}", kElsewhere));
  if (auto owned = check_owner(cache.get(), directory); !owned) return fail(owned.error());
  return cache;
}

constexpr std::string_view kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of dyad; `dyad cache clean` removes it.\n";

/// So that backup programs leave the folder out (https://bford.info/cachedir/). Nothing depends on it.
void write_tag(int version) {
  OwnedDescriptor tag(::openat(version, kTagFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444));
  if (tag) [[maybe_unused]]
    ssize_t written = ::write(tag.get(), kTag.data(), kTag.size());
}

Result<OwnedDescriptor> open_version(int cache, const fs::path& directory, Trust trust, unsigned mode) {
  const std::string folder = version_folder();
  auto open = [&] {
    return OwnedDescriptor(::openat(cache, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  };
  OwnedDescriptor version = open();
  if (!version && errno == ENOENT) {
    if (!make_folder(cache, folder.c_str(), mode)) return system_failure(directory / folder);
    version = open();
    if (version) write_tag(version.get());
  }
  if (!version) return system_failure(directory / folder);
  if (trust == Trust::kThisUser)
    if (auto owned = check_owner(version.get(), directory / folder); !owned) return fail(owned.error());
  return version;
}

/// True if the file that was locked still is the store's: `clean` may have removed it while this process waited.
bool is_current(int cache, int lock) {
  struct stat locked, current;
  const std::string name = fmt::format("{}/{}", version_folder(), kLockFile);
  return ::fstat(lock, &locked) == 0 && ::fstatat(cache, name.c_str(), &current, AT_SYMLINK_NOFOLLOW) == 0 &&
         locked.st_ino == current.st_ino && locked.st_dev == current.st_dev;
}

}  // namespace

OwnedDescriptor open_folder(const fs::path& folder) {
  return OwnedDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string version_folder() { return fmt::format("v{}", kFormatVersion); }

std::filesystem::path Store::State::verified_memo() const {
  return memo_of(digest_of("verified outputs of user " + std::to_string(::geteuid())));
}

Result<OpenedDirectory> open_directory(const fs::path& directory, Trust trust) {
  auto cache = open_cache(directory, trust);
  if (!cache) return fail(cache.error());
  // Those who share the directory must be able to share what is made in it. (Sticky, they could not replace an entry.)
  unsigned mode = 0700;
  if (struct stat status; trust == Trust::kWhoeverWrites && ::fstat(cache->get(), &status) == 0)
    mode |= status.st_mode & 02777;
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  for (;; std::this_thread::sleep_for(kRetryInterval)) {
    auto version = open_version(cache->get(), directory, trust, mode);
    if (!version) return fail(version.error());
    OwnedDescriptor lock(
        ::openat(version->get(), kLockFile, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode & 0666));
    if (!lock) return OpenedDirectory{*std::move(version), OwnedDescriptor(), mode};
    const bool locked = ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK && errno != EINTR)
      return OpenedDirectory{*std::move(version), OwnedDescriptor(), mode};
    if (locked && is_current(cache->get(), lock.get()))
      return OpenedDirectory{*std::move(version), std::move(lock), mode};
    if (std::chrono::steady_clock::now() > deadline)
      return failure(directory, "another dyad has been trimming it for 5 s; try again later");
  }
}

ExclusiveLock::ExclusiveLock(int lock) : lock_(lock), held_(::flock(lock, LOCK_EX | LOCK_NB) == 0) {}

// A lock that could not be converted is lost (flock(2)): in both cases the shared one is taken again. The lock is free
// or shared by others, unless a third process trims at this very moment; then this one goes on without.
ExclusiveLock::~ExclusiveLock() { ::flock(lock_, LOCK_SH | LOCK_NB); }

Store::Trust Store::trust_asked_for() {
  const char* shared = std::getenv("DYAD_CACHE_SHARED");
  return shared != nullptr && std::string_view(shared) == "1" ? Trust::kWhoeverWrites : Trust::kThisUser;
}

fs::path Store::default_directory() {
  auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (auto own = variable("DYAD_CACHE"); !own.empty()) return fs::absolute(own);
  if (auto xdg = variable("XDG_CACHE_HOME"); xdg.starts_with('/')) return fs::path(xdg) / "dyad";
  if (auto home = variable("HOME"); home.starts_with('/')) return fs::path(home) / ".cache" / "dyad";
  std::error_code error;
  auto temporary = fs::temp_directory_path(error);
  return (error ? fs::path("/tmp") : temporary) / fmt::format("dyad-cache-{}", ::geteuid());
}

bool Store::allows_execution() const {
  struct statvfs status;
  return ::fstatvfs(state_->files.directory(), &status) != 0 || (status.f_flag & ST_NOEXEC) == 0;
}

}  // namespace dyad::cache
