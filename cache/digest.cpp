#include "cache/digest.hpp"

#include <charconv>

namespace dyad::cache {

namespace {

Digest from_xxh(XXH128_hash_t hash) { return {hash.high64, hash.low64}; }

}  // namespace

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (char byte : bytes()) {
    text += kDigits[(byte >> 4) & 15];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  Digest digest;
  std::from_chars(text.data(), text.data() + 16, digest.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, digest.low, 16);
  return digest;
}

std::array<char, 16> Digest::bytes() const {
  std::array<char, 16> bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return bytes;
}

Digest Digest::from_bytes(std::span<const char, 16> bytes) {
  Digest digest;
  for (std::size_t i = 0; i < 8; ++i) {
    digest.high = digest.high << 8 | static_cast<unsigned char>(bytes[i]);
    digest.low = digest.low << 8 | static_cast<unsigned char>(bytes[8 + i]);
  }
  return digest;
}

Digest digest_of(std::string_view bytes) { return from_xxh(XXH3_128bits(bytes.data(), bytes.size())); }

BytesDigest::BytesDigest() : state_(XXH3_createState()) { XXH3_128bits_reset(state_.get()); }
void BytesDigest::add(std::string_view bytes) { XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()); }
Digest BytesDigest::finish() const { return from_xxh(XXH3_128bits_digest(state_.get())); }

Hasher::Hasher(std::string_view purpose) : state_(XXH3_createState()) {
  XXH3_128bits_reset(state_.get());
  add(purpose);
}

Hasher& Hasher::add(std::string_view field) {
  add(std::uint64_t{field.size()});
  XXH3_128bits_update(state_.get(), field.data(), field.size());
  return *this;
}

Hasher& Hasher::add(std::uint64_t field) {
  std::array<unsigned char, 8> bytes;
  for (auto& byte : bytes) {
    byte = static_cast<unsigned char>(field);
    field >>= 8;
  }
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
  return *this;
}

Hasher& Hasher::add(const Digest& field) { return add(field.high).add(field.low); }

Digest Hasher::finish() const { return from_xxh(XXH3_128bits_digest(state_.get())); }

}  // namespace dyad::cache
