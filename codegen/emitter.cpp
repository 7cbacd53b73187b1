#include "codegen/emitter.hpp"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include "codegen/codegen.h"

namespace dyad::codegen {

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(unsigned optimise) {
  const llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string problem;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!target) return fail("no code generator for " + triple.str() + ": " + problem);
  const auto level = llvm::CodeGenOpt::getLevel(optimise > 3 ? 3 : static_cast<int>(optimise));
  const std::string cpu = triple.getArch() == llvm::Triple::x86_64 ? "x86-64" : "generic";
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, cpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
                                  level.value_or(llvm::CodeGenOptLevel::None)));
  if (!machine) return fail("cannot make a code generator for " + triple.str());
  return machine;
}

Result<void> emit(llvm::Module& module, llvm::TargetMachine& machine, unsigned output,
                  llvm::SmallVectorImpl<char>& bytes) {
  llvm::raw_svector_ostream stream(bytes);
  if (output == DYAD_OUTPUT_BITCODE) {
    llvm::WriteBitcodeToFile(module, stream);
    return {};
  }
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return fail("this target cannot emit object files");
  passes.run(module);
  return {};
}

}  // namespace dyad::codegen
