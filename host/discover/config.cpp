#include "host/discover/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <sstream>
#include <string_view>
#include <toml.hpp>
#include <vector>

#include "host/base/duration.hpp"
#include "host/base/file.hpp"
#include "host/base/spelling.hpp"
#include "host/base/text.hpp"
#include "host/discover/config_syntax.hpp"

namespace dyad::discover {

namespace fs = std::filesystem;

namespace {

using Value = toml::basic_value<toml::discard_comments, std::map, std::vector>;

struct Lists {
  std::string_view key;
  std::vector<std::string> Settings::*member;
};
constexpr std::array<Lists, 6> kLists{{{"defines", &Settings::defines},
                                       {"flags", &Settings::flags},
                                       {"link_flags", &Settings::link_flags},
                                       {"pkg_config", &Settings::pkg_config},
                                       {"test_patterns", &Settings::test_patterns},
                                       {"cache_despite", &Settings::cache_despite}}};
constexpr std::array<std::string_view, 11> kKeys{"include_roots", "defines",      "flags",      "link_flags",
                                                 "c_standard",    "cxx_standard", "pkg_config", "test_patterns",
                                                 "cache_despite", "test_timeout", "dir"};

/// Why `value` cannot be an entry of the list `key`; empty if it can.
std::string problem_of(std::string_view key, const std::string& value) {
  if (value.empty()) return "is empty";
  if (value.find('\0') != std::string::npos) return "holds a NUL character";
  if (key == "defines" && value.starts_with('-')) return "must be NAME or NAME=value, without -D";
  if (key == "pkg_config" && value.starts_with('-')) return "is no package name";
  if (key == "test_patterns" && value.find('/') != std::string::npos)
    return "must match file names, not paths: use a [dir.\"...\"] table";
  if (key == "cache_despite" && value != kProgramsTolerated && value != kNetworkTolerated)
    return "must be \"programs\" or \"network\"";
  return {};
}

/// What Clang takes, and a little more: a year or its working name.
bool is_standard(const std::string& value, bool cxx) {
  static const std::regex c("(c|gnu)(89|90|99|9x|11|1x|17|18|23|2x|2y)|iso9899:[0-9]{4,6}");
  static const std::regex cpp("(c|gnu)\\+\\+(98|03|0x|11|1y|14|1z|17|2a|20|2b|23|2c|26|2d|29)");
  return std::regex_match(value, cxx ? cpp : c);
}

class Reader {
 public:
  Reader(const fs::path& root, const std::string& shown) : root_(root), shown_(shown) {}

  Result<Config> read(const Value& top) {
    Config config;
    if (auto read = read_settings(top, config.settings, root_, true); !read) return fail(read.error());
    if (auto dir = top.as_table().find("dir"); dir != top.as_table().end())
      if (auto read = read_directories(dir->second, config); !read) return fail(read.error());
    return config;
  }

 private:
  std::unexpected<Error> error_at(const Value& value, const std::string& text) const {
    return fail(fmt::format("{}:{}: {}", shown_, value.location().line(), text));
  }

  static std::string type_of(const Value& value) {
    std::string type = toml::stringize(value.type());
    return (type == "array" || type == "integer" ? "an " : "a ") + type;
  }

  /// `base`: what relative include roots are relative to.
  Result<void> read_settings(const Value& table, Settings& settings, const fs::path& base, bool top) const {
    for (const auto& [key, value] : table.as_table()) {
      if (top && key == "dir") continue;
      if (auto read = read_key(key, value, settings, base, top); !read) return read;
    }
    return {};
  }

  Result<void> read_key(const std::string& key, const Value& value, Settings& settings, const fs::path& base,
                        bool top) const {
    if (key == "c_standard" || key == "cxx_standard") return read_standard(key, value, settings);
    if (key == "test_timeout") {
      auto limit =
          value.is_string() ? parse_duration(value.as_string().str) : Result<std::chrono::nanoseconds>(fail(""));
      if (!limit)
        return error_at(value,
                        "\"test_timeout\" must be a duration such as \"5m\" or \"1m30s\", or \"0\" for no limit");
      settings.test_timeout = *limit;
      return {};
    }
    if (key == "include_roots") {
      auto roots = read_strings(key, value);
      if (!roots) return fail(roots.error());
      for (const std::string& entry : *roots) {
        auto place = (base / entry).lexically_normal();
        settings.include_roots.push_back(place.has_filename() ? place : place.parent_path());
      }
      return {};
    }
    if (auto list = std::ranges::find(kLists, key, &Lists::key); list != kLists.end()) {
      auto strings = read_strings(key, value);
      if (!strings) return fail(strings.error());
      settings.*(list->member) = std::move(*strings);
      return {};
    }
    if (!top && value.is_table())
      return error_at(value, fmt::format("\"{}\" is a table inside a directory's table: write the path in quotes, "
                                         "[dir.\"a/b\"]",
                                         printable(key)));
    std::span<const std::string_view> known = kKeys;
    return error_at(value, fmt::format("unknown key \"{}\"{}", printable(key),
                                       did_you_mean(key, top ? known : known.first(known.size() - 1))));
  }

  Result<void> read_standard(const std::string& key, const Value& value, Settings& settings) const {
    bool cxx = key == "cxx_standard";
    if (!value.is_string()) return error_at(value, fmt::format("\"{}\" must be a string, not {}", key, type_of(value)));
    const std::string& name = value.as_string().str;
    if (!is_standard(name, cxx))
      return error_at(value, fmt::format("\"{}\" is no {} standard: write for example \"{}\"", printable(name),
                                         cxx ? "C++" : "C", cxx ? "gnu++20" : "gnu17"));
    (cxx ? settings.cxx_standard : settings.c_standard) = name;
    return {};
  }

  Result<std::vector<std::string>> read_strings(const std::string& key, const Value& value) const {
    if (!value.is_array())
      return error_at(value, fmt::format("\"{}\" must be an array of strings, not {}", key, type_of(value)));
    std::vector<std::string> strings;
    for (const Value& entry : value.as_array()) {
      if (!entry.is_string())
        return error_at(entry, fmt::format("\"{}\" must be an array of strings, but holds {}", key, type_of(entry)));
      const std::string& text = entry.as_string().str;
      if (std::string problem = problem_of(key, text); !problem.empty())
        return error_at(entry, fmt::format("\"{}\" in \"{}\" {}", printable(text), key, problem));
      strings.push_back(text);
    }
    return strings;
  }

  Result<void> read_directories(const Value& dir, Config& config) const {
    if (!dir.is_table())
      return error_at(dir, fmt::format("\"dir\" must hold tables, as in [dir.\"a/b\"], not {}", type_of(dir)));
    for (const auto& [name, table] : dir.as_table()) {
      if (!table.is_table())
        return error_at(table, fmt::format("dir.\"{}\" must be a table, as in [dir.\"a/b\"], not {}", printable(name),
                                           type_of(table)));
      auto place = find_directory(name);
      if (!place) return error_at(table, place.error().text);
      Settings settings;
      settings.c_standard.clear();
      settings.cxx_standard.clear();
      if (auto read = read_settings(table, settings, root_ / *place, false); !read) return read;
      if (!config.overrides.emplace(*place, std::move(settings)).second)
        return error_at(table, fmt::format("a second table for the directory \"{}\"", printable(name)));
    }
    return {};
  }

  /// The directory's path relative to the root, without links.
  Result<fs::path> find_directory(const std::string& name) const {
    std::error_code error;
    fs::path place = fs::canonical(root_ / name, error);
    if (error || !fs::is_directory(place, error)) return fail("no such directory: " + printable(name));
    fs::path relative = place.lexically_relative(root_);
    if (relative.empty() || *relative.begin() == "..")
      return fail(fmt::format("{} is outside the workspace", printable(name)));
    return relative;
  }

  const fs::path& root_;
  const std::string& shown_;
};

}  // namespace

Result<Config> read_config(const fs::path& file, const fs::path& root, const std::string& shown) {
  auto text = read_file(file);
  if (!text) return fail(text.error());
  if (auto problem = find_hostile_syntax(*text)) return fail(fmt::format("{}: {}", shown, *problem));
  try {
    std::istringstream stream(*text);
    return Reader(root, shown).read(toml::parse<toml::discard_comments, std::map, std::vector>(stream, shown));
  } catch (const toml::exception& e) {
    return fail(fmt::format("{}:{}: {}", shown, e.location().line(), condense_syntax_error(e.what())));
  } catch (const std::exception& e) {  // a number out of range, for example: the parser lets it through
    return fail(fmt::format("{}: {}", shown, printable(e.what())));
  }
}

}  // namespace dyad::discover
