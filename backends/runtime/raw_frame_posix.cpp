#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "backends/runtime/kept_descriptors.hpp"
#include "backends/runtime/raw_frame.hpp"

namespace dyad::runtime {

void write_raw(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const long written = ::syscall(SYS_write, fd, bytes, size);
    if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
    } else if (written == 0 || (errno != EINTR && errno != EAGAIN && !(errno == EBADF && restore_descriptor(fd)))) {
      return;
    }
  }
}

RawFrame::RawFrame(char* bytes, std::size_t room, dyad_frame type) : bytes_(bytes), room_(room) {
  bytes_[kHeader - 1] = static_cast<char>(type);
}

void RawFrame::number(std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) put(static_cast<char>(value >> (8 * i)));
}

void RawFrame::begin_text() {
  text_ = size_;
  number(0, 4);
}

void RawFrame::text(const char* string) {
  while (*string != '\0') put(*string++);
}

void RawFrame::hex(std::uint64_t value) {
  char digits[16];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value & 15];
  while ((value >>= 4) != 0);
  while (count > 0) put(digits[--count]);
}

void RawFrame::send(int channel) {
  if (text_ != 0) fill(text_, size_ - text_ - 4);
  fill(0, size_ - kHeader);
  write_raw(channel, bytes_, size_);
}

void RawFrame::put(char byte) {
  if (size_ < room_) bytes_[size_++] = byte;
}

void RawFrame::fill(std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i));
}

}  // namespace dyad::runtime
