#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "backends/runtime/kept_descriptors.hpp"
#include "backends/runtime/numbered_entries.hpp"

namespace dyad::runtime {
namespace {

struct Kept {
  int fd = -1, flags = 0;
  dev_t device = 0;
  ino_t inode = 0;
};
Kept g_kept[4];

/// The test's process, the worker of the dll backend, dyad; and one more for a wrapper.
constexpr int kMostAncestors = 3;

// Straight to the kernel: what the test's process opens by name is taken for an input of the test.

int open_raw(const char* path, int flags) { return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, 0)); }

/// "/proc/PID/WHAT" or, with `number` not negative, "/proc/PID/WHAT/NUMBER".
struct ProcPath {
  char text[64];
  ProcPath(long pid, const char* what, long number = -1) {
    char* at = put("/proc/", text);
    at = put(what, put("/", put_number(pid, at)));
    if (number >= 0) at = put_number(number, put("/", at));
    *at = '\0';
  }

 private:
  static char* put(const char* from, char* to) {
    while (*from != '\0') *to++ = *from++;
    return to;
  }
  static char* put_number(long value, char* to) {
    char digits[20];
    int count = 0;
    do digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0) *to++ = digits[--count];
    return to;
  }
};

/// 0 if it cannot be told.
long parent_of(long pid) {
  char text[512];
  int file = open_raw(ProcPath(pid, "stat").text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  long size = ::syscall(SYS_read, file, text, sizeof text - 1);
  ::syscall(SYS_close, file);
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* name_end = std::strrchr(text, ')');  // ") S PPID ..."
  long parent = 0;
  if (name_end != nullptr && std::strlen(name_end) > 4)
    for (const char* digit = name_end + 4; *digit >= '0' && *digit <= '9'; ++digit)
      parent = parent * 10 + (*digit - '0');
  return parent;
}

/// A new descriptor of the kept file, which the process `pid` has open; or -1.
int open_through(long pid, const Kept& kept) {
  NumberedEntries descriptors(ProcPath(pid, "fd").text);
  for (int number; (number = descriptors.next()) >= 0;) {
    const ProcPath path(pid, "fd", number);
    struct stat status;
    if (::syscall(SYS_newfstatat, AT_FDCWD, path.text, &status, 0) != 0 || status.st_dev != kept.device ||
        status.st_ino != kept.inode)
      continue;
    if (int found = open_raw(path.text, kept.flags | O_CLOEXEC); found >= 0) return found;
  }
  return -1;
}

}  // namespace

void keep_descriptor(int fd, int flags) {
  struct stat status;
  if (fd < 0 || ::fstat(fd, &status) != 0) return;
  for (Kept& kept : g_kept) {
    if (kept.fd >= 0) continue;
    kept = {fd, flags, status.st_dev, status.st_ino};
    return;
  }
}

void forget_descriptors() {
  for (Kept& kept : g_kept) kept.fd = -1;
}

bool restore_descriptor(int fd) {
  const int saved = errno;
  bool restored = false;
  for (const Kept& kept : g_kept) {
    if (fd < 0 || kept.fd != fd || ::fcntl(fd, F_GETFD) >= 0) continue;
    long pid = ::getppid();
    for (int i = 0; i < kMostAncestors && !restored && pid > 1; ++i, pid = parent_of(pid)) {
      const int opened = open_through(pid, kept);
      if (opened < 0) continue;
      restored = opened == fd || ::dup3(opened, fd, O_CLOEXEC) == fd;
      if (opened != fd) ::syscall(SYS_close, opened);
    }
  }
  errno = saved;
  return restored;
}

}  // namespace dyad::runtime
