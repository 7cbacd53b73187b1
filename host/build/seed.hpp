/// What every cache begins with: GoogleTest and a prelude of the usual headers, for dyad's default flags, compiled when
/// dyad itself was built or installed. So the first run in a workspace does not start with what is the same for all.
///
/// A seed is a cache that `dyad cache seed` filled, at lib/dyad/seed of the installation. Its entries are copied into a
/// cache that has not had them yet; from then on they are entries like any others, found by the present content of all
/// that they were made of. With another compiler, GoogleTest or C++ library than at that time they are of no use, and
/// do no harm.
#pragma once

#include "cache/store.hpp"
#include "host/base/installation.hpp"
#include "host/build/toolchain.hpp"

namespace dyad::build {

/// Copies the seed of this installation and toolchain unless the store has had it, or is on a disk with little room.
/// What goes wrong costs time only.
void plant_seed(cache::Store& store, const Installation& installation, const Toolchain& toolchain);

}  // namespace dyad::build
