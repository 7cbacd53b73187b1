#include <utility>

#include "host/run/package_result.hpp"

namespace dyad::run {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kSkip:
      return "SKIP";
    case Verdict::kCrash:
      return "CRASH";
    case Verdict::kTimeout:
      return "TIMEOUT";
    case Verdict::kNotRun:
      return "NOT RUN";
  }
  std::unreachable();
}

}  // namespace dyad::run
