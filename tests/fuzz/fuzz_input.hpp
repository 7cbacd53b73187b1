/// What fuzz targets share: how they take an input apart, and what they do when something does not hold.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace dyad::fuzz {

/// For libFuzzer to find: says where, and aborts.
inline void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s: what line %u checks does not hold\n", where.file_name(),
               static_cast<unsigned>(where.line()));
  std::abort();
}

/// Numbers and texts from the input's front; zeros and nothing at its end.
class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}
  bool empty() const { return rest_.empty(); }
  unsigned byte() {
    const std::string_view one = take(1);
    return one.empty() ? 0 : static_cast<unsigned char>(one.front());
  }
  /// Fewer bytes at the input's end.
  std::string_view take(std::size_t size) {
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 protected:
  std::string_view rest_;
};

}  // namespace dyad::fuzz
