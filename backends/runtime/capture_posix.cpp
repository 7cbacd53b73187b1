#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <utility>

#include "backends/runtime/capture.hpp"
#include "backends/runtime/kept_descriptors.hpp"

namespace dyad::runtime {

int move_out_of_the_way(int fd) {
  // Tests like to know the lowest free descriptors; some close everything below 100 or so. The limit may be low.
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 200);
  return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

void Capture::open() {
  fd_ = move_out_of_the_way(STDOUT_FILENO);
  keep_descriptor(fd_, O_RDONLY);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

void Capture::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::uint64_t Capture::flush_and_size() const {
  std::cout.flush();
  std::cerr.flush();
  std::clog.flush();
  std::fflush(stdout);
  std::fflush(stderr);
  struct stat status;
  if (fd_ < 0 || (fstat(fd_, &status) != 0 && (!restore_descriptor(fd_) || fstat(fd_, &status) != 0))) return 0;
  if (status.st_size < 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace dyad::runtime
