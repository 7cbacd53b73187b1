#include "host/build/prelude_choice.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "host/build/unit_inputs.hpp"

namespace dyad::build {

namespace fs = std::filesystem;

namespace {

/// A prelude takes as long as a few sources take without: making it must save more than it costs, on all processors
/// together and even if the guesses are wrong by half.
constexpr unsigned kLeastSaving_ms = 4000;
constexpr std::size_t kMostHeaders = 100;

constexpr std::array kRootFlags{"-iquote", "-isystem", "-idirafter", "-I"};

/// Splits `-I/x` and `-I /x`; nothing if `argument` is no include root.
struct Root {
  const char* flag = nullptr;
  std::string path;
  std::size_t arguments = 0;
};
Root root_at(const std::vector<std::string>& arguments, std::size_t at) {
  for (const char* flag : kRootFlags) {
    const std::string& argument = arguments[at];
    if (!argument.starts_with(flag) || argument == "-I-" || argument.starts_with("-isystem-after")) continue;
    auto rest = argument.substr(std::string_view(flag).size());
    if (!rest.empty()) return {flag, rest, 1};
    if (at + 1 < arguments.size()) return {flag, arguments[at + 1], 2};
  }
  return {};
}

bool is_standard_name(const std::string& header) {
  return header.find('.') == std::string::npos && header.find('/') == std::string::npos;
}

}  // namespace

std::vector<std::string> prelude_arguments(const std::vector<std::string>& arguments, const fs::path& workspace,
                                           const fs::path& own_include) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < arguments.size();) {
    auto root = root_at(arguments, i);
    if (root.arguments == 0) {
      // GoogleTest and its adapter are compiled with the user's flags and these.
      if (arguments[i] != "-w" && arguments[i] != "-DDYAD_GMOCK=1") kept.push_back(arguments[i]);
      ++i;
      continue;
    }
    i += root.arguments;
    fs::path path = fs::path(root.path).lexically_normal();
    std::string_view flag = root.flag;
    if (flag == "-iquote" || flag == "-idirafter" || !path.is_absolute() || path == workspace ||
        is_below(path, workspace) || path == own_include)
      continue;
    kept.insert(kept.end(), {root.flag, root.path});
  }
  return kept;
}

std::vector<fs::path> include_roots(const std::vector<std::string>& arguments) {
  std::vector<fs::path> roots;
  for (std::size_t i = 0; i < arguments.size();) {
    auto root = root_at(arguments, i);
    if (root.arguments != 0 && std::ranges::find(roots, fs::path(root.path)) == roots.end())
      roots.emplace_back(root.path);
    i += std::max<std::size_t>(root.arguments, 1);
  }
  return roots;
}

std::vector<fs::path> workspace_roots(const std::vector<fs::path>& roots, const fs::path& workspace) {
  std::vector<fs::path> own;
  std::ranges::copy_if(roots, std::back_inserter(own),
                       [&](const fs::path& root) { return root == workspace || is_below(root, workspace); });
  return own;
}

unsigned cost_of_header_ms(const std::string& header) {
  if (header.starts_with("gtest/") || header.starts_with("gmock/")) return 1000;
  if (header.starts_with("dyad/")) return 0;
  if (header.ends_with(".h") && header.find('/') == std::string::npos) return 10;  // the C library's, mostly
  if (!is_standard_name(header)) return 200;
  if (header.starts_with("c") && header != "chrono" && header != "codecvt" && header != "compare" &&
      header != "complex" && header != "concepts" && header != "condition_variable" && header != "coroutine" &&
      header != "charconv")
    return 10;
  static constexpr std::array kLight{"initializer_list", "new",         "typeinfo",  "exception", "utility",
                                     "limits",           "type_traits", "compare",   "concepts",  "version",
                                     "iosfwd",           "ratio",       "typeindex", "coroutine"};
  return std::ranges::find(kLight, header) != kLight.end() ? 20 : 250;
}

std::vector<std::string> usual_headers() {
  return {
      "gtest/gtest.h", "algorithm",   "array",     "atomic",        "cassert",       "cctype",           "cerrno",
      "cfloat",        "climits",     "cmath",     "cstddef",       "cstdint",       "cstdio",           "cstdlib",
      "cstring",       "deque",       "exception", "fstream",       "functional",    "initializer_list", "iomanip",
      "ios",           "iosfwd",      "iostream",  "istream",       "iterator",      "limits",           "list",
      "map",           "memory",      "mutex",     "new",           "numeric",       "optional",         "ostream",
      "queue",         "set",         "sstream",   "stack",         "stdexcept",     "string",           "string_view",
      "tuple",         "type_traits", "typeinfo",  "unordered_map", "unordered_set", "utility",          "variant",
      "vector"};
}

std::vector<std::string> choose_headers(const std::vector<std::set<std::string>>& sources,
                                        const std::set<std::string>& known) {
  std::map<std::string, std::size_t> users;
  unsigned saving = 0;
  for (const auto& source : sources) {
    unsigned dearest = 0;
    for (const auto& header : source) {
      ++users[header];
      if (!known.contains(header)) dearest = std::max(dearest, cost_of_header_ms(header));
    }
    saving += dearest;
  }
  if (saving < kLeastSaving_ms) return {};
  // A header of one source in a hundred makes the prelude larger for the others.
  std::size_t least = std::max<std::size_t>(2, sources.size() / 50);
  std::set<std::string> chosen = known;
  std::vector<std::pair<std::size_t, std::string>> by_use;
  for (const auto& [header, count] : users)
    if (count >= least && !known.contains(header) && cost_of_header_ms(header) != 0) by_use.emplace_back(count, header);
  std::ranges::sort(by_use, std::greater());
  for (const auto& [count, header] : by_use)
    if (chosen.size() < kMostHeaders) chosen.insert(header);
  std::vector<std::string> headers(chosen.begin(), chosen.end());
  std::ranges::stable_partition(headers, [](const std::string& header) { return !is_standard_name(header); });
  return headers;
}

}  // namespace dyad::build
