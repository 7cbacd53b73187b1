/// The order of tests under --shuffle=SEED.
///
/// Each index has a rank of its own that the seed decides, so that leaving tests out (--run, --done) never changes the
/// order of the others: what an order does can be found by leaving tests out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace dyad::runtime {

/// The numbers below `count`, ascending without a seed.
std::vector<std::uint32_t> run_order(std::uint32_t count, std::optional<std::uint32_t> seed);

/// The seed as frameworks want it: 1 to 99999; 0 without one.
std::uint32_t framework_seed(std::optional<std::uint32_t> seed);

}  // namespace dyad::runtime
