#include "host/discover/platform.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace dyad::discover {
namespace {

using Words = std::span<const std::string_view>;

// Longer words first where one is the end of another with a separator before it ("x86_64").
constexpr std::array<std::string_view, 40> kSystems{
    "aix",  "android", "bsd",     "cygwin",  "darwin", "dragonfly", "emscripten", "freebsd", "fuchsia", "haiku",
    "hpux", "hurd",    "illumos", "ios",     "linux",  "macos",     "macosx",     "mingw",   "mingw32", "mingw64",
    "msvc", "nacl",    "netbsd",  "openbsd", "osx",    "plan9",     "posix",      "qnx",     "solaris", "sunos",
    "tvos", "unix",    "vxworks", "wasi",    "wasm",   "watchos",   "win32",      "win64",   "windows", "winrt"};
constexpr std::array<std::string_view, 34> kProcessors{
    "x86_64",   "amd64", "x64",  "x86",     "i386",        "i486",    "i586",    "i686",    "386",
    "aarch64",  "arm64", "arm",  "armv6",   "armv7",       "armv8",   "riscv32", "riscv64", "riscv",
    "ppc64le",  "ppc64", "ppc",  "powerpc", "loongarch64", "loong64", "mips64",  "mips",    "mipsle",
    "mips64le", "s390x", "s390", "sparc64", "sparc",       "ia64",    "wasm32"};

// The platform that dyad was built for is the one whose tests it can run.
#if defined(__linux__)
constexpr std::array<std::string_view, 3> kThisSystem{"linux", "posix", "unix"};
#else
#error "add this system's names"
#endif
#if defined(__x86_64__)
constexpr std::array<std::string_view, 4> kThisProcessor{"x86_64", "amd64", "x64", "x86"};
#elif defined(__aarch64__)
constexpr std::array<std::string_view, 2> kThisProcessor{"aarch64", "arm64"};
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::array<std::string_view, 2> kThisProcessor{"riscv64", "riscv"};
#else
#error "add this processor's names"
#endif

constexpr bool is_separator(char c) { return c == '_' || c == '-'; }

/// The word of `words` at the end of `stem`, behind a separator that is not its first letter; or empty.
std::string_view last_word(std::string_view stem, Words words) {
  for (std::string_view word : words)
    if (stem.size() > word.size() + 1 && stem.ends_with(word) && is_separator(stem[stem.size() - word.size() - 1]))
      return word;
  return {};
}

}  // namespace

PlatformName split_platform(std::string_view stem) {
  std::string lower(stem);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  std::string_view left = lower;
  bool fits = true;
  auto cut = [&](Words known, Words here) {
    std::string_view word = last_word(left, known);
    if (word.empty()) return;
    left.remove_suffix(word.size() + 1);
    fits = fits && std::ranges::find(here, word) != here.end();
  };
  cut(kProcessors, kThisProcessor);
  cut(kSystems, kThisSystem);
  return {stem.substr(0, left.size()), fits};
}

}  // namespace dyad::discover
