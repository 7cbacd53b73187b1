/// The external symbols of an object or bitcode file in memory. Knows nothing of who made it.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <vector>

#include "codegen/boundary.hpp"

namespace dyad::codegen {

/// Undefined, strong and weak external symbols in the order of the symbol table. Weak undefined ones are left out:
/// nobody has to define them. Empty if `bytes` is neither an object nor bitcode.
std::vector<Symbol> read_symbols(llvm::StringRef bytes);

}  // namespace dyad::codegen
