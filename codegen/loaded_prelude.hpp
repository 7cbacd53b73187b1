/// A prelude in memory, shared by all compilations of the process that use it: its module file is mapped once, its
/// notes are read once, and so is each of its headers that a compilation wants to see (for line numbers).
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codegen/prelude_notes.hpp"

namespace dyad::codegen {

/// Where compilations find the module file; no such file exists.
inline constexpr llvm::StringLiteral kPreludeDirectory = "/dyad-prelude";
inline constexpr llvm::StringLiteral kPreludeModule = "/dyad-prelude/prelude.pcm";
inline constexpr llvm::StringLiteral kPreludeModuleName = "dyad_prelude";

/// Thread-safe.
class LoadedPrelude {
 public:
  /// The same object for the same module file, for the life of the process. Null if the files cannot be read.
  static std::shared_ptr<const LoadedPrelude> load(const std::string& module_file, const std::string& notes_file);

  LoadedPrelude(std::unique_ptr<llvm::MemoryBuffer> module, PreludeNotes notes);

  const llvm::MemoryBuffer& module() const { return *module_; }
  const PreludeNotes& notes() const { return notes_; }
  bool has_identifier(llvm::StringRef name) const { return has(notes_.identifiers, name); }
  bool has_global_name(llvm::StringRef name) const { return has(notes_.global_names, name); }

  /// The bytes of a file that is in the prelude, as they are on disk when they are wanted first. Null if `path` is not
  /// in it or cannot be read.
  const llvm::MemoryBuffer* header(llvm::StringRef path) const;

 private:
  static bool has(const std::vector<std::string>& sorted, llvm::StringRef name) {
    return std::ranges::binary_search(sorted, name, {}, [](const std::string& each) { return llvm::StringRef(each); });
  }

  std::unique_ptr<llvm::MemoryBuffer> module_;
  PreludeNotes notes_;
  mutable std::mutex mutex_;
  mutable llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> headers_;  ///< null: not read yet
};

}  // namespace dyad::codegen
