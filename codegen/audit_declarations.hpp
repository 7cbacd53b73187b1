/// The part of a prelude's audit that looks at the file's declarations, once all of it is parsed.
#pragma once

#include "codegen/prelude_audit.hpp"

namespace clang {
class ASTContext;
}

namespace dyad::codegen {

/// Objects if a declaration could have changed the meaning of prelude text behind it or of code that was instantiated
/// in the prelude; if it shares a name with something of the prelude that the file has not included; or if an
/// expression refers to such a thing.
void audit_declarations(PreludeAudit& audit, clang::ASTContext& context);

}  // namespace dyad::codegen
