/// Turns a module that dyad itself made into object code or bitcode for this machine's generic CPU.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "host/base/result.hpp"

namespace dyad::codegen {

/// Position independent, with frame pointers left to the functions' attributes. `optimise`: 0 to 3, as -O.
Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(unsigned optimise);

/// `output`: enum dyad_output. The module must have the machine's triple and data layout.
Result<void> emit(llvm::Module& module, llvm::TargetMachine& machine, unsigned output,
                  llvm::SmallVectorImpl<char>& bytes);

}  // namespace dyad::codegen
