#include "host/base/exit_code.hpp"

#include <algorithm>
#include <array>

namespace dyad {

ExitCode worse(ExitCode a, ExitCode b) {
  constexpr std::array order{ExitCode::kPassed,      ExitCode::kNothing, ExitCode::kTestFailed,
                             ExitCode::kBuildFailed, ExitCode::kUsage,   ExitCode::kTool};
  auto rank = [&](ExitCode code) { return std::ranges::find(order, code); };
  return rank(a) < rank(b) ? b : a;
}

}  // namespace dyad
