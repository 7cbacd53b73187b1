/// Where there is no variable to be found, nobody looks where variables are.
///
/// LLVM's pass "Live DEBUG_VALUE analysis" extends what is known about where variables are, and follows every register
/// through every function for it, also with line tables alone (-gline-tables-only, dyad's own flag), which name no
/// variable: 7 % of the time of emitting an object. The linker puts the pass of this file in the place of LLVM's
/// (CMakeLists.txt: --wrap, of the variable by which TargetPassConfig names it); with more debug information it runs
/// that.

#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/Pass.h>

#include <memory>

// References, which are pointers in an object.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
extern char* const live_debug_values asm("__real__ZN4llvm17LiveDebugValuesIDE");
extern char* const instead_of_live_debug_values asm("__wrap__ZN4llvm17LiveDebugValuesIDE");
}
// NOLINTEND(bugprone-reserved-identifier)

namespace dyad::codegen {

class SkipLiveDebugValues : public llvm::MachineFunctionPass {
 public:
  static char ID;

  SkipLiveDebugValues() : MachineFunctionPass(ID), llvms_(createPass(live_debug_values)) {}

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override { llvms_->getAnalysisUsage(usage); }

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    const llvm::DISubprogram* program = function.getFunction().getSubprogram();
    if (!program || !program->getUnit()) return false;
    if (program->getUnit()->getEmissionKind() == llvm::DICompileUnit::LineTablesOnly && !names_variables(function))
      return false;
    // It may ask for what this pass may ask for, which deletes the resolver in the end.
    llvms_->setResolver(getResolver());
    const bool has_changed = static_cast<llvm::FunctionPass&>(*llvms_).runOnFunction(function.getFunction());
    llvms_->setResolver(nullptr);
    return has_changed;
  }

 private:
  /// As it may by what was inlined from elsewhere.
  static bool names_variables(const llvm::MachineFunction& function) {
    return llvm::any_of(function, [](const llvm::MachineBasicBlock& block) {
      return llvm::any_of(block, [](const llvm::MachineInstr& each) { return each.isDebugInstr(); });
    });
  }

  std::unique_ptr<llvm::Pass> llvms_;
};

char SkipLiveDebugValues::ID;

namespace {
const llvm::RegisterPass<SkipLiveDebugValues> registered("dyad-skip-live-debug-values",
                                                         "Live DEBUG_VALUE analysis where there are values");
}  // namespace

}  // namespace dyad::codegen

char* const instead_of_live_debug_values = &dyad::codegen::SkipLiveDebugValues::ID;
