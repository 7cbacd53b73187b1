/// Everything that building needs, made once per run: compiler arguments, cache, what is known about files, toolchain,
/// workers, builder.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cache/store.hpp"
#include "host/base/file.hpp"
#include "host/build/builder.hpp"
#include "host/build/given_facts.hpp"
#include "host/build/pkg_config_answers.hpp"
#include "host/inputs/file_states.hpp"

namespace dyad::build {

struct SessionOptions {
  bool release = false;
  unsigned jobs = 1;             ///< compilations at once
  std::filesystem::path output;  ///< where images go; empty: a temporary directory that goes with the session
  bool use_cache = true;
  bool preludes = true;
  bool verify = false;  ///< do everything again and compare it with what is cached
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
  inputs::World& world() { return *world_; }
  GivenFacts& given() { return *given_; }
  Mismatches& mismatches() { return mismatches_; }
  const std::string& cache_warning() const { return cache_warning_; }
  /// Why something could not be kept, one line; empty: everything was.
  std::string cache_problem() const { return store_ ? store_->write_problem() : std::string(); }
  /// What has happened in the cache; all zero without one.
  cache::StoreCounts cache_counts() const { return store_ ? store_->counts() : cache::StoreCounts{}; }
  /// Trims the cache if it is due. To be called when nothing of it is used by path any more. One line if it went wrong,
  /// but nothing if there is a cache_problem() already.
  std::string trim_cache();

 private:
  Session(TemporaryDirectory scratch, Toolchain toolchain)
      : scratch_(std::move(scratch)), toolchain_(std::move(toolchain)) {}

  TemporaryDirectory scratch_;
  Toolchain toolchain_;
  std::optional<cache::Store> store_;
  Mismatches mismatches_;
  std::filesystem::path memo_;  ///< where file states are kept; empty: nowhere
  inputs::FileStates files_;
  std::string cache_warning_;
  std::unique_ptr<plan::Arguments> arguments_;
  std::unique_ptr<GivenFacts> given_;
  std::unique_ptr<inputs::World> world_;
  std::unique_ptr<PkgConfigAnswers> pkg_config_;
  std::unique_ptr<UnitInputs> inputs_;
  std::unique_ptr<Compiler> compiler_;
  std::unique_ptr<Builder> builder_;
};

}  // namespace dyad::build
