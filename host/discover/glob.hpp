/// File name patterns of the shell, for names of any bytes: * ? [a-z] [!a-z] and backslash. Not locale dependent.
#pragma once

#include <string_view>

namespace dyad::discover {

/// Whether `pattern` matches all of `name`. '*' and '?' match any byte; a '[' without its ']' is itself. Time is at
/// most the product of the lengths.
bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace dyad::discover
