/// Hashes and the ids made of them. XXH3-128 (https://github.com/Cyan4973/xxHash): fast, not cryptographic; enough for
/// a directory that only its owner can write.
#pragma once

#include <xxhash.h>

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dyad::cache {

struct Digest {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Digest&) const = default;
  /// 32 lower-case hexadecimal digits.
  std::string hex() const;
  static std::optional<Digest> from_hex(std::string_view text);
  /// 16 bytes in the order of the digits.
  std::array<char, 16> bytes() const;
  static Digest from_bytes(std::span<const char, 16> bytes);
};

struct FreeXxhState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using XxhState = std::unique_ptr<XXH3_state_t, FreeXxhState>;

/// The digest of a complete description of a computation: what is asked for.
struct ActionId {
  Digest digest;
  auto operator<=>(const ActionId&) const = default;
};

/// The digest of bytes: what came out.
struct OutputId {
  Digest digest;
  auto operator<=>(const OutputId&) const = default;
};

Digest digest_of(std::string_view bytes);

/// digest_of what is added piece by piece, without the lengths that `Hasher` adds.
class BytesDigest {
 public:
  BytesDigest();
  void add(std::string_view bytes);
  Digest finish() const;

 private:
  XxhState state_;
};

/// Hashes a sequence of fields. Each is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
class Hasher {
 public:
  /// `purpose` separates kinds of actions: "compile 1". Raise its number when the meaning of the fields changes.
  explicit Hasher(std::string_view purpose);
  Hasher& add(std::string_view field);
  Hasher& add(std::uint64_t field);
  Hasher& add(const Digest& field);
  Digest finish() const;

 private:
  XxhState state_;
};

}  // namespace dyad::cache

template <>
struct std::hash<dyad::cache::Digest> {
  std::size_t operator()(const dyad::cache::Digest& digest) const noexcept { return digest.low; }
};
