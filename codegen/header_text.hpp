/// Small questions about the text of headers.
#pragma once

#include <clang/Basic/SourceManager.h>
#include <llvm/ADT/StringRef.h>

#include <string>

namespace dyad::codegen {

/// What follows "#pragma " at `location`, on this line, or is in the string of _Pragma("..."); blanks as one.
std::string pragma_text(const clang::SourceManager& sources, clang::SourceLocation location);

/// Does including this text a second time mean nothing? True if all of it, or all but pragmas and includes before it,
/// lies between "#ifndef X #define X" and the end, or if it says "#pragma once".
bool is_guarded_text(llvm::StringRef text);

/// Headers of the compiler that are included in parts, as macros of their includer say (stddef.h).
bool is_used_in_parts(llvm::StringRef path);

}  // namespace dyad::codegen
