#include "backends/runtime/input_log.hpp"

#include <cstring>

namespace dyad::inputs {
namespace {

constexpr std::uint32_t kRoom = DYAD_INPUT_SIZE - static_cast<std::uint32_t>(sizeof(dyad_input_header)) -
                                DYAD_INPUT_SLOTS * static_cast<std::uint32_t>(sizeof(std::uint32_t));
/// A record whose slot is farther from its place than this is written again when it is said again.
constexpr std::uint32_t kMostProbes = 32;

/// FNV-1a. Collisions cost time only: records are compared.
class Hash {
 public:
  void eat(std::string_view bytes) {
    for (char byte : bytes) eat(static_cast<unsigned char>(byte));
  }
  void eat(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3u; }
  std::uint32_t slot() const { return static_cast<std::uint32_t>(state_ >> 32) % DYAD_INPUT_SLOTS; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

std::uint64_t word(const dyad_input_record& head) {
  std::uint64_t word;
  static_assert(sizeof word == sizeof head);
  std::memcpy(&word, &head, sizeof word);
  return word;
}

std::uint32_t padded(std::uint32_t size) { return (size + 7) & ~7u; }

}  // namespace

bool InputLog::is_valid() const {
  const dyad_input_header& known = header();
  return known.magic == DYAD_INPUT_MAGIC && known.version == DYAD_INPUT_VERSION && known.size == DYAD_INPUT_SIZE &&
         known.left_out_size <= sizeof known.left_out;
}

std::string_view InputLog::left_out() const { return {header().left_out, header().left_out_size}; }

void InputLog::set(dyad_input_flag flag) { __atomic_fetch_or(&header().flags, flag, __ATOMIC_RELEASE); }

bool InputLog::is_at(std::uint32_t offset, const dyad_input_record& head, const Text& text) const {
  // A test that writes wildly may have hit the slots.
  if (offset % 8 != 0 || offset > kRoom - sizeof head || kRoom - sizeof head - offset < head.size) return false;
  const unsigned char* record = records() + offset;
  if (__atomic_load_n(reinterpret_cast<const std::uint64_t*>(record), __ATOMIC_ACQUIRE) != word(head)) return false;
  const unsigned char* bytes = record + sizeof head;
  if (std::memcmp(bytes, text.base.data(), text.base.size()) != 0) return false;
  bytes += text.base.size();
  if (!text.joined && *bytes++ != '/') return false;
  return std::memcmp(bytes, text.rest.data(), text.rest.size()) == 0;
}

InputLog::Place InputLog::find(const dyad_input_record& head, const Text& text) const {
  Hash hash;
  hash.eat(static_cast<unsigned char>(head.kind * 4 + head.seen));
  hash.eat(text.base);
  if (!text.joined) hash.eat('/');
  hash.eat(text.rest);
  for (std::uint32_t i = 0; i < kMostProbes; ++i) {
    std::uint32_t slot = (hash.slot() + i) % DYAD_INPUT_SLOTS;
    std::uint32_t value = __atomic_load_n(slots() + slot, __ATOMIC_ACQUIRE);
    if (value == 0) return {slot, kNone};
    if (is_at(value - 1, head, text)) return {slot, value - 1};
  }
  return {kNone, kNone};
}

bool InputLog::contains(dyad_record_kind kind, dyad_input_seen seen, const Text& text) const {
  const dyad_input_record head{static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(seen), 0,
                               static_cast<std::uint32_t>(text.size())};
  return text.size() <= DYAD_INPUT_MAX_TEXT && find(head, text).offset != kNone;
}

void InputLog::add(dyad_record_kind kind, dyad_input_seen seen, const Text& text) {
  if (text.size() > DYAD_INPUT_MAX_TEXT) return set(DYAD_INPUT_OVERFLOW);
  const dyad_input_record head{static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(seen), 0,
                               static_cast<std::uint32_t>(text.size())};
  const Place place = find(head, text);
  if (place.offset != kNone) return;

  const std::uint32_t size = static_cast<std::uint32_t>(sizeof head) + padded(head.size);
  std::uint32_t offset = __atomic_load_n(&header().used, __ATOMIC_RELAXED);
  do {
    if (offset % 8 != 0 || offset > kRoom || kRoom - offset < size) return set(DYAD_INPUT_OVERFLOW);
  } while (
      !__atomic_compare_exchange_n(&header().used, &offset, offset + size, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  unsigned char* record = records() + offset;
  unsigned char* bytes = record + sizeof head;
  std::memcpy(bytes, text.base.data(), text.base.size());
  bytes += text.base.size();
  if (!text.joined) *bytes++ = '/';
  std::memcpy(bytes, text.rest.data(), text.rest.size());
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(record), word(head), __ATOMIC_RELEASE);

  // If another thread has taken the slot meanwhile, this record may be written once more: no harm.
  std::uint32_t free = 0;
  if (place.slot != kNone)
    __atomic_compare_exchange_n(slots() + place.slot, &free, offset + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

}  // namespace dyad::inputs
