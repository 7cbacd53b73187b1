#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include "cache/entry_files.hpp"

namespace dyad::cache {

namespace {

constexpr std::time_t kMarkInterval_s = 24 * 3600;
constexpr std::size_t kChunk = 256 * 1024;

struct OpenEntry {
  OwnedDescriptor file;
  std::uint64_t size = 0;
};

/// If it cannot be marked, the entry is trimmed too early: it costs time, nothing else.
constexpr timespec kUsedNow[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};

bool is_mark_due(std::time_t modified_s) {
  const std::time_t away = std::time(nullptr) - modified_s;
  return away <= -kMarkInterval_s || away >= kMarkInterval_s;
}

/// O_NONBLOCK: opening a FIFO in place of an entry must not wait for its writer.
std::expected<OpenEntry, MissReason> open_entry(int directory, const EntryName& name, EntryFiles::Use use,
                                                FileIdentity* identity) {
  OwnedDescriptor file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    if (errno == ENOENT) return std::unexpected(MissReason::kAbsent);
    return std::unexpected(errno == ELOOP || errno == ENXIO ? MissReason::kForeign : MissReason::kUnreadable);
  }
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return std::unexpected(MissReason::kUnreadable);
  if (identity != nullptr) *identity = {status.st_dev, status.st_ino};
  if (!S_ISREG(status.st_mode)) return std::unexpected(MissReason::kForeign);
  if (use == EntryFiles::Use::kMark && is_mark_due(status.st_mtim.tv_sec)) ::futimens(file.get(), kUsedNow);
  return OpenEntry{std::move(file), static_cast<std::uint64_t>(status.st_size)};
}

/// Fewer than asked for only at the end of the file; -1 if the file system fails.
ssize_t read_fully(int file, char* to, std::size_t size) {
  std::size_t used = 0;
  while (used < size) {
    ssize_t got = ::read(file, to + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(used);
}

bool write_fully(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Different in every process and every call; O_EXCL settles what chance does not.
std::uint64_t next_temporary_number() {
  static std::atomic<std::uint64_t> next = [] {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
      seed = static_cast<std::uint64_t>(::getpid()) << 32 ^ static_cast<std::uint64_t>(::time(nullptr));
    return seed;
  }();
  return next++;
}

}  // namespace

std::string_view folder_of(EntryKind kind) { return kind == EntryKind::kAction ? "action" : "output"; }

EntryName::EntryName(EntryKind kind, const Digest& digest) {
  const std::string hex = digest.hex();
  char* to = std::ranges::copy(folder_of(kind), text_.data()).out;
  *to++ = '/';
  to = std::copy_n(hex.data(), 2, to);
  *to++ = '/';
  to = std::ranges::copy(hex, to).out;
  *to = '\0';
}

OwnedDescriptor& OwnedDescriptor::operator=(OwnedDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}
OwnedDescriptor::~OwnedDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}
bool make_folder(int directory, const char* name, unsigned mode) {
  if (::mkdirat(directory, name, 0700) != 0) return errno == EEXIST;
  return mode == 0700 || ::fchmodat(directory, name, static_cast<mode_t>(mode), 0) == 0;
}

int OwnedDescriptor::release() { return std::exchange(fd_, -1); }

std::expected<std::string, MissReason> EntryFiles::read(const EntryName& name, std::uint64_t most, Use use,
                                                        FileIdentity* identity) const {
  auto entry = open_entry(directory(), name, use, identity);
  if (!entry) return std::unexpected(entry.error());
  if (entry->size > most) return std::unexpected(MissReason::kDamaged);
  const auto size = static_cast<std::size_t>(entry->size);
  std::string bytes;
  ssize_t got = 0;
  bytes.resize_and_overwrite(size, [&](char* to, std::size_t) {
    got = read_fully(entry->file.get(), to, size);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  });
  if (got < 0) return std::unexpected(MissReason::kUnreadable);
  return bytes;
}

std::expected<Digest, MissReason> EntryFiles::digest(const EntryName& name, Use use, FileIdentity* identity) const {
  auto entry = open_entry(directory(), name, use, identity);
  if (!entry) return std::unexpected(entry.error());
  BytesDigest digest;
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(entry->size + 1, kChunk));
  auto chunk = std::make_unique_for_overwrite<char[]>(size);
  for (;;) {
    ssize_t got = read_fully(entry->file.get(), chunk.get(), size);
    if (got < 0) return std::unexpected(MissReason::kUnreadable);
    digest.add({chunk.get(), static_cast<std::size_t>(got)});
    if (static_cast<std::size_t>(got) < size) return digest.finish();
  }
}

std::optional<FileStamp> EntryFiles::stamp(const EntryName& name) const {
  struct stat status;
  if (::fstatat(directory(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  return stamp_of(status);
}

void EntryFiles::mark(const EntryName& name, const FileStamp& stamp) const {
  if (is_mark_due(static_cast<std::time_t>(stamp.modified_ns / 1'000'000'000)))
    ::utimensat(directory_.get(), name.c_str(), kUsedNow, AT_SYMLINK_NOFOLLOW);
}

OwnedDescriptor EntryFiles::open_temporary(std::string& name) const {
  for (int tries = 0; tries < 16; ++tries) {
    name = fmt::format("{}/{:016x}", kTemporaryFolder, next_temporary_number());
    int file = ::openat(directory(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file >= 0) return OwnedDescriptor(file);
    // The folder is made on demand; a name that is taken, by whatever it may be, is left alone.
    if (errno != EEXIST && (errno != ENOENT || !make_folder(directory(), kTemporaryFolder, folder_mode_))) break;
  }
  return OwnedDescriptor();
}

bool EntryFiles::rename_into_shard(const std::string& temporary, const EntryName& name) const {
  auto rename = [&] { return ::renameat(directory(), temporary.c_str(), directory(), name.c_str()) == 0; };
  if (rename()) return true;
  if (errno != ENOENT) return false;
  // The shards are made on demand: a store of a small project has few.
  const std::string shard = name.shard();
  const std::string folder = shard.substr(0, shard.find('/'));
  for (const std::string& made : {folder, shard})
    if (!make_folder(directory(), made.c_str(), folder_mode_)) return false;
  return rename();
}

Result<void> EntryFiles::write(const EntryName& name, std::string_view bytes) const {
  auto failure = [&] { return fail(fmt::format("cannot write {}: {}", name.text(), std::strerror(errno))); };
  std::string temporary;
  OwnedDescriptor file = open_temporary(temporary);
  if (!file) return failure();
  if (!write_fully(file.get(), bytes) || ::fchmod(file.get(), 0444) != 0 || ::close(file.release()) != 0 ||
      !rename_into_shard(temporary, name)) {
    auto why = failure();
    ::unlinkat(directory(), temporary.c_str(), 0);
    return why;
  }
  return {};
}

void EntryFiles::remove(const EntryName& name, const FileIdentity& identity) const {
  // Another process may have put a sound file here since: it stays. (Between the two calls it may go, too; then whoever
  // wrote it computes it again.)
  struct stat status;
  if (identity != FileIdentity{} && (::fstatat(directory(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
                                     FileIdentity{status.st_dev, status.st_ino} != identity))
    return;
  ::unlinkat(directory(), name.c_str(), 0);
}

}  // namespace dyad::cache
