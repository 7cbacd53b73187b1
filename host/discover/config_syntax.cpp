#include "host/discover/config_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "host/base/text.hpp"

namespace dyad::discover {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 20;
constexpr int kDeepestNesting = 100;

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  });
}

}  // namespace

std::optional<std::string> find_hostile_syntax(std::string_view text) {
  if (text.size() > kLargestFile) return fmt::format("larger than {} KiB", kLargestFile >> 10);
  int depth = 0;
  for (char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    depth = std::max(depth, 0);
    if (depth > kDeepestNesting) return fmt::format("brackets nested more than {} deep", kDeepestNesting);
  }
  return std::nullopt;
}

std::string condense_syntax_error(std::string_view what) {
  std::string_view headline = what.substr(0, what.find('\n'));
  if (headline.starts_with("[error] ")) headline.remove_prefix(8);
  // "toml::parse_key: an invalid key": the parser's own function is nothing for the user.
  if (std::size_t colon = headline.find(": ");
      colon != std::string_view::npos && is_identifier(headline.substr(0, colon)))
    headline.remove_prefix(colon + 2);
  while (headline.ends_with('.')) headline.remove_suffix(1);
  std::string text = printable(headline);

  constexpr std::string_view kUnderline = "^--- ";
  std::size_t drawing = what.find('\n');
  std::size_t mark = what.rfind(kUnderline);
  if (drawing == std::string_view::npos || mark == std::string_view::npos || mark < drawing) return text;
  std::string_view comment = what.substr(mark + kUnderline.size());
  comment = comment.substr(0, comment.find('\n'));
  while (comment.ends_with('.')) comment.remove_suffix(1);
  if (comment.empty() || comment == "here") return text;
  return fmt::format("{} ({})", text, printable(comment));
}

}  // namespace dyad::discover
