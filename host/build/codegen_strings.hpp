/// Strings as they cross codegen/codegen.h: pointers and sizes, which live as long as what they were made from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codegen/codegen.h"

namespace dyad::build {

inline std::string_view view(dyad_str text) { return {text.data, text.size}; }
inline dyad_str str(std::string_view text) { return {text.data(), text.size()}; }

inline std::vector<dyad_str> views(const std::vector<std::string>& strings) {
  std::vector<dyad_str> out;
  out.reserve(strings.size());
  for (const auto& string : strings) out.push_back(str(string));
  return out;
}

}  // namespace dyad::build
