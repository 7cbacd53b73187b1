/// What `dyad test` and `dyad explain` set up in the same way: the workspace's packages, the backend, the build
/// session, and what earlier runs found out.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "host/base/installation.hpp"
#include "host/base/result.hpp"
#include "host/build/session.hpp"
#include "host/cli/options.hpp"
#include "host/discover/workspace.hpp"
#include "host/results/crash_memory.hpp"
#include "host/results/known_results.hpp"
#include "host/run/backend.hpp"
#include "host/run/runner.hpp"

namespace dyad {

/// What is known about a package before anything is built.
struct KnownPackage {
  std::optional<build::BuiltPackage> built;  ///< its build is up to date
  std::optional<run::PackageResult> result;  ///< its result too
};

/// What a backend calls a kind of image.
dyad_artifact artifact_of(build::ImageKind kind);

struct TestSession {
  /// Not movable: its parts refer to each other.
  /// `backend`: one that is loaded already; null: the one that `options` name is loaded.
  static Result<std::unique_ptr<TestSession>> open(const cli::TestOptions& options,
                                                   std::shared_ptr<run::Backend> backend = nullptr);
  TestSession() = default;
  TestSession(const TestSession&) = delete;
  TestSession& operator=(const TestSession&) = delete;

  /// The kind of images that `package` is to have: what the backend runs, unless the package has crashed lately.
  build::ImageKind kind_of(const discover::Package& package) const;

  /// In the order of `packages`. In parallel; loads no compiler and starts no process.
  std::vector<KnownPackage> find_known(bool with_results) const;

  Installation installation;
  discover::Workspace workspace;
  std::vector<discover::Package> packages;
  std::shared_ptr<run::Backend> backend;
  build::ImageKind kind = build::ImageKind::kShared;  ///< what it runs
  std::optional<run::Backend> programs;  ///< exe, once a package must run on it although `backend` is another
  run::RunOptions run_options;
  build::Statistics statistics;
  std::unique_ptr<build::Session> build;
  std::optional<results::KnownResults> results;
  std::optional<results::CrashMemory> crashes;  ///< nothing where it is not to be followed
};

}  // namespace dyad
