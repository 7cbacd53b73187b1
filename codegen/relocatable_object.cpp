#include "codegen/relocatable_object.hpp"

#include <llvm/BinaryFormat/ELF.h>

namespace dyad::codegen {

namespace elf = llvm::ELF;

std::unique_ptr<RelocatableObject> RelocatableObject::read(const std::string& path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? of(std::move(*buffer)) : nullptr;
}

std::unique_ptr<RelocatableObject> RelocatableObject::of(std::unique_ptr<llvm::MemoryBuffer> buffer) {
  if (!buffer->getBuffer().starts_with("\177ELF\2\1")) return nullptr;
  auto object = std::make_unique<RelocatableObject>();
  object->buffer = std::move(buffer);
  object->file = value_of(llvm::object::ELFFile<Elf>::create(object->buffer->getBuffer()));
  if (!object->file || object->file->getHeader().e_type != elf::ET_REL) return nullptr;
  auto sections = value_of(object->file->sections());
  if (!sections || sections->size() >= elf::SHN_LORESERVE) return nullptr;
  object->sections = *sections;
  for (unsigned i = 0; i < sections->size(); ++i) {
    if ((*sections)[i].sh_type != elf::SHT_SYMTAB) continue;
    auto symbols = value_of(object->file->symbols(&(*sections)[i]));
    auto names = value_of(object->file->getStringTableForSymtab((*sections)[i]));
    if (!symbols || !names) return nullptr;
    object->symbol_table = i;
    object->symbols = *symbols;
    object->names = *names;
    object->first_global = (*sections)[i].sh_info;
  }
  return object->first_global <= object->symbols.size() ? std::move(object) : nullptr;
}

llvm::StringRef RelocatableObject::bytes_of(const Section& section) const {
  const llvm::StringRef all = buffer->getBuffer();
  if (section.sh_type == elf::SHT_NOBITS || section.sh_offset > all.size()) return {};
  return all.substr(section.sh_offset, section.sh_size);
}

llvm::ArrayRef<RelocatableObject::Relocation> RelocatableObject::relocations_of(const Section& section) const {
  const llvm::StringRef bytes = bytes_of(section);
  return {reinterpret_cast<const Relocation*>(bytes.data()), bytes.size() / sizeof(Relocation)};
}

}  // namespace dyad::codegen
