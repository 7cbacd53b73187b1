#include "host/discover/glob.hpp"

#include <cstddef>

namespace dyad::discover {
namespace {

/// Position behind the ']' of the set that begins at `begin` (a '['), or `begin` if it has none. "[]a]" holds ']'.
std::size_t end_of_set(std::string_view pattern, std::size_t begin) {
  std::size_t i = begin + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  std::size_t close = pattern.find(']', i + 1);
  return close == std::string_view::npos ? begin : close + 1;
}

bool in_set(std::string_view set, char c) {
  bool negated = set.front() == '!' || set.front() == '^';
  if (negated) set.remove_prefix(1);
  auto value = static_cast<unsigned char>(c);
  for (std::size_t i = 0; i < set.size(); ++i) {
    auto from = static_cast<unsigned char>(set[i]), to = from;
    if (i + 2 < set.size() && set[i + 1] == '-') {
      to = static_cast<unsigned char>(set[i + 2]);
      i += 2;
    }
    if (from <= value && value <= to) return !negated;
  }
  return negated;
}

/// Matches one character against the element of `pattern` at `at`; returns the position behind that element, 0 if it
/// does not match.
std::size_t match_one(std::string_view pattern, std::size_t at, char c) {
  switch (pattern[at]) {
    case '?':
      return at + 1;
    case '\\':
      if (at + 1 < pattern.size()) return pattern[at + 1] == c ? at + 2 : 0;
      return c == '\\' ? at + 1 : 0;
    case '[':
      if (std::size_t end = end_of_set(pattern, at); end != at)
        return in_set(pattern.substr(at + 1, end - at - 2), c) ? end : 0;
      [[fallthrough]];
    default:
      return pattern[at] == c ? at + 1 : 0;
  }
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos,
              star_name = 0;  // where to go on after a mismatch: the last '*' eats one more
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    std::size_t next = p < pattern.size() ? match_one(pattern, p, name[n]) : 0;
    if (next != 0) {
      p = next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace dyad::discover
