/// Which file of this process a function or datum was loaded from, and how much of it is in memory.
#pragma once

#include <string>

namespace dyad::codegen {

/// Absolute path with symlinks resolved, or "?" if the loader does not know.
std::string loaded_file_of(const void* address);

/// Has the kernel map at once the part of a loaded file that holds `code`, if it is not large, instead of page by page as
/// it runs. Costs nothing but time if that fails.
void map_code_around(const void* code);

}  // namespace dyad::codegen
