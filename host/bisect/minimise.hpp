/// Delta debugging (Zeller and Hildebrandt's ddmin): which few of many make something fail. Knows nothing of tests.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace dyad::bisect {

using Items = std::vector<std::uint32_t>;

/// A part of `items`, in their order, for which `fails` holds, and does not if any one of it is left out. `fails` holds
/// for all of them. One culprit among n is found by about 2 log n questions; no question is asked twice.
Items minimise(Items items, std::function<bool(const Items&)> fails);

}  // namespace dyad::bisect
