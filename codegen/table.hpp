/// The object with a package's test table and dispatcher (backends/runtime/table.h), made as LLVM IR: an image knows
/// its tests when it is linked, and nothing runs at load time to tell it.
#pragma once

#include <cstdint>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// See dyad_codegen.table.
std::uint32_t table(const dyad_table& what, const dyad_compile_sink& sink);

}  // namespace dyad::codegen
