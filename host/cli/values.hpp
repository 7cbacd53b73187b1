/// Checks the values of flags. Each failure is `bad value "x" for --flag: why`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/cli/options.hpp"

namespace dyad::cli {

/// A decimal number from `least` to `most`.
Result<unsigned> read_number(const std::string& flag, const std::string& text, unsigned most, unsigned least = 1);

/// A Go duration, not negative; rounded up to whole milliseconds so that it does not become "no limit".
Result<std::chrono::milliseconds> read_time_limit(const std::string& flag, const std::string& text);

/// Bytes: a number, with K, M, G or T for powers of 1024; 0 is allowed.
Result<std::uint64_t> read_size(const std::string& flag, const std::string& text);

/// A number of repetitions, at least 1, or a Go duration above 0.
Result<Stress> read_stress(const std::string& flag, const std::string& text);

/// "on", "off" (nothing; so is the empty text), or a seed below 2^32.
Result<std::optional<Shuffle>> read_shuffle(const std::string& flag, const std::string& text);

/// What `--debug` asks for.
struct Debug {
  bool stats = false;
  bool time = false;
  bool explain = false;
};

/// Comma-separated names, from several uses of the flag.
Result<Debug> read_debug(const std::string& flag, const std::vector<std::string>& texts);

/// POSIX extended regular expressions separated by '/', as the images split them: not inside [] and (). The pattern as
/// a whole must be one, too.
Result<void> check_pattern(const std::string& flag, const std::string& text);

}  // namespace dyad::cli
