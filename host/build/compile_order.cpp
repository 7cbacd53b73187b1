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
  std::uintmax_t behind = 0;  // of the place that is looked at
  for (std::size_t place = order.size(); place > 0;) {
    const auto last = place - 1;
    const auto bytes = sources[order[last]].bytes;
    std::size_t to = last;
    for (auto sum = behind + bytes; to > 0 && sum < workers * bytes && is_longer(order[last], order[to - 1]); --to)
      sum += sources[order[to - 1]].bytes;
    if (to == last) {
      behind += bytes;
      --place;
      continue;
    }
    auto at = [&](std::size_t index) { return order.begin() + static_cast<std::ptrdiff_t>(index); };
    std::rotate(at(to), at(last), at(place));  // another one stands here now
  }
  return order;
}

}  // namespace dyad::build
