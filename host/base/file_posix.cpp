#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/base/file.hpp"

namespace dyad {

namespace {

std::unexpected<Error> system_error(const std::filesystem::path& path) {
  return fail(fmt::format("{}: {}", path.native(), std::strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return system_error(path);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("{}: not a regular file", path.native()));
  std::string bytes;
  bytes.resize(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2);
    ssize_t got = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  static std::atomic<unsigned> counter{0};
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.{}.tmp", ::getpid(), counter++);
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) return system_error(temporary);
  if (!write_all(fd.get(), bytes) || ::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0 || fd.close() != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = system_error(temporary);
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

bool allows_execution(const std::filesystem::path& path) {
  struct statvfs status;
  return ::statvfs(path.c_str(), &status) != 0 || (status.f_flag & ST_NOEXEC) == 0;
}

Result<std::filesystem::path> make_unique_directory(const std::filesystem::path& parent, const std::string& prefix) {
  std::string pattern = (parent / (prefix + "XXXXXX")).native();
  if (::mkdtemp(pattern.data()) == nullptr) return system_error(parent);
  return std::filesystem::path(pattern);
}

Result<TemporaryDirectory> TemporaryDirectory::create(const std::string& prefix) {
  std::error_code ignored;
  auto parent = std::filesystem::temp_directory_path(ignored);
  auto path = make_unique_directory(ignored ? "/tmp" : parent, prefix);
  if (!path) return fail(path.error().within("temporary directory"));
  return TemporaryDirectory(*std::move(path));
}

Result<TemporaryDirectory> TemporaryDirectory::create_in_memory(const std::string& prefix) {
  constexpr const char* kPlace = "/dev/shm";
  struct statfs status;
  if (statfs(kPlace, &status) == 0 && status.f_type == TMPFS_MAGIC)
    if (auto path = make_unique_directory(kPlace, prefix)) return TemporaryDirectory(*std::move(path));
  return create(prefix);
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;  // what a test made unremovable stays behind; the run's result does not depend on it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace dyad
