#include "host/build/compile_order.hpp"

#include <algorithm>
#include <numeric>

namespace dyad::build {

std::vector<std::size_t> compile_order(std::span<const SourceSize> sources, unsigned workers) {
  std::vector<std::size_t> order(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto is_longer = [&](std::size_t a, std::size_t b) { return sources[a].bytes > sources[b].bytes; };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return sources[a].package != sources[b].package ? sources[a].package < sources[b].package : is_longer(a, b);
  });
  auto tail = order.end();
  std::uintmax_t sum = 0, longest = 0;
  for (auto place = order.end(); place != order.begin();) {
    --place;
    sum += sources[*place].bytes;
    longest = std::max(longest, sources[*place].bytes);
    if (sum < workers * longest) tail = place == order.begin() ? place : place - 1;
  }
  std::stable_sort(tail, order.end(), is_longer);
  return order;
}

}  // namespace dyad::build
