/// A frame of the event stream (backends/abi/wire.md) made and sent where little may be done: in the handler of a
/// signal, in the middle of a sanitizer. Allocates nothing, takes no lock, and asks the kernel itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/abi/wire.h"

namespace dyad::runtime {

/// Waits for room. Opens `fd` again if a test has closed it (kept_descriptors.hpp); what cannot be written is left.
void write_raw(int fd, const char* bytes, std::size_t size);

class RawFrame {
 public:
  /// Made in `room`, which must outlive the frame; what does not fit is left out.
  template <std::size_t kRoom>
  RawFrame(char (&room)[kRoom], dyad_frame type) : RawFrame(room, kRoom, type) {
    static_assert(kRoom > kHeader + 4);
  }

  /// The lowest `size` bytes.
  void number(std::uint64_t value, int size);
  /// Begins a text that lasts to the end of the frame.
  void begin_text();
  void text(const char* string);
  void hex(std::uint64_t value);
  bool has_room(std::size_t size) const { return size_ + size < room_; }

  void send(int channel);

 private:
  static constexpr std::size_t kHeader = 5;
  RawFrame(char* bytes, std::size_t room, dyad_frame type);
  void put(char byte);
  void fill(std::size_t at, std::size_t value);

  char* bytes_;
  std::size_t room_, size_ = kHeader, text_ = 0;
};

}  // namespace dyad::runtime
