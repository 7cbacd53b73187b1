/// Sets of test indices as the argument --done of an image has them: "0-41,43".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dyad::run {

/// `indices` ascend. Empty if there are none.
std::string index_ranges(const std::vector<std::uint32_t>& indices);

}  // namespace dyad::run
