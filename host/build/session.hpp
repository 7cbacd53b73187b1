/// Everything that building needs, made once per run: compiler arguments, cache, toolchain, workers, builder.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cache/store.hpp"
#include "host/base/file.hpp"
#include "host/build/builder.hpp"

namespace dyad::build {

struct SessionOptions {
  bool release = false;
  unsigned jobs = 1;  ///< compilations at once
  ImageKind kind = ImageKind::kShared;
  std::filesystem::path output;  ///< where images go; empty: a temporary directory that goes with the session
};

class Session {
 public:
  /// `installation`, `workspace` and `statistics` must outlive the session. A cache that cannot be used is no failure:
  /// `cache_warning()` says why.
  static Result<std::unique_ptr<Session>> open(const Installation& installation, const discover::Workspace& workspace,
                                               const SessionOptions& options, Statistics& statistics);
  /// Abandons compilations that have not begun and waits for the others.
  ~Session();

  Builder& builder() { return *builder_; }
  Compiler& compiler() { return *compiler_; }
  const std::string& cache_warning() const { return cache_warning_; }

 private:
  Session(TemporaryDirectory scratch, Toolchain toolchain)
      : scratch_(std::move(scratch)), toolchain_(std::move(toolchain)) {}

  TemporaryDirectory scratch_;
  Toolchain toolchain_;
  std::optional<cache::Store> store_;
  std::string cache_warning_;
  std::unique_ptr<plan::Arguments> arguments_;
  std::unique_ptr<Compiler> compiler_;
  std::unique_ptr<Builder> builder_;
};

}  // namespace dyad::build
