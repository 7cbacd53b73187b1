#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/run/capture.hpp"

namespace dyad::run {

Result<Capture> Capture::create() {
  Descriptor file(memfd_create("dyad-capture", MFD_CLOEXEC));
  if (!file.is_open() || fcntl(file.get(), F_SETFL, O_APPEND) != 0)
    return fail(fmt::format("cannot make a capture file: {}", std::strerror(errno)));
  return Capture(std::move(file));
}

std::uint64_t Capture::size() const {
  struct stat status {};
  return fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::string Capture::read(std::uint64_t begin, std::uint64_t end) const {
  end = std::min(end, size());
  if (begin >= end) return {};
  std::string bytes(end - begin, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    ssize_t got = pread(file_.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(begin + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace dyad::run
