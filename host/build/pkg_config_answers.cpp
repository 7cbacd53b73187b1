#include "host/build/pkg_config_answers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "host/build/given_facts.hpp"
#include "host/inputs/byte_stream.hpp"

extern char** environ;

namespace dyad::build {

namespace fs = std::filesystem;
using inputs::FactKind;
using inputs::FileStates;

namespace {

using Strings = std::vector<std::string>;

/// The absolute directories of a list like PATH.
std::vector<fs::path> directories_of(std::string_view list) {
  std::vector<fs::path> directories;
  while (!list.empty()) {
    auto end = std::min(list.find(':'), list.size());
    if (auto place = list.substr(0, end); place.starts_with('/')) directories.emplace_back(place);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return directories;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where pkg-config looks for packages; nothing if it does not say.
std::optional<std::vector<fs::path>> search_path() {
  auto built_in = plan::query_pkg_config("pkg-config", plan::PkgConfigQuery::kSearchPath);
  if (!built_in) return std::nullopt;
  std::vector<fs::path> places;
  for (std::string_view list : {variable("PKG_CONFIG_PATH"), variable("PKG_CONFIG_LIBDIR")})
    std::ranges::move(directories_of(list), std::back_inserter(places));
  for (const auto& list : *built_in) std::ranges::move(directories_of(list), std::back_inserter(places));
  return places;
}

/// All that an answer may depend on, as it is now.
class Facts {
 public:
  explicit Facts(inputs::World& world) : world_(world) {}

  void add(FactKind kind, const std::string& name) { facts_.add(world_.present({kind, name, {}, {}})); }

  void add_program() {
    for (const auto& place : directories_of(variable("PATH"))) {
      auto file = (place / "pkg-config").native();
      add(FactKind::kFile, file);
      if (world_.files().content_of(file) != FileStates::missing()) break;
    }
  }

  void add_packages(const fs::path& place) {
    add(FactKind::kListing, place.native());
    std::error_code error;
    for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error))
      if (entry->path().extension() == ".pc") add(FactKind::kFile, entry->path().native());
  }

  bool changed_meanwhile() const {
    FileStates::Ways ways;
    return std::ranges::any_of(facts_.all(), [&](const inputs::Fact& fact) {
      return fact.name.starts_with('/') && world_.files().changed_meanwhile(fact.name, ways);
    });
  }

  inputs::Facts take() {
    facts_.normalise();
    return std::move(facts_);
  }

 private:
  inputs::World& world_;
  inputs::Facts facts_;
};

std::string serialize(const Strings& flags) {
  inputs::ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(flags.size()));
  for (const auto& flag : flags) writer.text(flag);
  return writer.bytes();
}

std::optional<Strings> deserialize(std::string_view bytes) {
  inputs::ByteReader reader(bytes);
  Strings flags;
  for (auto count = reader.count(4); count > 0; --count) flags.emplace_back(reader.text());
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return flags;
}

}  // namespace

std::string pkg_config_variables() {
  constexpr std::array kOthers{
      "PATH=", "CPATH=", "C_INCLUDE_PATH=", "CPLUS_INCLUDE_PATH=", "OBJC_INCLUDE_PATH=", "LIBRARY_PATH=", "DESTDIR="};
  Strings variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    if (text.starts_with("PKG_CONFIG") ||
        std::ranges::any_of(kOthers, [&](std::string_view other) { return text.starts_with(other); }))
      variables.emplace_back(text);
  }
  std::ranges::sort(variables);
  return fmt::format("{}", fmt::join(variables, "\n"));
}

Result<Strings> PkgConfigAnswers::ask(const std::string& package, plan::PkgConfigQuery query) {
  cache::Hasher hasher("pkg-config 1");
  const cache::ActionId lookup{hasher.add(package).add(static_cast<std::uint64_t>(query)).finish()};
  if (auto found = world_.find(lookup))
    if (auto flags = deserialize(found->bytes)) return *std::move(flags);

  auto flags = plan::query_pkg_config(package, query);
  auto places = flags && world_.store() != nullptr ? search_path() : std::nullopt;
  if (!places) return flags;
  Facts facts(world_);
  facts.add(FactKind::kGiven, GivenFacts::pkg_config_variables());
  facts.add_program();
  for (const auto& place : *places) facts.add_packages(place);
  if (facts.changed_meanwhile()) return flags;
  inputs::FactSet set;
  if (auto id = world_.keep_shared(facts.take())) {
    set.shared.push_back(*id);
    world_.keep(lookup, set, serialize(*flags));
  }
  return flags;
}

}  // namespace dyad::build
