/// The argument vector of an image (backends/abi/package.h) as data. Knows nothing of tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dyad::runtime {

/// A set of indices, written "0-41,43".
class IndexRanges {
 public:
  /// False if `text` is not of that form; the set is then unspecified. "" is the empty set.
  bool parse(const std::string& text);
  bool contains(std::uint32_t index) const;

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;  // sorted, first and last
};

struct Arguments {
  bool list = false;
  bool help = false;
  bool failfast = false;
  std::string run, skip;  ///< patterns; empty: all, none
  IndexRanges done;
  IndexRanges only;  ///< if `has_only`
  bool has_only = false;
  std::uint32_t most = 0;                      ///< tests to run; 0: all
  std::optional<std::uint32_t> shuffle;        ///< the seed
  std::optional<std::uint32_t> repeat;         ///< at most so many times
  std::optional<std::uint32_t> repeat_for_ms;  ///< none begins later
  std::string temp_dir;                        ///< empty: the system's
  int events_fd = -1;                          ///< -1: print for a person
  std::vector<char*> for_framework;            ///< argv[0] and the --gtest_ flags, of the argv that was parsed

  /// Empty, or what is wrong with `argv`.
  std::string parse(int argc, char** argv);
};

extern const char kUsage[];

}  // namespace dyad::runtime
