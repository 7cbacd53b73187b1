/// libdyad_codegen as the host sees it: known by its identity from the start, mapped only when something must be
/// compiled.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "codegen/codegen.h"
#include "host/base/result.hpp"

namespace dyad::build {

class Toolchain {
 public:
  /// Looks at files only: a run that compiles nothing never maps LLVM.
  static Result<Toolchain> find(const std::filesystem::path& lib_dir);
  Toolchain(Toolchain&&) noexcept;
  ~Toolchain();

  /// Everything about the tools that can change an outcome: path, size, mtime and inode of dyad and its parts, of which
  /// the compiler's library holds LLVM. For cache keys.
  const std::string& identity() const { return identity_; }

  /// Maps the library on the first call. Thread-safe. Never unloaded.
  Result<const dyad_codegen*> load() const;
  bool is_loaded() const;

 private:
  Toolchain(std::filesystem::path library, std::string identity);
  struct Loaded;
  std::filesystem::path library_;
  std::string identity_;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace dyad::build
