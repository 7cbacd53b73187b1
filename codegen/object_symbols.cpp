#include "codegen/object_symbols.hpp"

#include <llvm/BinaryFormat/Magic.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Object/SymbolicFile.h>
#include <llvm/Support/raw_ostream.h>

namespace dyad::codegen {

std::vector<Symbol> read_symbols(llvm::StringRef bytes) {
  using llvm::object::BasicSymbolRef;
  std::vector<Symbol> result;
  llvm::LLVMContext context;
  auto file = llvm::object::SymbolicFile::createSymbolicFile(llvm::MemoryBufferRef(bytes, "object"),
                                                             llvm::identify_magic(bytes), &context);
  if (!file) {
    llvm::consumeError(file.takeError());
    return result;
  }
  for (const BasicSymbolRef& symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    if (!flags) {
      llvm::consumeError(flags.takeError());
      continue;
    }
    if (!(*flags & BasicSymbolRef::SF_Global) || (*flags & BasicSymbolRef::SF_FormatSpecific)) continue;
    const bool weak = *flags & (BasicSymbolRef::SF_Weak | BasicSymbolRef::SF_Common);
    const bool undefined = *flags & BasicSymbolRef::SF_Undefined;
    if (undefined && weak) continue;
    Symbol found{undefined ? DYAD_SYMBOL_UNDEFINED : weak ? DYAD_SYMBOL_WEAK : DYAD_SYMBOL_STRONG, {}};
    llvm::raw_string_ostream name(found.name);
    if (llvm::Error error = symbol.printName(name)) {
      llvm::consumeError(std::move(error));
      continue;
    }
    result.push_back(std::move(found));
  }
  return result;
}

}  // namespace dyad::codegen
