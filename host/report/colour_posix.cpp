#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "host/report/colour.hpp"

namespace dyad::report {

bool wants_colour(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(fd) && (!no_colour || !*no_colour) && term && std::string_view(term) != "dumb";
}

}  // namespace dyad::report
