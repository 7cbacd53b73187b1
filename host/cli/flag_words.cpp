#include "host/cli/flag_words.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

#include "host/base/spelling.hpp"
#include "host/base/text.hpp"

namespace dyad::cli {
namespace {

bool has_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

/// How CLI11 and the messages of this file call it: "--run", "-p".
std::string canonical_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}

const CLI::Option* find_option(const CLI::App& app, std::string_view name) {
  for (const CLI::Option* option : app.get_options()) {
    const auto& names = name.size() == 1 ? option->get_snames() : option->get_lnames();
    if (std::ranges::find(names, name) != names.end()) return option;
  }
  return nullptr;
}

std::unexpected<Error> unknown_flag(const CLI::App& app, const std::string& flag) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  std::vector<std::string_view> known(names.begin(), names.end());
  std::string two_dashes = flag.starts_with("--") ? flag : "-" + flag;
  return fail(fmt::format("unknown flag {}{}", printable(flag), did_you_mean(two_dashes, known, "")));
}

struct Flag {
  const CLI::Option* option = nullptr;
  std::optional<std::string> value;
};

/// Reads one word that begins with a dash; `option` is null if it is unknown.
Flag read_flag(const CLI::App& app, const std::string& word) {
  std::string_view body = word;
  body.remove_prefix(body.starts_with("--") ? 2 : 1);
  std::size_t equals = body.find('=');
  Flag flag{find_option(app, body.substr(0, equals)), std::nullopt};
  if (flag.option && equals != std::string_view::npos) flag.value = body.substr(equals + 1);
  // -p4: the value follows a name of one letter.
  if (!flag.option && !word.starts_with("--") && body.size() > 1) {
    const CLI::Option* option = find_option(app, body.substr(0, 1));
    if (option && has_value(*option)) flag = {option, std::string(body.substr(1))};
  }
  return flag;
}

}  // namespace

Result<Normalised> normalise_words(const CLI::App& app, const std::vector<std::string>& words) {
  Normalised normal;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      normal.patterns.insert(normal.patterns.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word.front() != '-') {
      normal.patterns.push_back(word);
      continue;
    }
    Flag flag = read_flag(app, word);
    if (!flag.option) return unknown_flag(app, word.substr(0, word.find('=')));
    std::string name = canonical_name(*flag.option);
    if (!has_value(*flag.option)) {
      if (flag.value) return fail(fmt::format("{} takes no value, but got \"{}\"", name, printable(*flag.value)));
      normal.flags.push_back(name);
      continue;
    }
    if (!flag.value && flag.option->get_items_expected_min() == 0) flag.value = flag.option->get_default_str();
    if (!flag.value && ++i < words.size()) flag.value = words[i];
    if (!flag.value) return fail(name + " needs a value");
    // CLI11 would take the next word for an empty value. An empty value is the default of every flag that allows one.
    if (flag.value->empty()) {
      if (name != "--run" && name != "--skip" && name != "--list") return fail(name + " needs a value");
      std::erase_if(normal.flags, [&](const std::string& earlier) { return earlier.starts_with(name + "="); });
      continue;
    }
    normal.flags.push_back(name + (name.starts_with("--") ? "=" : "") + *flag.value);
  }
  return normal;
}

}  // namespace dyad::cli
