/// Why the store did not answer. A miss is an outcome, not a failure: whoever asked computes the output again.
#pragma once

#include <string_view>

namespace dyad::cache {

enum class MissReason {
  kAbsent,        ///< never stored, or trimmed
  kDamaged,       ///< not the bytes that were written: flipped, cut off, zeroed, too long
  kForeign,       ///< sound, but another entry's; or no regular file
  kOtherVersion,  ///< of another version of the format
  kUnreadable     ///< the file system would not give it
};

/// A phrase for messages: "damaged", "belongs to another entry or is no file".
std::string_view describe(MissReason reason);

/// True if what is there is worth nothing and is removed.
constexpr bool is_worthless(MissReason reason) {
  return reason == MissReason::kDamaged || reason == MissReason::kForeign || reason == MissReason::kOtherVersion;
}

}  // namespace dyad::cache
