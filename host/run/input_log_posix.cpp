#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/run/input_log.hpp"

namespace dyad::run {

Result<InputLog> InputLog::create(std::initializer_list<std::filesystem::path> left_out) {
  dyad_input_header header{.magic = DYAD_INPUT_MAGIC, .version = DYAD_INPUT_VERSION, .size = DYAD_INPUT_SIZE};
  std::string paths;
  for (const auto& path : left_out) paths.append(path.native()).push_back('\0');
  if (paths.size() > sizeof header.left_out) return fail("the run's directories have too long names for an input log");
  header.left_out_size = static_cast<std::uint32_t>(paths.size());
  std::memcpy(header.left_out, paths.data(), paths.size());

  // Sealed, so that nobody who has it mapped can lose it under his feet.
  InputLog log(Descriptor(memfd_create("dyad-inputs", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (log.fd() < 0 || ftruncate(log.fd(), DYAD_INPUT_SIZE) != 0 ||
      pwrite(log.fd(), &header, sizeof header, 0) != sizeof header ||
      fcntl(log.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail(fmt::format("cannot make an input log: {}", std::strerror(errno)));
  return log;
}

std::string InputLog::read() const {
  dyad_input_header header;
  if (pread(fd(), &header, sizeof header, 0) != sizeof header) return {};
  const std::size_t size = sizeof header + std::min<std::size_t>(header.used, DYAD_INPUT_SIZE - sizeof header);
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    ssize_t got = pread(fd(), bytes.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace dyad::run
