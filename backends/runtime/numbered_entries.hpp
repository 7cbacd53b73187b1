/// The numbers that a folder of /proc has for names: a process' threads, its descriptors.
///
/// Asks the kernel itself and allocates nothing: for handlers of signals; and what the process of a test opens by name
/// through the C library is taken for an input of the test. Not for several threads.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dyad::runtime {

class NumberedEntries {
 public:
  explicit NumberedEntries(const char* folder)
      : folder_(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))) {}
  NumberedEntries(const NumberedEntries&) = delete;
  NumberedEntries& operator=(const NumberedEntries&) = delete;
  ~NumberedEntries() {
    if (is_open()) ::syscall(SYS_close, folder_);
  }

  bool is_open() const { return folder_ >= 0; }
  /// Of the folder, itself an entry in a process' own descriptors.
  int descriptor() const { return folder_; }

  /// -1 behind the last, or if the folder is not open.
  int next() {
    for (;;) {
      if (at_ >= size_) {
        at_ = 0;
        size_ = ::syscall(SYS_getdents64, folder_, buffer_, sizeof buffer_);
        if (size_ <= 0) return -1;
      }
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_ + at_);
      at_ += entry->d_reclen;
      if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
      int number = 0;
      for (const char* digit = entry->d_name; *digit != '\0'; ++digit) number = number * 10 + (*digit - '0');
      return number;
    }
  }

 private:
  int folder_;
  long at_ = 0, size_ = 0;
  alignas(dirent64) char buffer_[2048];
};

}  // namespace dyad::runtime
