/// cc1 arguments as Clang's own object, made harmless for a process that lives on: no file is written beside the
/// output, no plugin is loaded, memory is given back.
#pragma once

#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendAction.h>

#include <memory>
#include <string>
#include <vector>

#include "codegen/diagnostics.hpp"

namespace dyad::codegen {

/// `arguments`: of cc1, without "-cc1". Null: `text` says why.
std::shared_ptr<clang::CompilerInvocation> make_invocation(const std::vector<std::string>& arguments, bool colour,
                                                           DiagnosticText& text);

/// compiler.ExecuteAction(action). An exception is a crash here (crash_guard.hpp), before it takes apart what Clang,
/// which knows no exceptions, has left half done.
bool execute(clang::CompilerInstance& compiler, clang::FrontendAction& action) noexcept;

/// What cc1 is told besides when it makes or uses a prelude: Clang's modules without those of the language, so that
/// what a header declares is seen where it is included and nowhere else.
void add_module_arguments(std::vector<std::string>& arguments);

}  // namespace dyad::codegen
