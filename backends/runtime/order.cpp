#include "backends/runtime/order.hpp"

#include <algorithm>
#include <numeric>

namespace dyad::runtime {
namespace {

/// SplitMix64: a bijection, so no two indices have one rank.
std::uint64_t rank(std::uint32_t seed, std::uint32_t index) {
  std::uint64_t z = (std::uint64_t{seed} << 32 | index) + 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

std::vector<std::uint32_t> run_order(std::uint32_t count, std::optional<std::uint32_t> seed) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (seed) {
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return rank(*seed, a) < rank(*seed, b); });
  }
  return order;
}

std::uint32_t framework_seed(std::optional<std::uint32_t> seed) { return seed ? *seed % 99999 + 1 : 0; }

}  // namespace dyad::runtime
