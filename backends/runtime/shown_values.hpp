/// The text that the dyad_show_ functions of dyad/print.h have made, for the check that failed.
#pragma once

#include <string>

namespace dyad::runtime {

/// The text of this thread since its last dyad_show_begin(), taken away.
std::string take_shown_values();

}  // namespace dyad::runtime
