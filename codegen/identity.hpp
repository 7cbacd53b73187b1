/// What about this compiler can change its output, as text for cache keys.
///
/// One fact a line, so that whoever keeps the text can check later, without loading LLVM, that it still holds:
///   version TEXT              of Clang, lld and this library's contract
///   cpu NAME                  of this machine: -march=native
///   file PATH SIZE MTIME_NS   (PATH may hold blanks: read from the right) the compiler's libraries, the C and C++
///   libraries and start files that every link uses,
///                             and the directories that the search for the toolchain lists (a new gcc appears there)
///   absent PATH               looked for, not there
///   env NAME=VALUE            variables that Clang heeds, when set
#pragma once

#include <string>

namespace dyad::codegen {

std::string compute_identity();
/// "clang 22.1.8, lld 22.1.8"
std::string version_text();

}  // namespace dyad::codegen
