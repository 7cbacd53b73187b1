#include "cache/action_file.hpp"

#include <cassert>

namespace dyad::cache {

namespace {

constexpr std::string_view kMagic = "dyad";
constexpr std::size_t kVersionAt = 4, kPlaceAt = 6, kActionAt = 8, kOutputAt = 24, kSizeAt = 40, kCheckAt = 48;
constexpr std::uint16_t kOwnFile = 0, kInline = 1;

template <class Number>
void append_number(std::string& to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) to += static_cast<char>(number >> (8 * i));
}

template <class Number>
Number number_at(std::string_view file, std::size_t offset) {
  Number number = 0;
  for (std::size_t i = sizeof number; i-- > 0;)
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(file[offset + i]));
  return number;
}

void append_digest(std::string& to, const Digest& digest) {
  auto bytes = digest.bytes();
  to.append(bytes.data(), bytes.size());
}

Digest digest_at(std::string_view file, std::size_t offset) {
  return Digest::from_bytes(std::span<const char, 16>(file.data() + offset, 16));
}

}  // namespace

std::string encode_action(const ActionId& action, const OutputId& output, std::uint64_t size,
                          std::optional<std::string_view> bytes) {
  assert((!bytes || (bytes->size() == size && size <= kLargestInlineOutput)) && "an inline output is small and whole");
  std::string file;
  file.reserve(kActionHeaderSize + (bytes ? bytes->size() : 0));
  file += kMagic;
  append_number(file, kFormatVersion);
  append_number(file, bytes ? kInline : kOwnFile);
  append_digest(file, action.digest);
  append_digest(file, output.digest);
  append_number(file, size);
  append_digest(file, digest_of(file));
  if (bytes) file += *bytes;
  return file;
}

std::expected<ActionRecord, MissReason> decode_action(const ActionId& action, std::string_view file) {
  if (file.size() < kActionHeaderSize || !file.starts_with(kMagic)) return std::unexpected(MissReason::kDamaged);
  if (number_at<std::uint16_t>(file, kVersionAt) != kFormatVersion) return std::unexpected(MissReason::kOtherVersion);
  if (digest_of(file.substr(0, kCheckAt)) != digest_at(file, kCheckAt)) return std::unexpected(MissReason::kDamaged);
  if (digest_at(file, kActionAt) != action.digest) return std::unexpected(MissReason::kForeign);
  ActionRecord record{{digest_at(file, kOutputAt)}, number_at<std::uint64_t>(file, kSizeAt), std::nullopt};
  std::string_view rest = file.substr(kActionHeaderSize);
  const auto place = number_at<std::uint16_t>(file, kPlaceAt);
  if (place == kOwnFile && rest.empty()) return record;
  if (place != kInline || rest.size() != record.size || rest.size() > kLargestInlineOutput ||
      digest_of(rest) != record.output.digest)
    return std::unexpected(MissReason::kDamaged);
  record.bytes = rest;
  return record;
}

}  // namespace dyad::cache
