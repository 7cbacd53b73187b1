/// Results of earlier runs. A result is kept only if all tests passed or were skipped and nothing about the run is in
/// doubt; its key is what the images were made from, the flags that matter, the backend, and the present state of
/// everything that the tests looked at last time.
///
/// Thread-safe. Knows nothing of how packages are built or run.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/build/built_package.hpp"
#include "host/discover/workspace.hpp"
#include "host/inputs/world.hpp"
#include "host/run/package_result.hpp"
#include "host/run/runner.hpp"

namespace dyad::results {

class KnownResults {
 public:
  /// Name and identity of the backend that runs images of a kind.
  using BackendOf = std::function<std::string(build::ImageKind)>;
  /// `world` and `options` outlive it.
  KnownResults(inputs::World& world, BackendOf backend_of, const run::RunOptions& options);

  /// Nothing if the package's images are not determined by anything that is known.
  std::optional<cache::ActionId> lookup_action(const discover::Package& package,
                                               const build::BuiltPackage& built) const;

  /// Fills in `result`, which knows what the build says. False: it must be run.
  bool find(const discover::Package& package, const build::BuiltPackage& built, run::PackageResult& result) const;

  /// Keeps the result or notes why not.
  void keep(const discover::Package& package, const build::BuiltPackage& built, const run::PackageResult& result);

 private:
  /// The list of what every process depends on, whatever its tests look at; nothing if it could not be kept.
  std::optional<cache::Digest> every_process();

  inputs::World& world_;
  BackendOf backend_of_;
  const run::RunOptions& options_;
  std::once_flag every_process_once_;
  std::optional<cache::Digest> every_process_;
};

/// Why a result must not be kept; empty: it may.
std::string reason_not_to_keep(const run::PackageResult& result, bool list_only);

}  // namespace dyad::results
