#include "host/plan/pkg_config.hpp"

#include <fmt/format.h>

#include "host/base/text.hpp"
#include "host/plan/program.hpp"

namespace dyad::plan {
namespace {

/// The first line that says something, without the full stop.
std::string first_line(const std::string& text) {
  std::size_t begin = text.find_first_not_of("\n\r ");
  if (begin == std::string::npos) return "no reason given";
  std::string line = text.substr(begin, text.find('\n', begin) - begin);
  while (line.ends_with('.')) line.pop_back();
  return printable(line);
}

}  // namespace

Result<std::vector<std::string>> query_pkg_config(const std::string& package, PkgConfigQuery query) {
  auto fail_with = [&](const std::string& why) {
    return fail(fmt::format("package \"{}\" of dyad.toml (pkg_config): {}", printable(package), why));
  };
  std::vector<std::string> command{"pkg-config"};
  if (query == PkgConfigQuery::kSearchPath)
    command.emplace_back("--variable=pc_path");
  else
    command.emplace_back(query == PkgConfigQuery::kCompile ? "--cflags" : "--libs");
  command.insert(command.end(), {"--", package});
  auto ended = run_program(command);
  if (!ended) return fail_with(ended.error().text);
  if (ended->code == 0) return split_flags(ended->output);
  std::string said = first_line(ended->errors);
  // pkg-config first says where it looked, over several lines, and then what is wrong.
  if (std::size_t last = ended->errors.find("\nNo package '"); last != std::string::npos)
    said = first_line(ended->errors.substr(last + 1));
  return fail_with(said + "; install its development package or take it out");
}

std::vector<std::string> split_flags(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
    if (escapes && quote == '"' && text[i + 1] != '"' && text[i + 1] != '\\') escapes = false;
    if (escapes) {
      word += text[++i];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace dyad::plan
