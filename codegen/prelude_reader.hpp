/// Clang's reader of module files, told that there is one file only.
///
/// Clang asks its reader to complete the chain of redeclarations of each declaration that it looks at, since another
/// module may declare the same. The reader answers with a look-up by name, which reads every declaration of that name
/// (each `operator<<` of the library), and reads every specialisation of a template one of whose specialisations is
/// meant. A prelude is a single module, whose file keeps each chain as a whole, read with its first link; what the
/// source itself declares is joined to it where it is declared. So there is nothing to complete, and it would be a
/// sixth of the time that a small test takes to compile.
#pragma once

#include <clang/AST/ASTConsumer.h>
#include <clang/Frontend/CompilerInstance.h>

namespace dyad::codegen {

/// Gives `compiler`, which has an AST and is to load the prelude as its one module, such a reader, in place of the one
/// it would make. `consumer` is the compilation's own.
void use_prelude_reader(clang::CompilerInstance& compiler, clang::ASTConsumer& consumer);

}  // namespace dyad::codegen
