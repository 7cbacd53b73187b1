/// What is done to a module before it is optimised and emitted: `main` gets another name, files that inline assembly
/// includes (.incbin) are found in the compilation's directory, and, for LLVM IR sources, tests and definitions are
/// read off the module.
///
/// Done in IR and not in the source's AST, so that every way to refer to `main` is covered, and in a pass at the start
/// of the pipeline, so that Clang's own backend does the rest.
#pragma once

#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>

#include <string>

#include "codegen/boundary.hpp"
#include "codegen/recording_file_system.hpp"

namespace dyad::codegen {

struct ModuleJob {
  std::string main_symbol;                       ///< empty: leave main alone
  std::string ir_source;                         ///< path, if the source is LLVM IR; else empty
  std::vector<std::string> include_directories;  ///< of the assembler, for .incbin
  RecordingFileSystem* files;
  CompileResult* result;
};

/// Adds the pass to every pipeline that `builder` makes. `job` must outlive them.
void register_module_passes(llvm::PassBuilder& builder, const ModuleJob& job);

}  // namespace dyad::codegen
