#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <vector>

#include "host/base/file.hpp"
#include "host/inputs/byte_stream.hpp"
#include "host/inputs/file_states.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::inputs {

namespace {

constexpr std::string_view kMagic = "dyad-memo 1\n";
constexpr int kMostLinks = 40;  // as in Linux

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// The target of a symbolic link, or a word that no link can have for one.
std::string target_of(const std::string& path) {
  char target[PATH_MAX];
  auto size = ::readlink(path.c_str(), target, sizeof target);
  if (size >= 0) return {target, static_cast<std::size_t>(size)};
  return errno == EINVAL ? std::string("\0no link", 8) : std::string("\0nothing", 8);
}

void add_attributes(cache::Hasher& hasher, const struct stat& status) {
  for (std::uint64_t number :
       {std::uint64_t{status.st_mode}, std::uint64_t{status.st_uid}, std::uint64_t{status.st_gid},
        std::uint64_t{status.st_rdev}, S_ISDIR(status.st_mode) ? 0 : std::uint64_t{status.st_nlink}})
    hasher.add(number);
}

/// DT_REG and so on, also on a file system that does not tell.
std::uint64_t kind_of(const dirent& entry, int directory) {
  struct stat status;
  if (entry.d_type != DT_UNKNOWN || ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return entry.d_type;
  return IFTODT(status.st_mode);
}

/// In pieces, so that a file of any size takes little memory. Nothing if it cannot be read.
std::optional<cache::Digest> digest_of_file(const std::string& path, std::uint64_t& size) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  constexpr std::size_t kPiece = 256 << 10;
  struct stat status;
  const bool small = ::fstat(file, &status) == 0 && static_cast<std::uint64_t>(status.st_size) < kPiece;
  std::string piece(small ? static_cast<std::size_t>(status.st_size) + 1 : kPiece, '\0');
  cache::BytesDigest digest;
  ssize_t got;
  while ((got = ::read(file, piece.data(), piece.size())) > 0 || (got < 0 && errno == EINTR)) {
    if (got < 0) continue;
    digest.add({piece.data(), static_cast<std::size_t>(got)});
    size += static_cast<std::uint64_t>(got);
  }
  ::close(file);
  return got == 0 ? std::optional(digest.finish()) : std::nullopt;
}

/// A rename changes the ctime of what it moves. So does a new entry of a directory, which is no change of the way, but
/// that changes the mtime as well. (Both, one after the other, look like the latter: docs/input-log.md.) The kernel
/// reads the two times one after the other: an entry made in between looks like a move, once.
bool is_moved(const std::string& directory) {
  for (int tries = 0; tries < 5; ++tries) {
    struct stat status;
    if (::lstat(directory.c_str(), &status) != 0) return true;
    if (const FileStamp stamp = stamp_of(status); stamp.changed_ns == stamp.modified_ns) return false;
  }
  return true;
}

}  // namespace

FileStates::FileStates() : began_ns_(file_clock_ns()) {}
FileStates::~FileStates() = default;

FileStates::Present FileStates::look_at(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {};
  return {true, S_ISDIR(status.st_mode), S_ISREG(status.st_mode), stamp_of(status)};
}

bool FileStates::may_be_new(std::int64_t changed_ns) const {
  // Whole seconds: perhaps a file system that knows no less, or every other second (FAT).
  constexpr std::int64_t kSecond_ns = 1'000'000'000;
  return changed_ns + (changed_ns % kSecond_ns == 0 ? 2 * kSecond_ns : 0) >= began_ns_;
}

bool FileStates::changed_meanwhile(const std::string& path, Ways& ways) const {
  return may_be_new(look_at(path).stamp.changed_ns) || way_changed(path, ways);
}

bool FileStates::way_changed(const std::string& path, Ways& ways, int depth) const {
  for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    auto known = ways.find(part);
    if (known == ways.end()) {
      const Way way = way_at(part, ways, depth);
      known = ways.emplace(part, way).first;
    }
    if (known->second != Way::kUnchanged) return known->second == Way::kChanged;
    if (slash == std::string::npos) return false;
  }
}

FileStates::Way FileStates::way_at(const std::string& path, Ways& ways, int depth) const {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return Way::kMissing;
  const bool is_new = may_be_new(stamp_of(status).changed_ns);
  if (is_new && S_ISDIR(status.st_mode) && is_moved(path)) return Way::kChanged;
  if (!S_ISLNK(status.st_mode)) return Way::kUnchanged;
  char target[PATH_MAX];
  const auto size = ::readlink(path.c_str(), target, sizeof target);
  if (is_new || depth > kMostLinks || size <= 0) return Way::kChanged;
  const std::string to(target, static_cast<std::size_t>(size));
  const std::string whole = to.front() == '/' ? to : parent_of(path) + '/' + to;
  return way_changed(whole, ways, depth + 1) ? Way::kChanged : Way::kUnchanged;
}

const FileStates::Present& FileStates::directory_of(const std::string& path) {
  auto parent = parent_of(path);
  auto known = directories_.find(parent);
  if (known == directories_.end()) {
    auto present = look_at(parent);
    known = directories_.emplace(std::move(parent), present).first;
  }
  return known->second;
}

bool FileStates::is_known_missing(const std::string& path) {
  auto known = missing_memo_.find(path);
  if (known == missing_memo_.end() || directory_of(path).stamp != known->second.stamp) return false;
  learned_missing_.emplace(path, known->second);
  return true;
}

cache::Digest FileStates::content_of(const std::string& path) {
  if (auto known = contents_.find(path); known != contents_.end()) return known->second;
  auto state = missing();
  if (!is_known_missing(path)) {
    // The directory's stamp is taken before the file is looked for: a file that appears in between changes the stamp.
    const Present& directory = directory_of(path);
    auto present = look_at(path);
    if (present.is_directory) {
      state = FileStates::directory();
    } else if (present.exists) {
      state = read(path, present);
    } else {
      struct stat link;  // a dangling link: what it points to may appear anywhere
      bool really_missing = ::lstat(path.c_str(), &link) != 0 && errno == ENOENT;
      if (really_missing && directory.is_directory && directory.stamp.is_old(began_ns_)) {
        learned_missing_.emplace(path, Memo{directory.stamp, {}});
        learned_anything_ = true;
      }
    }
  }
  return contents_.emplace(path, state).first->second;
}

cache::Digest FileStates::read(const std::string& path, const Present& present) {
  if (auto known = memo_.find(path); known != memo_.end() && known->second.stamp == present.stamp) {
    learned_.emplace(path, known->second);
    return known->second.content;
  }
  if (!present.is_regular) return unreadable();
  trace::Span span(trace::Phase::kHash);
  std::uint64_t size = 0;
  auto digest = digest_of_file(path, size);
  if (!digest) return unreadable();
  ++files_read_;
  if (present.stamp.is_old(began_ns_) && size == present.stamp.size) {
    learned_.emplace(path, Memo{present.stamp, *digest});
    learned_anything_ = true;
  }
  return *digest;
}

cache::Digest FileStates::metadata_of(const std::string& path) {
  if (auto known = metadata_.find(path); known != metadata_.end()) return known->second;
  auto content = content_of(path);
  auto state = content;
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) {
    cache::Hasher hasher("metadata 2");
    hasher.add(content);
    if (S_ISLNK(status.st_mode)) {
      hasher.add(target_of(path)).add(std::uint64_t{status.st_uid}).add(std::uint64_t{status.st_gid});
      if (::stat(path.c_str(), &status) == 0) add_attributes(hasher, status);
    } else {
      add_attributes(hasher, status);
    }
    state = hasher.finish();
  }
  return metadata_.emplace(path, state).first->second;
}

cache::Digest FileStates::listing_of(const std::string& path) {
  if (auto known = listings_.find(path); known != listings_.end()) return known->second;
  auto state = missing();
  if (DIR* directory = ::opendir(path.c_str())) {
    std::vector<std::pair<std::string, std::uint64_t>> entries;
    while (const dirent* entry = ::readdir(directory))
      entries.emplace_back(entry->d_name, kind_of(*entry, ::dirfd(directory)));
    ::closedir(directory);
    std::ranges::sort(entries);
    cache::Hasher hasher("listing 2");
    for (const auto& [name, kind] : entries) hasher.add(name).add(kind);
    state = hasher.finish();
  }
  return listings_.emplace(path, state).first->second;
}

cache::Digest FileStates::link_of(const std::string& path) const {
  char real[PATH_MAX];
  cache::Hasher hasher("link 2");
  hasher.add(target_of(path));
  if (::realpath(path.c_str(), real) != nullptr)
    hasher.add(real);
  else
    hasher.add(static_cast<std::uint64_t>(errno));
  return hasher.finish();
}

cache::Digest FileStates::output_of(const std::string& path) const {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? free_to_write() : missing();
  if (S_ISREG(status.st_mode) && ::euidaccess(path.c_str(), W_OK) == 0) return free_to_write();
  cache::Hasher hasher("output 1");
  hasher.add(link_of(path)).add(std::uint64_t{status.st_mode});
  if (S_ISLNK(status.st_mode) && ::stat(path.c_str(), &status) == 0) hasher.add(std::uint64_t{status.st_mode});
  hasher.add(std::uint64_t{::euidaccess(path.c_str(), W_OK) == 0});
  return hasher.finish();
}

void FileStates::load(const std::filesystem::path& memo) {
  auto bytes = read_file(memo);
  if (!bytes || bytes->size() < kMagic.size() + 16 || !bytes->starts_with(kMagic)) return;
  std::string_view body = std::string_view(*bytes).substr(0, bytes->size() - 16);
  ByteReader end(std::string_view(*bytes).substr(body.size()));
  if (end.digest() != cache::digest_of(body)) return;
  ByteReader reader(body.substr(kMagic.size()));
  while (!reader.at_end()) {
    auto kind = reader.u8();
    Memo entry;
    entry.stamp = {reader.u64(),
                   reader.u64(),
                   reader.u64(),
                   reader.u64(),
                   static_cast<std::int64_t>(reader.u64()),
                   static_cast<std::int64_t>(reader.u64())};
    if (kind == 'f') entry.content = reader.digest();
    std::string path(reader.text());
    if (!reader.ok()) return;
    (kind == 'f' ? memo_ : missing_memo_).emplace(std::move(path), entry);
  }
}

void FileStates::save(const std::filesystem::path& memo) const {
  if (!learned_anything_) return;
  ByteWriter writer;
  writer.raw(kMagic);
  auto write = [&](char kind, const std::string& path, const Memo& entry) {
    writer.u8(static_cast<std::uint8_t>(kind));
    const FileStamp& stamp = entry.stamp;
    for (std::uint64_t number :
         {stamp.device, stamp.inode, stamp.size, stamp.mode, static_cast<std::uint64_t>(stamp.modified_ns),
          static_cast<std::uint64_t>(stamp.changed_ns)})
      writer.u64(number);
    if (kind == 'f') writer.digest(entry.content);
    writer.text(path);
  };
  for (const auto& [path, entry] : learned_) write('f', path, entry);
  for (const auto& [path, entry] : learned_missing_) write('n', path, entry);
  // What other packages need and this run did not ask for stays.
  for (const auto& [path, entry] : memo_)
    if (!learned_.contains(path) && !contents_.contains(path)) write('f', path, entry);
  for (const auto& [path, entry] : missing_memo_)
    if (!learned_missing_.contains(path) && !contents_.contains(path)) write('n', path, entry);
  writer.digest(cache::digest_of(writer.bytes()));
  std::error_code ignored;
  std::filesystem::create_directories(memo.parent_path(), ignored);
  (void)write_file_atomically(memo, writer.bytes(), 0600);
}

}  // namespace dyad::inputs
