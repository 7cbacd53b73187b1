#include "codegen/link_slices.hpp"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/BinaryFormat/Magic.h>
#include <llvm/Object/Archive.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Path.h>

#include <algorithm>

#include "codegen/prelude_slice.hpp"
#include "codegen/shared_library_slice.hpp"

namespace dyad::codegen {

namespace {

/// Bytes from which on reading an object twice is better than linking all of it.
constexpr std::uint64_t kLeastSize = 256 << 10;

/// Symbols that lld defines in a program where a library has them: what its reference calls reserved.
constexpr const char* kReserved[] = {"__bss_start", "__ehdr_start", "__executable_start", "_edata", "_end", "_etext",
                                     "edata",       "end",          "etext"};

/// Of a linker script: the files and symbols that it names, and keywords.
std::vector<std::string> words_of(llvm::StringRef text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \t\r\n(){},;=\"");
    if (end != 0) words.push_back(text.take_front(end).str());
    text = end == llvm::StringRef::npos ? llvm::StringRef() : text.drop_front(end + 1);
  }
  return words;
}

}  // namespace

LinkSlices::LinkSlices(const std::vector<std::string>& objects, const std::vector<std::string>& libraries,
                       const std::vector<std::string>& others) {
  std::map<std::string, std::unique_ptr<const RelocatableObject>> read;
  for (const auto* paths : {&objects, &libraries})
    for (const std::string& path : *paths)
      if (!(read[path] = RelocatableObject::read(path))) return;  // nobody knows what it mentions
  for (const std::string& library : libraries) {
    if (read[library]->buffer->getBufferSize() < kLeastSize) continue;
    std::vector<const RelocatableObject*> rest;
    for (const auto& [path, object] : read)
      if (path != library) rest.push_back(object.get());
    const auto cut = cut_prelude_object(library, rest);
    if (!cut) continue;
    if (auto file = UnnamedFile::make(*cut)) preludes_.emplace(library, *std::move(file));
  }

  const auto is_for_x86 = [](const auto& each) {
    return each.second->file->getHeader().e_machine == llvm::ELF::EM_X86_64;
  };
  if (!std::ranges::all_of(read, is_for_x86)) return;  // others' libraries cannot be cut
  for (const auto& [path, object] : read) {
    if (const auto slice = preludes_.find(path); slice != preludes_.end()) {
      mention(slice->second.path());
    } else {
      mention(*object);
    }
    known_.insert(path);
  }
  for (const char* name : kReserved) mentioned_.insert(symbol_hash(name));
  for (const std::string& path : others) mention(path);
  mention_members();
}

std::vector<const UnnamedFile*> LinkSlices::files() const {
  std::vector<const UnnamedFile*> result;
  for (const auto& [whole, slice] : preludes_) result.push_back(&slice);
  return result;
}

std::vector<std::string> LinkSlices::put_into(std::vector<std::string> arguments) const {
  for (std::string& argument : arguments)
    if (const auto slice = preludes_.find(argument); slice != preludes_.end()) argument = slice->second.path();
  return arguments;
}

std::string LinkSlices::name_wholes(std::string text) const {
  for (const auto& [whole, slice] : preludes_) {
    const std::string name = slice.path() + ":";
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += whole.size())
      text.replace(at, name.size() - 1, whole);
  }
  return text;
}

std::string LinkSlices::whole_of(const std::string& path) const {
  for (const auto& [whole, slice] : preludes_)
    if (slice.path() == path) return whole;
  return path;
}

void LinkSlices::mention(const RelocatableObject& object) {
  for (const auto& symbol : object.globals()) mentioned_.insert(symbol_hash(object.name_of(symbol)));
}

/// An object, an archive of objects, a linker script, which may name such; a shared library mentions nothing that is
/// not cut from it, too.
void LinkSlices::mention(const std::string& path) {
  if (known_.contains(path) || archives_.contains(path)) return;
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) return;
  switch (llvm::identify_magic((*buffer)->getBuffer())) {
    case llvm::file_magic::elf_relocatable: {
      const auto object = RelocatableObject::of(std::move(*buffer));
      if (!object) return;
      mention(*object);
      break;
    }
    case llvm::file_magic::archive:
      archives_.emplace(path, std::move(*buffer));
      return;
    case llvm::file_magic::elf_shared_object:
      toolchains_.insert(path);
      return;
    case llvm::file_magic::bitcode:
    case llvm::file_magic::elf:
    case llvm::file_magic::elf_executable:
      return;
    default:
      known_.insert(path);  // a script that names itself is none
      for (const std::string& word : words_of((*buffer)->getBuffer())) {
        mentioned_.insert(symbol_hash(word));
        if (word.starts_with("/"))
          mention(word);
        else if (llvm::StringRef(word).contains(".so"))
          toolchains_.insert(word);  // found somewhere
      }
  }
  known_.insert(path);
}

/// Of archives from which a member may be linked: what all members mention, which may make members of others wanted.
void LinkSlices::mention_members() {
  for (bool is_new = true; is_new;) {
    is_new = false;
    for (auto& [path, buffer] : archives_) {
      if (!buffer) continue;
      const auto archive = value_of(llvm::object::Archive::create(*buffer));
      if (!archive || (*archive)->isThin()) {
        buffer.reset();
        continue;
      }
      known_.insert(path);
      bool is_wanted = !(*archive)->hasSymbolTable();
      for (const auto& symbol : (*archive)->symbols())
        is_wanted = is_wanted || mentioned_.contains(symbol_hash(symbol.getName()));
      if (!is_wanted) continue;
      if (!mention_members(**archive)) known_.erase(path);
      buffer.reset();
      is_new = true;
    }
  }
  archives_.clear();
}

/// False if there is one of which nobody knows what it mentions.
bool LinkSlices::mention_members(const llvm::object::Archive& archive) {
  llvm::Error problem = llvm::Error::success();
  bool are_all_read = true;
  for (const auto& member : archive.children(problem)) {
    const auto content = value_of(member.getMemoryBufferRef());
    const auto object = content ? RelocatableObject::of(llvm::MemoryBuffer::getMemBuffer(*content, false)) : nullptr;
    are_all_read = are_all_read && object;
    if (object) mention(*object);
  }
  if (!problem) return are_all_read;
  llvm::consumeError(std::move(problem));
  return false;
}

std::optional<llvm::StringRef> LinkSlices::see(llvm::StringRef path, llvm::StringRef bytes) {
  if (mentioned_.empty() || known_.contains(path)) return std::nullopt;
  if (toolchains_.contains(path) || toolchains_.contains(llvm::sys::path::filename(path)))
    if (auto cut = cut_shared_library(bytes, mentioned_)) return shared_libraries_.emplace_back(*std::move(cut));
  is_surprised_ = true;  // also by a library that is no ours to cut: it may refer to what was cut from others
  return std::nullopt;
}

void LinkSlices::use_whole_libraries() {
  mentioned_.clear();
  shared_libraries_.clear();
}

}  // namespace dyad::codegen
