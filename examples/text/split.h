#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace text {

// The parts of `line` between separators; "a,,b" has three parts, "" has one.
std::vector<std::string> split(std::string_view line, char separator);

// Without white space at both ends.
std::string_view trim(std::string_view line);

}  // namespace text
