/// One source in, one object out: Clang in process, on memory alone.
///
/// Nothing is shared between compilations but the driver's answers (driver_arguments.hpp) and LLVM's own tables, so any
/// number run at once. A crash in Clang fails one source (crash_guard.hpp).
#pragma once

#include <cstdint>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// See dyad_codegen.compile. Returns enum dyad_compile_status.
std::uint32_t compile(const dyad_compile& what, const dyad_compile_sink& sink);

}  // namespace dyad::codegen
