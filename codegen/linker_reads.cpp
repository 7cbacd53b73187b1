#include "codegen/linker_reads.hpp"

#include <llvm/Support/MemoryBufferRef.h>

#include <utility>

namespace lld::elf {
struct Ctx;
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C++" {
std::optional<llvm::MemoryBufferRef> read_file_as_lld(lld::elf::Ctx&, llvm::StringRef path) asm(
    "__real__ZN3lld3elf8readFileERNS0_3CtxEN4llvm9StringRefE");
std::optional<llvm::MemoryBufferRef> read_file(lld::elf::Ctx&, llvm::StringRef path) asm(
    "__wrap__ZN3lld3elf8readFileERNS0_3CtxEN4llvm9StringRefE");
}
// NOLINTEND(bugprone-reserved-identifier)

namespace dyad::codegen {

namespace {
LinkerReads::See current;
}  // namespace

LinkerReads::LinkerReads(See see) { current = std::move(see); }
LinkerReads::~LinkerReads() { current = nullptr; }

}  // namespace dyad::codegen

std::optional<llvm::MemoryBufferRef> read_file(lld::elf::Ctx& context, llvm::StringRef path) {
  auto file = read_file_as_lld(context, path);
  if (!file || !dyad::codegen::current) return file;
  if (const auto seen = dyad::codegen::current(path, file->getBuffer()))
    return llvm::MemoryBufferRef(*seen, file->getBufferIdentifier());
  return file;
}
