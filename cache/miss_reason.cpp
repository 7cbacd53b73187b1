#include "cache/miss_reason.hpp"

namespace dyad::cache {

std::string_view describe(MissReason reason) {
  switch (reason) {
    case MissReason::kAbsent:
      return "absent";
    case MissReason::kDamaged:
      return "damaged";
    case MissReason::kForeign:
      return "belongs to another entry or is no file";
    case MissReason::kOtherVersion:
      return "of another version of the format";
    case MissReason::kUnreadable:
      return "unreadable";
  }
  return "unknown";
}

}  // namespace dyad::cache
