#include <fmt/format.h>
#include <regex.h>

#include <array>
#include <string>
#include <vector>

#include "host/base/text.hpp"
#include "host/cli/values.hpp"

namespace dyad::cli {
namespace {

/// The end of the bracket expression that begins at `begin`: "[]a/]", "[^/[:alpha:]]".
std::size_t bracket_end(const std::string& text, std::size_t begin) {
  std::size_t i = begin + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;
  for (; i < text.size() && text[i] != ']'; ++i) {
    if (text[i] != '[' || i + 1 >= text.size()) continue;
    char kind = text[i + 1];
    if (kind != ':' && kind != '.' && kind != '=') continue;
    std::size_t close = text.find(std::string{kind, ']'}, i + 2);
    if (close != std::string::npos) i = close + 1;
  }
  return i;
}

/// As the images do it (backends/runtime), which this layer must not see.
std::vector<std::string> split_pattern(const std::string& text) {
  std::vector<std::string> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '\\':
        ++i;
        break;
      case '[':
        i = bracket_end(text, i);
        break;
      case '(':
        ++depth;
        break;
      case ')':
        depth -= depth > 0;
        break;
      case '/':
        if (depth > 0) break;
        parts.push_back(text.substr(begin, i - begin));
        begin = i + 1;
        break;
      default:
        break;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// What regcomp says about `part`, or empty.
std::string problem_of(const std::string& part) {
  regex_t regex;
  int code = regcomp(&regex, part.c_str(), REG_EXTENDED | REG_NOSUB);
  if (code == 0) {
    regfree(&regex);
    return {};
  }
  std::array<char, 256> why{};
  regerror(code, &regex, why.data(), why.size());
  return why.data();
}

}  // namespace

Result<void> check_pattern(const std::string& flag, const std::string& text) {
  std::vector<std::string> parts = split_pattern(text);
  parts.push_back(text);
  for (const std::string& part : parts) {
    std::string problem = problem_of(part);
    if (problem.empty()) continue;
    if (problem.front() >= 'A' && problem.front() <= 'Z') problem.front() = char(problem.front() - 'A' + 'a');
    return fail(fmt::format("bad regular expression \"{}\" for {}: {}", printable(text), flag, problem));
  }
  return {};
}

}  // namespace dyad::cli
