/// Colour on a terminal: which words get one, and whether at all.
#pragma once

#include <string>
#include <string_view>

namespace dyad::report {

enum class Colour { kGreen, kRed, kYellow };

/// True if `fd` is a terminal, NO_COLOR is unset or empty, and TERM is not "dumb".
bool wants_colour(int fd);

/// The text in a colour, or as it is.
std::string paint(bool colour, Colour which, std::string_view text);

}  // namespace dyad::report
