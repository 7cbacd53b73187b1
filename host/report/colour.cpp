#include "host/report/colour.hpp"

#include <fmt/format.h>

namespace dyad::report {

std::string paint(bool colour, Colour which, std::string_view text) {
  if (!colour) return std::string(text);
  int code = which == Colour::kGreen ? 32 : which == Colour::kRed ? 31 : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace dyad::report
