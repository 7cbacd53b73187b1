/// In which order sources are compiled. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dyad::build {

/// A source by what its compilation may take.
struct SourceSize {
  std::size_t package;  ///< its place in the order of packages
  std::uintmax_t bytes;
};

/// The order of `sources` (those of a package together, packages in order), as indices. Packages stay in order, because
/// one runs while the next is compiled; all of a package is needed at once, so there the longest goes first. A source
/// that would keep its worker busy for longer than what is behind it keeps the others begins earlier than shorter ones
/// before it, as early as that needs: the last to begin is not the last to end. Equals keep their order.
std::vector<std::size_t> compile_order(std::span<const SourceSize> sources, unsigned workers);

}  // namespace dyad::build
