// What lld calls to know every target that LLVM was built with, where only the machine's own is linked: dyad runs what
// it compiles. CMakeLists.txt renames the machine's own in the list, whose functions are LLVM's.
#define ABSENT_NAMED(target, part) \
  void LLVMInitialize##target##part() {}
#define ABSENT(target, part) ABSENT_NAMED(target, part)

extern "C" {
#define LLVM_TARGET(target) ABSENT(target, Target) ABSENT(target, TargetInfo) ABSENT(target, TargetMC)
#include <llvm/Config/Targets.def>
#define LLVM_ASM_PRINTER(target) ABSENT(target, AsmPrinter)
#include <llvm/Config/AsmPrinters.def>
#define LLVM_ASM_PARSER(target) ABSENT(target, AsmParser)
#include <llvm/Config/AsmParsers.def>
}
