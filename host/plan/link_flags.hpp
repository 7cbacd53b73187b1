/// Link flags as people and pkg-config write them are for the compiler driver; dyad calls the linker itself.
#pragma once

#include <string>
#include <vector>

namespace dyad::plan {

/// -Wl,a,b becomes a b; -Xlinker a becomes a; -pthread becomes -lpthread; everything else stays.
std::vector<std::string> for_linker(const std::vector<std::string>& flags);

/// Those of a compiler's flags that the linker's driver must know, too: which sanitizers the code is instrumented for.
std::vector<std::string> sanitizer_flags(const std::vector<std::string>& flags);

/// Which of a sanitizer's runtimes an image that is linked with `flags` holds: "address", "address,undefined"; empty if
/// none. Such a runtime must be there when the program starts, so that no running process can load the image.
std::string sanitizer_runtimes(const std::vector<std::string>& flags);

}  // namespace dyad::plan
