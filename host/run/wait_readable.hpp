/// Waiting for one of several descriptors.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

namespace dyad::run {

/// Returns when one of `fds` polls readable (true) or `limit` has passed (false); without a limit it waits for ever. A
/// signal that was caught meanwhile counts as readable if its InterruptWatch is among them.
bool wait_readable(std::initializer_list<int> fds, std::optional<std::chrono::milliseconds> limit = std::nullopt);

}  // namespace dyad::run
