#include "host/run/wire_reader.hpp"

#include <fmt/format.h>

#include <concepts>
#include <utility>

namespace dyad::run {
namespace {

constexpr std::size_t kHeaderSize = 5;  // u32 size, u8 type

/// Takes fields from the front of a payload. After a field that does not fit everything is zero and `ok` is false, so
/// that a frame is judged once, at its end.
class Fields {
 public:
  explicit Fields(std::string_view payload) : rest_(payload) {}

  template <std::unsigned_integral T>
  T number() {
    std::string_view bytes = take(sizeof(T));
    T value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
      value = static_cast<T>((value << 8) | static_cast<unsigned char>(bytes[i]));
    return value;
  }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }

  std::string str() {
    std::uint32_t size = u32();
    if (size > DYAD_WIRE_MAX_TEXT) ok_ = false;
    return std::string(take(ok_ ? size : 0));
  }

  /// A u8 that must be one of 1..last.
  template <class Enum>
  Enum one_of(Enum last) {
    unsigned value = number<std::uint8_t>();
    if (value >= 1 && value <= static_cast<unsigned>(last)) return static_cast<Enum>(value);
    ok_ = false;
    return last;
  }

  /// A u8 that must be 0 or 1.
  bool flag() {
    unsigned value = number<std::uint8_t>();
    if (value > 1) ok_ = false;
    return value == 1;
  }

  bool whole() const { return ok_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Braced initialisers are evaluated from left to right: the order of the fields in the frame.
Event read_payload(dyad_frame type, Fields& in) {
  switch (type) {
    case DYAD_FRAME_HELLO:
      return Hello{in.u32(), in.u32()};
    case DYAD_FRAME_FOUND: {
      Found found{in.u32(), in.one_of(DYAD_TEST_MAIN), in.u32(), in.str(), in.str()};
      return found;
    }
    case DYAD_FRAME_LISTED:
      return Listed{in.u32()};
    case DYAD_FRAME_STARTED:
      return Started{in.u32(), in.u64()};
    case DYAD_FRAME_FINISHED:
      return Finished{in.u32(), in.one_of(DYAD_SKIP), in.u64(), in.u64()};
    case DYAD_FRAME_MESSAGE:
      return Message{in.u32(), in.one_of(DYAD_SKIPPED), in.u32(), in.u64(), in.str(), in.str(), in.str()};
    case DYAD_FRAME_SUB_STARTED:
      return SubStarted{in.u32(), in.u64(), in.str()};
    case DYAD_FRAME_SUB_FINISHED:
      return SubFinished{in.u32(), in.one_of(DYAD_SKIP), in.u64(), in.u64(), in.str()};
    case DYAD_FRAME_OUTSIDE:
      return Outside{in.one_of(DYAD_SKIPPED), in.u32(), in.u64(), in.str(), in.str()};
    case DYAD_FRAME_DONE:
      return AllDone{in.flag(), in.u64()};
    case DYAD_FRAME_CRASHED:
      return Crashed{in.u32(), in.flag(), in.u64()};
    case DYAD_FRAME_STACK:
      return Stack{in.u32(), in.flag(), in.u32(), in.u32(), in.str()};
    case DYAD_FRAME_LIMIT:
      return Limit{in.u32(), in.u64()};
    case DYAD_FRAME_NOTE:
      return Note{in.u32(), in.str()};
    case DYAD_FRAME_REPORT:
      return Report{in.str()};
  }
  std::unreachable();  // the caller has checked the type
}

}  // namespace

void WireReader::feed(std::string_view bytes) {
  if (damage_) return;
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Event>> WireReader::next() {
  if (damage_) return fail(*damage_);
  std::string_view rest = std::string_view(buffer_).substr(position_);
  if (rest.size() < kHeaderSize) return std::nullopt;

  auto damaged = [&](std::string text) {
    damage_ = Error{std::move(text)};
    buffer_.clear();
    position_ = 0;
    return fail(*damage_);
  };
  Fields header(rest.substr(0, kHeaderSize));
  std::uint32_t size = header.u32();
  unsigned type = header.number<std::uint8_t>();
  if (type < DYAD_FRAME_HELLO || type > DYAD_FRAME_REPORT) return damaged(fmt::format("unknown frame type {}", type));
  if (size > DYAD_WIRE_MAX_FRAME)
    return damaged(fmt::format("frame of {} bytes, at most {} are allowed", size, DYAD_WIRE_MAX_FRAME));
  if (rest.size() - kHeaderSize < size) return std::nullopt;

  Fields payload(rest.substr(kHeaderSize, size));
  Event event = read_payload(static_cast<dyad_frame>(type), payload);
  if (!payload.whole()) return damaged(fmt::format("frame of type {} does not fit its {} bytes", type, size));
  position_ += kHeaderSize + size;
  return event;
}

}  // namespace dyad::run
