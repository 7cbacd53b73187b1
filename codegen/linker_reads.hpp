/// Stands between lld and the files that it reads in this process.
///
/// The linker passes all calls of lld::elf::readFile(), by which lld reads its inputs, through here (CMakeLists.txt:
/// --wrap). What lld names in messages and in its dependency file stays the file.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <functional>
#include <optional>

namespace dyad::codegen {

/// As long as it lives, lld takes what `see` returns for the content of the file at `path`, which is `bytes`; where it
/// returns nothing, the file's own. What it returns must stay until lld has ended. One at a time in the process; called
/// on lld's threads, one call at a time.
class LinkerReads {
 public:
  using See = std::function<std::optional<llvm::StringRef>(llvm::StringRef path, llvm::StringRef bytes)>;

  explicit LinkerReads(See see);
  LinkerReads(const LinkerReads&) = delete;
  LinkerReads& operator=(const LinkerReads&) = delete;
  ~LinkerReads();
};

}  // namespace dyad::codegen
