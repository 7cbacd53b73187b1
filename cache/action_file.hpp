/// The bytes of an action's file: which output an action produced and, if that is small, the output itself.
/// Knows nothing of files and directories. docs/cache-format.md has the grammar and the reasons.
///
///   offset  size
///        0     4  "dyad"
///        4     2  version of the format, little endian
///        6     2  where the output is, little endian: 0 in a file of its own, 1 behind this header
///        8    16  id of the action
///       24    16  id of the output
///       40     8  size of the output in bytes, little endian
///       48    16  XXH3-128 of the 48 bytes before
///       64        the output's bytes, if they are here
///
/// Two checks, so that each byte is hashed once: the header carries its own, the output is checked against its id.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cache/digest.hpp"
#include "cache/miss_reason.hpp"

namespace dyad::cache {

/// Raise it with every change of the layout of files or folders; docs/cache-format.md has the history.
inline constexpr std::uint16_t kFormatVersion = 2;

inline constexpr std::size_t kActionHeaderSize = 64;

/// Outputs up to this size are kept inside the action's file, unless they are wanted as a file: one read gives both.
/// Not larger, because file systems give every file a block of 4 KiB, and equal outputs of several actions are not
/// shared.
inline constexpr std::size_t kLargestInlineOutput = 4096;

inline constexpr std::size_t kLargestActionFile = kActionHeaderSize + kLargestInlineOutput;

struct ActionRecord {
  OutputId output;
  std::uint64_t size = 0;
  std::optional<std::string_view> bytes;  ///< of the output, verified, if they are inside; a view into the file
};

/// `bytes` must be the output if given: at most kLargestInlineOutput.
std::string encode_action(const ActionId& action, const OutputId& output, std::uint64_t size,
                          std::optional<std::string_view> bytes);

/// Never trusts `file`: whatever it holds, the result is what `encode_action` was given for this action, or a reason.
std::expected<ActionRecord, MissReason> decode_action(const ActionId& action, std::string_view file);

}  // namespace dyad::cache
