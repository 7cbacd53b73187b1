/// The tables of a relocatable object, as they lie in its file.
///
/// Format: ELF-64, little-endian (System V ABI, "Object Files").
#pragma once

#include <llvm/Object/ELF.h>
#include <llvm/Support/MemoryBuffer.h>

#include <memory>
#include <optional>
#include <string>

namespace dyad::codegen {

/// For what LLVM's libraries find wrong with a file that is then left as it is.
template <class T>
std::optional<T> value_of(llvm::Expected<T> expected) {
  if (expected) return std::move(*expected);
  llvm::consumeError(expected.takeError());
  return std::nullopt;
}

struct RelocatableObject {
  using Elf = llvm::object::ELF64LE;
  using Section = Elf::Shdr;
  using Symbol = Elf::Sym;
  using Relocation = Elf::Rela;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::optional<llvm::object::ELFFile<Elf>> file;
  llvm::ArrayRef<Section> sections;
  llvm::ArrayRef<Symbol> symbols;
  llvm::StringRef names;      ///< of symbols
  unsigned symbol_table = 0;  ///< section
  unsigned first_global = 0;  ///< symbol

  /// Null for what is no such object.
  static std::unique_ptr<RelocatableObject> read(const std::string& path);
  static std::unique_ptr<RelocatableObject> of(std::unique_ptr<llvm::MemoryBuffer> buffer);

  llvm::ArrayRef<Symbol> globals() const { return symbols.drop_front(first_global); }
  llvm::StringRef name_of(const Symbol& symbol) const {
    return symbol.st_name < names.size() ? llvm::StringRef(names.data() + symbol.st_name) : llvm::StringRef();
  }
  llvm::StringRef bytes_of(const Section& section) const;
  llvm::ArrayRef<Relocation> relocations_of(const Section& section) const;
};

}  // namespace dyad::codegen
