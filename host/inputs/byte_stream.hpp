/// Numbers and texts as bytes, little-endian, for files of the cache that are read in a hurry. A reader never reads
/// past its end: after the first thing that does not fit, ok() is false and everything reads as zero or empty.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "cache/digest.hpp"

namespace dyad::inputs {

class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void digest(const cache::Digest& value) { u64(value.high), u64(value.low); }
  void text(std::string_view value) { u32(static_cast<std::uint32_t>(value.size())), raw(value); }
  void raw(std::string_view value) { bytes_ += value; }
  const std::string& bytes() const { return bytes_; }

 private:
  void number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  cache::Digest digest() {
    auto high = u64();
    return {high, u64()};
  }
  /// Valid as long as the bytes are.
  std::string_view text() { return raw(u32()); }
  std::string_view raw(std::size_t size) {
    if (size > rest_.size()) return damaged(), std::string_view();
    auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  /// A number of things that take at least `least` bytes each: no more than can follow.
  std::uint32_t count(std::size_t least) {
    auto value = u32();
    if (value > rest_.size() / least) damaged();
    return ok_ ? value : 0;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  void damaged() { ok_ = false, rest_ = {}; }
  std::uint64_t number(std::size_t size) {
    auto taken = raw(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < taken.size(); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    return value;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace dyad::inputs
