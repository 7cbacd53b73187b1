/// Running native tests: what stands behind dyad::T.
#pragma once

#include "backends/runtime/run.hpp"

namespace dyad::runtime {

/// Calls native test `index` of the image's table, its clean-ups included. `name`: how it is called.
dyad_verdict run_native_test(Run& run, std::uint32_t index, const char* name);

}  // namespace dyad::runtime
