/// What pkg-config says, from run to run: so that a run in which nothing has changed starts no pkg-config.
///
/// An answer is kept with everything that it may depend on: the program that PATH leads to, the variables that
/// pkg-config reads, and all .pc files of all directories that it searches, since which of them it reads (Requires, in
/// any depth) is for pkg-config alone to know. Failures are not kept: a package may be installed any moment.
/// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/inputs/world.hpp"
#include "host/plan/pkg_config.hpp"

namespace dyad::build {

class PkgConfigAnswers {
 public:
  /// `world` outlives it.
  explicit PkgConfigAnswers(inputs::World& world) : world_(world) {}

  /// As plan::query_pkg_config.
  Result<std::vector<std::string>> ask(const std::string& package, plan::PkgConfigQuery query);

 private:
  inputs::World& world_;
};

/// The variables whose names begin with PKG_CONFIG, and the others that pkg-config reads: NAME=value, a line each,
/// sorted. The text of a fact (GivenFacts).
std::string pkg_config_variables();

}  // namespace dyad::build
