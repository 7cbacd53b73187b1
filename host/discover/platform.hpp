/// Which files are for another platform, told by the ends of their names as Go does: x_windows.cc, x_arm64.c,
/// x_linux_amd64.cc, x_windows_test.cc. C++ projects also write subprocess-win32.cc, so '-' separates as '_' does.
/// Knows names only: what #if says inside a file is the compiler's business.
///
/// Words that mean something else at least as often (win, mac, apple, js) are not in the tables. x86 fits a 64-bit
/// x86 machine: C projects use it for the family.
#pragma once

#include <string_view>

namespace dyad::discover {

struct PlatformName {
  std::string_view rest;  ///< the stem without _OS, _ARCH, _OS_ARCH; the whole stem if it names no platform
  bool fits_here = true;  ///< whether all that was cut off names this platform
};

/// `stem`: a file name without its suffix. Letter case does not matter. A stem that consists of nothing but such a word
/// (windows.cc, linux_test.cc) names no platform.
PlatformName split_platform(std::string_view stem);

}  // namespace dyad::discover
