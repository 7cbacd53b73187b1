#include "host/shuffle.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "cache/digest.hpp"

namespace dyad {

std::optional<std::uint32_t> choose_seed(const std::optional<cli::Shuffle>& shuffle) {
  if (!shuffle) return std::nullopt;
  return shuffle->seed ? shuffle->seed : static_cast<std::uint32_t>(std::random_device()());
}

std::vector<std::size_t> package_order(const std::vector<discover::Package>& packages,
                                       std::optional<std::uint32_t> seed) {
  std::vector<std::size_t> order(packages.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!seed) return order;
  std::vector<cache::Digest> ranks;
  for (const auto& package : packages)
    ranks.push_back(cache::Hasher("shuffle").add(std::uint64_t{*seed}).add(package.id.path).finish());
  std::ranges::stable_sort(order, {}, [&](std::size_t place) { return ranks[place]; });
  return order;
}

}  // namespace dyad
