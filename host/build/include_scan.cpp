#include "host/build/include_scan.hpp"

#include <cctype>
#include <unordered_set>

#include "host/base/file.hpp"

namespace dyad::build {

namespace fs = std::filesystem;

std::vector<std::string> included_names(std::string_view text) {
  std::vector<std::string> names;
  auto skip_blanks = [](std::string_view& line) {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  };
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    skip_blanks(line);
    if (!line.starts_with('#')) continue;
    line.remove_prefix(1);
    skip_blanks(line);
    if (!line.starts_with("include")) continue;
    line.remove_prefix(7);
    skip_blanks(line);
    if (line.empty() || (line.front() != '<' && line.front() != '"')) continue;
    auto close = line.find(line.front() == '<' ? '>' : '"', 1);
    if (close == std::string_view::npos || close == 1) continue;
    names.emplace_back(line.substr(0, close + 1));
  }
  return names;
}

const std::vector<std::string>& IncludeScan::names_in(const std::string& path) {
  auto [place, is_new] = names_.try_emplace(path);
  if (is_new)
    if (auto text = read_file(path)) place->second = included_names(*text);
  return place->second;
}

bool IncludeScan::exists(const std::string& path) {
  auto [place, is_new] = exists_.try_emplace(path, false);
  std::error_code error;
  if (is_new) place->second = fs::is_regular_file(path, error);
  return place->second;
}

std::set<std::string> IncludeScan::outside_of(const fs::path& source, const std::vector<fs::path>& roots) {
  std::set<std::string> outside;
  std::unordered_set<std::string> seen{source.native()};
  std::vector<std::string> pending{source.native()};
  while (!pending.empty()) {
    auto file = std::move(pending.back());
    pending.pop_back();
    auto beside = fs::path(file).parent_path();
    for (const auto& spelling : names_in(file)) {
      auto name = spelling.substr(1, spelling.size() - 2);
      std::string found;
      if (spelling.front() == '"' && exists((beside / name).native())) found = (beside / name).native();
      for (auto root = roots.begin(); found.empty() && root != roots.end(); ++root)
        if (exists((*root / name).native())) found = (*root / name).native();
      if (found.empty())
        outside.insert(std::move(name));
      else if (seen.insert(found).second)
        pending.push_back(std::move(found));
    }
  }
  return outside;
}

}  // namespace dyad::build
