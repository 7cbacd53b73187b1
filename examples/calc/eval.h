#pragma once

#include <string_view>

namespace calc {

// The value of a sum such as "1 + 2 - 3". Throws std::invalid_argument at anything else.
double eval(std::string_view sum);

}  // namespace calc
