#include "host/bisect/minimise.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace dyad::bisect {
namespace {

Items part(const Items& items, std::size_t begin, std::size_t end) {
  return {items.begin() + static_cast<std::ptrdiff_t>(begin), items.begin() + static_cast<std::ptrdiff_t>(end)};
}

Items without(const Items& items, std::size_t begin, std::size_t end) {
  Items rest = part(items, 0, begin);
  rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
  return rest;
}

}  // namespace

Items minimise(Items items, std::function<bool(const Items&)> fails) {
  std::map<Items, bool> answers;
  auto ask = [&](const Items& some) {
    auto [known, is_new] = answers.try_emplace(some);
    if (is_new) known->second = fails(some);
    return known->second;
  };
  // Cut into `parts`: one of them alone may do, or all but one.
  for (std::size_t parts = 2; !items.empty();) {
    parts = std::min(parts, items.size());
    auto cut = [&](std::size_t i) { return items.size() * i / parts; };
    std::optional<Items> smaller;
    std::size_t next_parts = 2;
    for (std::size_t i = 0; i < parts && !smaller && parts > 1; ++i)
      if (Items one = part(items, cut(i), cut(i + 1)); ask(one)) smaller = std::move(one);
    for (std::size_t i = 0; i < parts && !smaller; ++i)
      if (Items rest = without(items, cut(i), cut(i + 1)); ask(rest)) {
        smaller = std::move(rest);
        next_parts = std::max<std::size_t>(parts - 1, 2);
      }
    if (smaller) {
      items = std::move(*smaller);
      parts = next_parts;
    } else if (parts == items.size()) {
      break;
    } else {
      parts *= 2;
    }
  }
  return items;
}

}  // namespace dyad::bisect
