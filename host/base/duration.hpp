/// Durations as Go writes them: "10m0s", "1m30s", "1.5s", "500ms".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "host/base/result.hpp"

namespace dyad {

/// As Go's time.ParseDuration: numbers with a unit each (ns us ms s m h), or "0". Negative ones are an error.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// As Go's Duration.String.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace dyad
