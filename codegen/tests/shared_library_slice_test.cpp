/// What is cut out of this process's own C and C++ libraries is what is in them. (That images are the same with slices
/// and with whole libraries, unit_codegen tests.)
#include "codegen/shared_library_slice.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/MemoryBuffer.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using Elf = llvm::object::ELF64LE;
using dyad::codegen::cut_shared_library;
using dyad::codegen::symbol_hash;

std::string library_of(const void* symbol) {
  Dl_info info{};
  EXPECT_NE(dladdr(symbol, &info), 0);
  auto buffer = llvm::MemoryBuffer::getFile(info.dli_fname);
  EXPECT_TRUE(buffer) << info.dli_fname;
  return (*buffer)->getBuffer().str();
}
std::string c_library() { return library_of(reinterpret_cast<const void*>(&std::qsort)); }
std::string cxx_library() { return library_of(&std::cout); }

llvm::DenseSet<std::uint64_t> hashes_of(const std::vector<std::string>& names) {
  llvm::DenseSet<std::uint64_t> hashes;
  for (const std::string& name : names) hashes.insert(symbol_hash(name));
  return hashes;
}

/// All that a linker may know of each symbol, by name and version; and the names in the dynamic section.
struct Interface {
  std::multimap<std::string, std::string> symbols;
  std::multiset<std::string> libraries;
  std::vector<std::uint64_t> alignments;

  std::set<std::string> names() const {
    std::set<std::string> result;
    for (const auto& [name, said] : symbols) result.insert(name);
    return result;
  }
};

Interface interface_of(const std::string& bytes) {
  Interface result;
  auto file = llvm::cantFail(llvm::object::ELFFile<Elf>::create(bytes));
  auto sections = llvm::cantFail(file.sections());
  llvm::ArrayRef<Elf::Half> versions;
  llvm::StringRef names;
  for (const auto& section : sections) {
    result.alignments.push_back(section.sh_addralign);
    if (section.sh_type == llvm::ELF::SHT_GNU_versym)
      versions = llvm::cantFail(file.getSectionContentsAsArray<Elf::Half>(section));
  }
  for (const auto& section : sections) {
    if (section.sh_type != llvm::ELF::SHT_DYNSYM) continue;
    names = llvm::cantFail(file.getStringTableForSymtab(section));
    const auto symbols = llvm::cantFail(file.symbols(&section));
    EXPECT_EQ(symbols.size(), versions.size());
    for (std::size_t i = section.sh_info; i < symbols.size(); ++i) {
      const auto& symbol = symbols[i];
      std::string said;
      for (const std::uint64_t number :
           {std::uint64_t{versions[i]}, std::uint64_t{symbol.st_value}, std::uint64_t{symbol.st_size},
            std::uint64_t{symbol.st_info}, std::uint64_t{symbol.st_other}, std::uint64_t{symbol.st_shndx}})
        said += std::to_string(number) + " ";
      result.symbols.emplace(llvm::cantFail(symbol.getName(names)).str(), said);
    }
  }
  for (const auto& section : sections) {
    if (section.sh_type != llvm::ELF::SHT_DYNAMIC) continue;
    for (const auto& entry : llvm::cantFail(file.getSectionContentsAsArray<Elf::Dyn>(section)))
      if (entry.d_tag == llvm::ELF::DT_NEEDED || entry.d_tag == llvm::ELF::DT_SONAME)
        result.libraries.insert(names.data() + entry.d_un.d_val);
  }
  return result;
}

TEST(SharedLibrarySlice, HasWhatIsMentionedInAllVersionsAndNothingElse) {
  const std::string library = c_library();
  const auto slice = cut_shared_library(library, hashes_of({"qsort", "realpath", "nobody_has_this"}));
  ASSERT_TRUE(slice);
  const Interface whole = interface_of(library), part = interface_of(*slice);
  EXPECT_EQ(part.names(), (std::set<std::string>{"qsort", "realpath"}));
  EXPECT_GT(part.symbols.count("realpath"), 1u);  // glibc has had two since 2.3
  for (const char* name : {"qsort", "realpath"}) {
    const auto is = part.symbols.equal_range(name), was = whole.symbols.equal_range(name);
    EXPECT_TRUE(std::equal(is.first, is.second, was.first, was.second)) << name;
  }
  EXPECT_EQ(part.libraries, whole.libraries);
  EXPECT_EQ(part.alignments, whole.alignments);
  EXPECT_LT(slice->size(), library.size() / 10);
}

TEST(SharedLibrarySlice, HasAllNamesOfAnObject) {
  const auto slice = cut_shared_library(c_library(), hashes_of({"environ"}));
  ASSERT_TRUE(slice);
  EXPECT_EQ(interface_of(*slice).names(), (std::set<std::string>{"environ", "_environ", "__environ"}));
}

TEST(SharedLibrarySlice, HasWhatTheLibraryRefersToIfThatIsMentioned) {
  const std::string library = cxx_library();
  const auto slice = cut_shared_library(library, hashes_of({"malloc", "_Znwm@@GLIBCXX_3.4"}));
  ASSERT_TRUE(slice);
  EXPECT_EQ(interface_of(*slice).names(), (std::set<std::string>{"malloc", "_Znwm"}));
}

TEST(SharedLibrarySlice, IsTheWholeInterfaceIfAllOfItIsMentioned) {
  for (const std::string& library : {c_library(), cxx_library()}) {
    const Interface whole = interface_of(library);
    const auto names = whole.names();
    const auto slice = cut_shared_library(library, hashes_of({names.begin(), names.end()}));
    ASSERT_TRUE(slice);
    EXPECT_EQ(interface_of(*slice).symbols, whole.symbols);
  }
}

TEST(SharedLibrarySlice, WhatIsNoLibraryIsNotCut) {
  EXPECT_FALSE(cut_shared_library("", hashes_of({"f"})));
  EXPECT_FALSE(cut_shared_library("/* GNU ld script */ GROUP ( /lib/libc.so.6 )", hashes_of({"f"})));
  const std::string library = c_library();
  for (const std::size_t size : {std::size_t{16}, std::size_t{64}, std::size_t{4096}, library.size() / 2})
    EXPECT_FALSE(cut_shared_library(llvm::StringRef(library).take_front(size), hashes_of({"qsort"}))) << size;
}

/// The bytes end where memory ends.
class BeforeTheEnd {
 public:
  explicit BeforeTheEnd(const std::string& bytes)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        size_((bytes.size() + page_ - 1) / page_ * page_ + page_),
        memory_(static_cast<char*>(
            mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        bytes_(memory_ + size_ - page_ - bytes.size(), bytes.size()) {
    std::memcpy(memory_ + size_ - page_ - bytes.size(), bytes.data(), bytes.size());
    mprotect(memory_ + size_ - page_, page_, PROT_NONE);
  }
  BeforeTheEnd(const BeforeTheEnd&) = delete;
  BeforeTheEnd& operator=(const BeforeTheEnd&) = delete;
  ~BeforeTheEnd() { munmap(memory_, size_); }
  llvm::StringRef bytes() const { return bytes_; }

 private:
  std::size_t page_, size_;
  char* memory_;
  llvm::StringRef bytes_;
};

/// A damaged or shortened library is cut to something or not at all; nothing outside of it is read. (lld says what is
/// wrong with it.)
TEST(SharedLibrarySlice, SurvivesDamage) {
  std::string library = c_library();
  library.resize(library.size() / 8 * 8);
  const auto mentioned = hashes_of({"qsort", "environ", "malloc", "stderr"});
  auto file = llvm::cantFail(llvm::object::ELFFile<Elf>::create(library));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tables{{0, sizeof(Elf::Ehdr)},
                                                             {file.getHeader().e_shoff, 64 * file.getHeader().e_shnum}};
  for (const auto& section : llvm::cantFail(file.sections()))
    for (const unsigned type : {llvm::ELF::SHT_DYNSYM, llvm::ELF::SHT_GNU_HASH, llvm::ELF::SHT_GNU_versym,
                                llvm::ELF::SHT_GNU_verdef, llvm::ELF::SHT_DYNAMIC, llvm::ELF::SHT_STRTAB})
      if (section.sh_type == type) tables.emplace_back(section.sh_offset, section.sh_size);
  std::mt19937 random(7);
  int cut = 0, refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string damaged = library;
    for (int i = 0; i < 8; ++i) {
      const auto& [begin, size] = tables[random() % tables.size()];
      damaged[(begin + random() % size) % damaged.size()] = static_cast<char>(random());
    }
    if (round % 4 == 0) damaged.resize(random() % damaged.size() / 8 * 8);
    const BeforeTheEnd guarded(damaged);
    ++(cut_shared_library(guarded.bytes(), mentioned) ? cut : refused);
  }
  EXPECT_GT(cut, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
