/// A package's bitcode files as one module, printed. Objects are linked as a whole, libraries only as far as something
/// before them wants a symbol: the same semantics as an image's link.
#pragma once

#include <cstdint>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// See dyad_codegen.merge_ir.
std::uint32_t merge_ir(dyad_strs objects, dyad_strs libraries, const dyad_compile_sink& sink);

}  // namespace dyad::codegen
