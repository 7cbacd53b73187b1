#include "host/build/given_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <string_view>

#include "host/build/pkg_config_answers.hpp"

namespace dyad::build {

namespace fs = std::filesystem;
using Given = inputs::World::Given;

namespace {

constexpr std::string_view kArguments = "arguments of ", kFramework = "GoogleTest's arguments from ",
                           kLink = "link arguments of ", kSources = "sources of ",
                           kWorkspaceSources = "sources of the workspace", kTools = "dyad and its compiler",
                           kPkgConfigVariables = "variables of pkg-config";

std::optional<Given> given(std::string text) { return Given{cache::digest_of(text), std::move(text)}; }

/// One argument a line.
std::optional<Given> lines(const Result<std::vector<std::string>>& arguments) {
  if (!arguments) return given("failed: " + arguments.error().text);
  std::string text = fmt::format("{}", fmt::join(*arguments, "\n"));
  // The code that "native" stands for is not in the arguments.
  if (text.find("=native") == std::string::npos) return given(std::move(text));
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line) && !line.empty();)
    if (line.starts_with("model name") || line.starts_with("flags") || line.starts_with("Features"))
      text += "\n" + line;
  return given(std::move(text));
}

std::string text_of(const discover::Package& package) {
  std::string text = package.problem;
  for (const auto* files : {&package.tests, &package.library})
    for (const auto& file : *files) text += (text.empty() ? "" : "\n") + file.filename().native();
  return text;
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
std::string GivenFacts::pkg_config_variables() { return std::string(kPkgConfigVariables); }

void GivenFacts::know(const std::vector<discover::Package>& packages) {
  for (const auto& package : packages) known_.emplace(sources_of(package.directory), given(text_of(package)));
}

std::optional<Given> GivenFacts::look_up(const std::string& name) const {
  if (auto known = known_.find(name); known != known_.end()) return known->second;
  return known_.emplace(name, make(name)).first->second;
}

std::optional<Given> GivenFacts::make(const std::string& name) const {
  auto rest = [&](std::string_view prefix) { return fs::path(name.substr(prefix.size())); };
  if (name.starts_with(kArguments)) return lines(arguments_.compile(rest(kArguments)));
  if (name.starts_with(kFramework)) return lines(arguments_.compile_foreign(rest(kFramework)));
  if (name.starts_with(kLink)) return lines(arguments_.link(rest(kLink)));
  if (name == kTools) return given(toolchain_.identity());
  if (name == kPkgConfigVariables) return given(build::pkg_config_variables());
  if (name == kWorkspaceSources) {
    auto packages = discover::find_packages(workspace_, workspace_.root, {"./..."});
    if (!packages) return given("failed: " + packages.error().text);
    std::string text;
    for (const auto& package : *packages) text += package.id.path + ":\n" + text_of(package) + "\n";
    return given(std::move(text));
  }
  if (name.starts_with(kSources)) return given(text_of(discover::read_package(workspace_, rest(kSources))));
  return std::nullopt;
}

}  // namespace dyad::build
