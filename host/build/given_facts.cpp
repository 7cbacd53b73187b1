#include "host/build/given_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "host/build/pkg_config_answers.hpp"
#include "host/build/process_facts.hpp"

namespace dyad::build {

namespace fs = std::filesystem;
using Given = inputs::World::Given;

namespace {

constexpr std::string_view kArguments = "arguments of ", kFramework = "GoogleTest's arguments from ",
                           kLink = "link arguments of ", kSources = "sources of ",
                           kWorkspaceSources = "sources of the workspace", kTools = "dyad and its compiler",
                           kPkgConfigVariables = "variables of pkg-config",
                           kProcess = "user, limits and system of the process";

using Strings = std::vector<std::string>;

/// The state is of the items, so that it does not matter what separates them in the text: a line each.
std::optional<Given> given(const Strings& items) {
  cache::Hasher hasher("given 1");
  for (const auto& item : items) hasher.add(item);
  return Given{hasher.finish(), fmt::format("{}", fmt::join(items, "\n"))};
}

std::optional<Given> given(const Result<Strings>& arguments) {
  if (!arguments) return given(Strings{"failed: " + arguments.error().text});
  Strings items = *arguments;
  // The code that "native" stands for is not in the arguments.
  if (std::ranges::none_of(items, [](const auto& item) { return item.find("=native") != item.npos; }))
    return given(items);
  std::ranges::copy(native_processor(), std::back_inserter(items));
  return given(items);
}

/// "test a_test.c", "library a.c": by which of them it is, a file of the same name is another thing.
void add_sources(const discover::Package& package, Strings& items) {
  if (!package.problem.empty()) items.push_back("problem " + package.problem);
  for (const auto& file : package.tests) items.push_back("test " + file.filename().native());
  for (const auto& file : package.library) items.push_back("library " + file.filename().native());
  for (const auto& file : package.framework) items.push_back("framework " + file.filename().native());
}

std::optional<Given> sources(const discover::Package& package) {
  Strings items;
  add_sources(package, items);
  return given(items);
}

}  // namespace

GivenFacts::GivenFacts(const discover::Workspace& workspace, const plan::Arguments& arguments,
                       const Toolchain& toolchain)
    : workspace_(workspace), arguments_(arguments), toolchain_(toolchain) {}

std::string GivenFacts::arguments_of(const fs::path& source) { return std::string(kArguments) + source.native(); }
std::string GivenFacts::framework_arguments_of(const fs::path& user) { return std::string(kFramework) + user.native(); }
std::string GivenFacts::link_arguments_of(const fs::path& directory) { return std::string(kLink) + directory.native(); }
std::string GivenFacts::sources_of(const fs::path& directory) { return std::string(kSources) + directory.native(); }
std::string GivenFacts::sources_of_workspace() { return std::string(kWorkspaceSources); }
std::string GivenFacts::tools() { return std::string(kTools); }
std::string GivenFacts::process() { return std::string(kProcess); }
std::string GivenFacts::pkg_config_variables() { return std::string(kPkgConfigVariables); }

void GivenFacts::know(const std::vector<discover::Package>& packages) {
  for (const auto& package : packages) known_.emplace(sources_of(package.directory), sources(package));
}

std::optional<Given> GivenFacts::look_up(const std::string& name) const {
  if (auto known = known_.find(name); known != known_.end()) return known->second;
  return known_.emplace(name, make(name)).first->second;
}

std::optional<Given> GivenFacts::make(const std::string& name) const {
  auto rest = [&](std::string_view prefix) { return fs::path(name.substr(prefix.size())); };
  if (name.starts_with(kArguments)) return given(arguments_.compile(rest(kArguments)));
  if (name.starts_with(kFramework)) return given(arguments_.compile_foreign(rest(kFramework)));
  if (name.starts_with(kLink)) return given(arguments_.link(rest(kLink)));
  if (name == kTools) return given(Strings{toolchain_.identity()});
  if (name == kProcess) return given(process_facts());
  if (name == kPkgConfigVariables) return given(Strings{build::pkg_config_variables()});
  if (name == kWorkspaceSources) {
    auto packages = discover::find_packages(workspace_, workspace_.root, {"./..."});
    if (!packages) return given(Strings{"failed: " + packages.error().text});
    Strings items;
    for (const auto& package : *packages) {
      items.push_back(package.id.path + ":");
      add_sources(package, items);
    }
    return given(items);
  }
  if (name.starts_with(kSources)) return sources(discover::read_package(workspace_, rest(kSources)));
  return std::nullopt;
}

}  // namespace dyad::build
