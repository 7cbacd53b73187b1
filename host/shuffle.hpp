/// --shuffle: the seed of a run, and the order of its packages. The images shuffle their tests themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "host/cli/options.hpp"
#include "host/discover/workspace.hpp"

namespace dyad {

/// The seed that the flag names, or a random one; nothing if the run is not shuffled.
std::optional<std::uint32_t> choose_seed(const std::optional<cli::Shuffle>& shuffle);

/// Places in `packages` in the order in which they shall run. Each package has a rank of its own that the seed decides,
/// so that the order of some is that of all without the others.
std::vector<std::size_t> package_order(const std::vector<discover::Package>& packages,
                                       std::optional<std::uint32_t> seed);

}  // namespace dyad
