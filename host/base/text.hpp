/// Small operations on text that several layers need.
#pragma once

#include <string>
#include <string_view>

namespace dyad {

/// `text` without ANSI escape sequences (CSI: ECMA-48), for output that is no terminal.
std::string without_colours(std::string_view text);

/// `text` on one line of a message: control characters as in C (\n, \x1b), bytes that are not UTF-8 as they are.
std::string printable(std::string_view text);

}  // namespace dyad
