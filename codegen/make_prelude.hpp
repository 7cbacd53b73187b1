/// Builds preludes: see docs/why-prelude.md.
#pragma once

#include <cstdint>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// See dyad_codegen.make_prelude.
std::uint32_t make_prelude(const dyad_prelude& what, const dyad_prelude_sink& sink);

}  // namespace dyad::codegen
