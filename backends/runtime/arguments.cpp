#include "backends/runtime/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace dyad::runtime {
namespace {

/// Takes a number from the front of `text`.
bool take_number(std::string_view& text, std::uint32_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// Whether `text` is a number and nothing else.
bool is_number(std::string_view text, std::uint32_t& value) { return take_number(text, value) && text.empty(); }

/// "--name=value" or, where `next` is given, "--name" "value".
bool is_option(std::string_view argument, std::string_view name, std::string& value) {
  if (argument.size() <= name.size() || argument.substr(0, name.size()) != name || argument[name.size()] != '=')
    return false;
  value = argument.substr(name.size() + 1);
  return true;
}

}  // namespace

const char kUsage[] =
    "Runs the tests of one package.\n"
    "  --run-all        run the tests (what happens without any argument, too)\n"
    "  --list           name the tests, run none\n"
    "  --run=REGEX      only matching tests; '/' separates the levels of subtests\n"
    "  --skip=REGEX     not these\n"
    "  --failfast       stop after the first test that did not pass\n"
    "  --done=RANGES    not the tests of these indices: 0-41,43\n"
    "  --only=RANGES    only the tests of these indices\n"
    "  --most=N         stop after N tests\n"
    "  --shuffle=SEED   in an order that the number SEED decides\n"
    "  --repeat=N       N times, until a test fails\n"
    "  --repeat-for=MS  for so many milliseconds, until a test fails\n"
    "  --temp-dir=DIR   where tests get their temporary directories\n"
    "  --events-fd=N    write events to descriptor N instead of text to the standard output\n"
    "  --gtest_*        for GoogleTest\n"
    "Exit code: 0 all passed, 1 some did not, 2 bad arguments.\n";

bool IndexRanges::parse(const std::string& text) {
  ranges_.clear();
  std::string_view rest = text;
  while (!rest.empty()) {
    std::uint32_t first = 0;
    if (!take_number(rest, first)) return false;
    std::uint32_t last = first;
    if (!rest.empty() && rest.front() == '-') {
      rest.remove_prefix(1);
      if (!take_number(rest, last) || last < first) return false;
    }
    ranges_.emplace_back(first, last);
    if (rest.empty()) break;
    if (rest.front() != ',' || rest.size() == 1) return false;
    rest.remove_prefix(1);
  }
  std::sort(ranges_.begin(), ranges_.end());
  // Merged, so that the ends ascend as the beginnings do and contains() can search.
  std::size_t kept = 0;
  for (const auto& range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].second) {
      ranges_[kept - 1].second = std::max(ranges_[kept - 1].second, range.second);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
  return true;
}

bool IndexRanges::contains(std::uint32_t index) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), index,
                                [](std::uint32_t value, const auto& range) { return value < range.first; });
  return after != ranges_.begin() && index <= std::prev(after)->second;
}

std::string Arguments::parse(int argc, char** argv) {
  if (argc > 0) for_framework.push_back(argv[0]);
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    std::string value;
    if (argument == "--run-all") {
      list = false;
    } else if (argument == "--list" || argument == "--gtest_list_tests") {
      list = true;
    } else if (argument == "--help" || argument == "-h" || argument == "--gtest_help") {
      help = true;
    } else if (argument == "--failfast") {
      failfast = true;
    } else if (is_option(argument, "--run", run) || is_option(argument, "--skip", skip) ||
               is_option(argument, "--temp-dir", temp_dir)) {
    } else if (is_option(argument, "--done", value)) {
      if (!done.parse(value)) return "bad ranges: " + std::string(argument);
    } else if (is_option(argument, "--only", value)) {
      if (!only.parse(value)) return "bad ranges: " + std::string(argument);
      has_only = true;
    } else if (is_option(argument, "--most", value)) {
      std::string_view rest = value;
      if (!take_number(rest, most) || !rest.empty() || most == 0) return "bad number: " + std::string(argument);
    } else if (is_option(argument, "--shuffle", value)) {
      if (!is_number(value, shuffle.emplace())) return "bad seed: " + std::string(argument);
    } else if (is_option(argument, "--repeat", value)) {
      if (!is_number(value, repeat.emplace()) || *repeat == 0) return "bad number: " + std::string(argument);
    } else if (is_option(argument, "--repeat-for", value)) {
      if (!is_number(value, repeat_for_ms.emplace())) return "bad number: " + std::string(argument);
    } else if (is_option(argument, "--events-fd", value)) {
      std::uint32_t fd = 0;
      if (!is_number(value, fd) || fd > 1u << 20) return "bad descriptor: " + std::string(argument);
      events_fd = static_cast<int>(fd);
    } else if (argument.substr(0, 8) == "--gtest_" || argument.substr(0, 8) == "--gmock_") {
      for_framework.push_back(argv[i]);
    } else {
      return "unknown argument: " + std::string(argument);
    }
  }
  return "";
}

}  // namespace dyad::runtime
