#include "host/run/index_ranges.hpp"

#include <fmt/format.h>

namespace dyad::run {

std::string index_ranges(const std::vector<std::uint32_t>& indices) {
  std::string ranges;
  for (std::size_t first = 0; first < indices.size();) {
    std::size_t last = first;
    while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
    if (!ranges.empty()) ranges += ',';
    ranges += first == last ? fmt::format("{}", indices[first]) : fmt::format("{}-{}", indices[first], indices[last]);
    first = last + 1;
  }
  return ranges;
}

}  // namespace dyad::run
