#include "host/discover/source_name.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "host/discover/glob.hpp"
#include "host/discover/platform.hpp"

namespace dyad::discover {
namespace {

constexpr std::array<std::pair<std::string_view, Language>, 8> kSuffixes{{{"c", Language::kC},
                                                                          {"cc", Language::kCxx},
                                                                          {"cpp", Language::kCxx},
                                                                          {"cxx", Language::kCxx},
                                                                          {"c++", Language::kCxx},
                                                                          {"C", Language::kCxx},
                                                                          {"ll", Language::kIr},
                                                                          {"bc", Language::kIr}}};

constexpr std::array<std::string_view, 8> kFrameworks{"gtest", "googletest", "doctest", "cxxtest",
                                                      "ctest", "cutest",     "qtest",   "pytest"};

// Words that end in "test": the verbs and nouns, and the superlatives of adjectives that end in t or te.
constexpr std::array<std::string_view, 62> kEnglish{
    "abruptest",  "absolutest", "acutest",     "adroitest",   "aptest",     "attest",    "bluntest",  "brightest",
    "compactest", "completest", "concretest",  "contest",     "correctest", "curtest",   "cutest",    "deftest",
    "detest",     "directest",  "discreetest", "distinctest", "exactest",   "faintest",  "fastest",   "fattest",
    "fittest",    "flattest",   "fleetest",    "gauntest",    "greatest",   "hottest",   "justest",   "latest",
    "lightest",   "minutest",   "moistest",    "mutest",      "neatest",    "obtest",    "politest",  "protest",
    "quaintest",  "quietest",   "remotest",    "robustest",   "shortest",   "silentest", "slightest", "smartest",
    "softest",    "squattest",  "stoutest",    "straightest", "strictest",  "sweetest",  "swiftest",  "tartest",
    "tautest",    "tightest",   "vastest",     "wettest",     "whitest",    "wightest"};

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_separator(char c) { return c == '_' || c == '-' || c == '.' || c == ' '; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (is_upper(c)) c = char(c - 'A' + 'a');
  return result;
}

struct Word {
  std::string_view text;
  bool separated_after = false;  ///< by a separator, not by letter case
};

/// Splits at separators and where letter case says so: "x-test" "HTTPTest" "fooTest". A separator at the end leaves an
/// empty last word.
std::vector<Word> split_words(std::string_view stem) {
  std::vector<Word> words;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    if (is_separator(stem[i])) {
      words.push_back({stem.substr(begin, i - begin), true});
      begin = i + 1;
    } else if (i > begin && is_upper(stem[i]) &&
               (!is_upper(stem[i - 1]) || (i + 1 < stem.size() && is_lower(stem[i + 1])))) {
      words.push_back({stem.substr(begin, i - begin), false});
      begin = i;
    }
  }
  words.push_back({stem.substr(begin), false});
  return words;
}

std::string_view without_number(std::string_view word) {
  while (!word.empty() && is_digit(word.back())) word.remove_suffix(1);
  return word;
}

template <class Array>
bool contains(const Array& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

/// "test", "tests2", "UnitTest"; in lower case.
bool is_test_word(std::string_view word) {
  word = without_number(word);
  if (word.ends_with('s')) word.remove_suffix(1);
  return word == "test" || word == "unittest" || word == "utest";
}

/// "parsetest", "parsetests"; in lower case. `alone`: the stem has no other word.
bool ends_in_test(std::string_view word, bool alone) {
  word = without_number(word);
  if (word.ends_with('s')) word.remove_suffix(1);
  return word.ends_with("test") && !contains(kEnglish, word) && !(alone && contains(kFrameworks, word));
}

bool is_number(std::string_view word) { return !word.empty() && without_number(word).empty(); }

std::size_t dot_of(std::string_view file_name) {
  std::size_t dot = file_name.rfind('.');
  return dot == 0 ? std::string_view::npos : dot;
}

/// x_windows_test, x_windows.pb: the platform may stand before the word test, and before the first dot.
bool fits_here(std::string_view stem) {
  if (!split_platform(stem).fits_here || !split_platform(stem.substr(0, stem.find('.'))).fits_here) return false;
  std::string_view rest = split_platform(stem).rest;
  auto words = split_words(rest);
  if (words.size() < 2 || !is_test_word(lower(words.back().text))) return true;
  rest.remove_suffix(words.back().text.size());
  while (!rest.empty() && is_separator(rest.back())) rest.remove_suffix(1);
  return split_platform(rest).fits_here;
}

}  // namespace

Language language_of_name(std::string_view file_name) {
  std::size_t dot = dot_of(file_name);
  if (dot == std::string_view::npos) return Language::kNone;
  auto known = std::ranges::find(kSuffixes, file_name.substr(dot + 1), &std::pair<std::string_view, Language>::first);
  return known == kSuffixes.end() ? Language::kNone : known->second;
}

bool is_test_stem(std::string_view stem) {
  if (contains(kFrameworks, lower(stem))) return false;
  std::vector<Word> words = split_words(stem);
  if (words.back().text.empty()) return false;
  std::string first = lower(words.front().text);
  if (words.size() > 1 && (is_test_word(first) || (first == "unit" && words.front().separated_after))) return true;
  while (words.size() > 1 && is_number(words.back().text)) words.pop_back();
  std::string last = lower(words.back().text);
  return is_test_word(last) || ends_in_test(last, words.size() == 1);
}

SourceKind kind_of_name(std::string_view file_name, std::span<const std::string> test_patterns) {
  if (file_name.empty() || file_name.front() == '.' || file_name.front() == '_') return SourceKind::kNone;
  if (language_of_name(file_name) == Language::kNone) return SourceKind::kNone;
  std::string_view stem = file_name.substr(0, dot_of(file_name));
  if (!fits_here(stem)) return SourceKind::kOtherPlatform;
  bool test = test_patterns.empty()
                  ? is_test_stem(split_platform(stem).rest)
                  : std::ranges::any_of(test_patterns, [&](auto& pattern) { return matches_glob(pattern, file_name); });
  return test ? SourceKind::kTest : SourceKind::kLibrary;
}

std::vector<std::string> framework_sources(std::span<const std::string> file_names) {
  struct Framework {
    std::array<std::string_view, 3> always;  ///< in every version, and where all of them are it is one
    std::vector<std::string_view> others;
  };
  static const std::array<Framework, 2> kKnown{
      {{{"gtest-all.cc", "gtest.cc", "gtest-port.cc"},
        {"gtest-assertion-result.cc", "gtest-death-test.cc", "gtest-filepath.cc", "gtest-matchers.cc",
         "gtest-printers.cc", "gtest-test-part.cc", "gtest-typed-test.cc", "gtest_main.cc"}},
       {{"gmock-all.cc", "gmock.cc", "gmock-spec-builders.cc"},
        {"gmock-cardinalities.cc", "gmock-internal-utils.cc", "gmock-matchers.cc", "gmock_main.cc"}}}};
  auto is_there = [&](std::string_view name) { return std::ranges::find(file_names, name) != file_names.end(); };
  std::vector<std::string> found;
  for (const auto& [always, others] : kKnown) {
    if (!std::ranges::all_of(always, is_there)) continue;
    found.insert(found.end(), always.begin(), always.end());
    for (const auto name : others)
      if (is_there(name)) found.emplace_back(name);
  }
  return found;
}

}  // namespace dyad::discover
