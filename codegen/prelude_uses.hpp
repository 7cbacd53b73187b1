/// Template code of GoogleTest and the usual containers that nearly every test uses: the start of a prelude's uses,
/// before anything was learned from the workspace.
#pragma once

#include <string>

namespace dyad::codegen {

/// C++14 or later, for behind the prelude's headers: parts whose headers are not among them are left out by the
/// preprocessor.
std::string built_in_uses();

}  // namespace dyad::codegen
