/// Writing to the input log's memory (backends/abi/input_log.h). Knows nothing of files and variables: a record is a
/// kind and a text.
///
/// Called from signal handlers, from children of fork and vfork, by any number of threads and processes at once: no
/// lock, no allocation, little stack. A text comes in pieces, so that nobody needs a buffer to put a path together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backends/abi/input_log.h"

namespace dyad::inputs {

/// The text base + '/' + rest; without a slash if `rest` is not below `base` but goes on from it (`joined`).
struct Text {
  std::string_view base, rest;
  bool joined = false;

  std::size_t size() const { return base.size() + (joined ? 0 : 1) + rest.size(); }
};

/// A text of one piece.
inline Text whole(std::string_view text) { return {"", text, true}; }

class InputLog {
 public:
  /// `memory` of DYAD_INPUT_SIZE bytes, page-aligned, with a header that the host made.
  explicit constexpr InputLog(unsigned char* memory) : memory_(memory) {}
  /// Whether there is such a header. Nothing else may be called if not.
  bool is_valid() const;

  /// Adds a record unless it is there. If there is no room, the log overflows.
  void add(dyad_record_kind kind, dyad_input_seen seen, const Text& text);
  bool contains(dyad_record_kind kind, dyad_input_seen seen, const Text& text) const;
  void set(dyad_input_flag flag);
  /// Paths, each with its NUL.
  std::string_view left_out() const;
  /// What the constructor was given.
  unsigned char* memory() const { return memory_; }

 private:
  struct Place {
    std::uint32_t slot;    ///< where the search ended: the record's, or free for it; kNone if the slots there are full
    std::uint32_t offset;  ///< of the record, or kNone
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Place find(const dyad_input_record& head, const Text& text) const;
  bool is_at(std::uint32_t offset, const dyad_input_record& head, const Text& text) const;
  dyad_input_header& header() const { return *reinterpret_cast<dyad_input_header*>(memory_); }
  unsigned char* records() const { return memory_ + sizeof(dyad_input_header); }
  std::uint32_t* slots() const {
    return reinterpret_cast<std::uint32_t*>(memory_ + DYAD_INPUT_SIZE - DYAD_INPUT_SLOTS * sizeof(std::uint32_t));
  }

  unsigned char* memory_;
};

}  // namespace dyad::inputs
