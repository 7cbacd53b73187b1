/// Frames of the event stream, written from the grammar in backends/abi/wire.md alone, for tests of the reader.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "backends/abi/wire.h"

namespace dyad::run::frames {

template <std::unsigned_integral T>
std::string number(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  return bytes;
}
inline std::string u8(unsigned value) { return number(static_cast<std::uint8_t>(value)); }
inline std::string u32(std::uint32_t value) { return number(value); }
inline std::string u64(std::uint64_t value) { return number(value); }
inline std::string str(std::string_view text) {
  return u32(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

inline std::string frame(unsigned type, const std::string& payload) {
  return u32(static_cast<std::uint32_t>(payload.size())) + u8(type) + payload;
}

inline std::string hello(std::uint32_t version = DYAD_WIRE_VERSION) { return frame(1, u32(version) + u32(4711)); }
inline std::string found(std::uint32_t index, std::string_view name, unsigned kind = DYAD_TEST_NATIVE,
                         std::string_view file = "calc_test.cc", std::uint32_t line = 7) {
  return frame(2, u32(index) + u8(kind) + u32(line) + str(name) + str(file));
}
inline std::string listed(std::uint32_t count) { return frame(3, u32(count)); }
inline std::string started(std::uint32_t index, std::uint64_t output = 0) { return frame(4, u32(index) + u64(output)); }
inline std::string finished(std::uint32_t index, unsigned verdict = DYAD_PASS, std::uint64_t output = 0,
                            std::uint64_t nanoseconds = 1'000'000) {
  return frame(5, u32(index) + u8(verdict) + u64(nanoseconds) + u64(output));
}
inline std::string message(std::uint32_t index, std::string_view text, unsigned severity = DYAD_ERROR,
                           std::uint64_t output = 0, std::string_view subtest = "",
                           std::string_view file = "calc_test.cc", std::uint32_t line = 12) {
  return frame(6, u32(index) + u8(severity) + u32(line) + u64(output) + str(subtest) + str(file) + str(text));
}
inline std::string sub_started(std::uint32_t index, std::string_view subtest, std::uint64_t output = 0) {
  return frame(7, u32(index) + u64(output) + str(subtest));
}
inline std::string sub_finished(std::uint32_t index, std::string_view subtest, unsigned verdict = DYAD_PASS,
                                std::uint64_t output = 0, std::uint64_t nanoseconds = 1'000'000) {
  return frame(8, u32(index) + u8(verdict) + u64(nanoseconds) + u64(output) + str(subtest));
}
inline std::string outside(std::string_view text, unsigned severity = DYAD_ERROR, std::uint64_t output = 0) {
  return frame(9, u8(severity) + u32(3) + u64(output) + str("env.cc") + str(text));
}
inline std::string done(unsigned failed = 0, std::uint64_t output = 0) { return frame(10, u8(failed) + u64(output)); }

}  // namespace dyad::run::frames
