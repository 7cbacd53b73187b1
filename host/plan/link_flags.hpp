/// Link flags as people and pkg-config write them are for the compiler driver; dyad calls the linker itself.
#pragma once

#include <string>
#include <vector>

namespace dyad::plan {

/// -Wl,a,b becomes a b; -Xlinker a becomes a; -pthread becomes -lpthread; everything else stays.
std::vector<std::string> for_linker(const std::vector<std::string>& flags);

}  // namespace dyad::plan
