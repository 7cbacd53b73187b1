#include "backends/runtime/selection.hpp"

namespace dyad::runtime {
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

/// Splits at '/', but not inside [] and ().
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
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

bool matches(const regex_t& regex, std::string_view text) {
  return regexec(&regex, std::string(text).c_str(), 0, nullptr, 0) == 0;
}

}  // namespace

std::string Pattern::compile(const std::string& text, Regex& regex) {
  auto compiled = std::make_unique<regex_t>();
  int code = regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (code != 0) {
    char why[256];
    regerror(code, compiled.get(), why, sizeof why);
    return "bad regular expression '" + text + "': " + why;
  }
  regex.reset(compiled.release());
  return "";
}

std::string Pattern::parse(const std::string& text) {
  parts_.clear();
  all_.reset();
  if (text.empty()) return "";
  for (const std::string& part : split_pattern(text)) {
    std::string problem = compile(part, parts_.emplace_back());
    if (!problem.empty()) return problem;
  }
  return compile(text, all_);
}

Pattern::Fit Pattern::fit(std::string_view name) const {
  for (const Regex& part : parts_) {
    std::size_t slash = name.find('/');
    if (!matches(*part, name.substr(0, slash))) return {false, false};
    if (slash == std::string_view::npos) return {true, &part == &parts_.back()};
    name.remove_prefix(slash + 1);
  }
  return {true, true};
}

bool Pattern::found_in(const std::string& name) const { return matches(*all_, name); }

std::string Selection::parse(const std::string& run, const std::string& skip) {
  std::string problem = run_.parse(run);
  return problem.empty() ? skip_.parse(skip) : problem;
}

bool Selection::selects_test(const std::string& name) const {
  if (!run_.empty() && !run_.fit(name).matches && !run_.found_in(name)) return false;
  return skip_.empty() || !(skip_.fit(name).whole || skip_.found_in(name));
}

bool Selection::selects_subtest(const std::string& name) const {
  if (!run_.empty() && !run_.fit(name).matches) return false;
  return skip_.empty() || !skip_.fit(name).whole;
}

}  // namespace dyad::runtime
