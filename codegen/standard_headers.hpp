/// Which headers are the C++ and C library's, the kernel's and the compiler's: headers that the standards allow in any
/// order, and that no order of them changes. Knows paths alone, no contents.
#pragma once

#include <llvm/ADT/StringRef.h>

namespace dyad::codegen {

/// `path`: as the compiler spells it (absolute, perhaps with "..").
bool is_standard_header(llvm::StringRef path);

}  // namespace dyad::codegen
