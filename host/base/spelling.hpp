/// Suggestions for misspelt names: flags, keys of dyad.toml, commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dyad {

/// The name of `known` that is nearest to `word`, or empty if none is near: at most a third of the letters differ
/// (inserted, deleted, changed or swapped with their neighbour).
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

/// ` (did you mean "x"?)`, with a leading space, or nothing. For the end of a message. `quote` surrounds the name.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known, std::string_view quote = "\"");

}  // namespace dyad
