/// Which file of this process a function or datum was loaded from.
#pragma once

#include <string>

namespace dyad::codegen {

/// Absolute path with symlinks resolved, or "?" if the loader does not know.
std::string loaded_file_of(const void* address);

}  // namespace dyad::codegen
