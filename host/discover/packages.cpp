#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "host/base/text.hpp"
#include "host/discover/listing.hpp"
#include "host/discover/source_name.hpp"
#include "host/discover/workspace.hpp"

namespace dyad::discover {

namespace fs = std::filesystem;

namespace {

/// Ordered by path, component by component: "a", "a/b", "a-b", as a walk meets them.
using Packages = std::map<fs::path, Package>;

/// `directory` relative to the root; nothing if it is outside. Both canonical.
std::optional<fs::path> relative_to_root(const Workspace& workspace, const fs::path& directory) {
  fs::path relative = directory.lexically_relative(workspace.root);
  if (relative.empty() || *relative.begin() == "..") return std::nullopt;
  return relative;
}

Package make_package(const Workspace& workspace, const fs::path& directory, const Listing& listing) {
  Package package;
  package.id.path = directory.lexically_relative(workspace.root).generic_string();
  package.directory = directory;
  package.problem = listing.problem;
  const Settings settings = workspace.settings_for(directory);
  const auto& patterns = settings.test_patterns;
  package.cache_despite = settings.cache_despite;
  package.test_timeout = settings.test_timeout;
  const auto framework = framework_sources(listing.files);
  for (const std::string& file : listing.files) {
    const SourceKind kind = kind_of_name(file, patterns);
    const bool is_asked_for = !patterns.empty() && kind == SourceKind::kTest;
    if (!is_asked_for && std::ranges::find(framework, file) != framework.end()) {
      package.framework.push_back(directory / file);
      continue;
    }
    switch (kind) {
      case SourceKind::kNone:
        break;
      case SourceKind::kOtherPlatform:
        package.other_platform.push_back(directory / file);
        break;
      case SourceKind::kTest:
        package.tests.push_back(directory / file);
        break;
      case SourceKind::kLibrary:
        package.library.push_back(directory / file);
        break;
    }
  }
  return package;
}

/// What "..." finds in and below `start`, `start` itself whatever it is called.
void walk(const Workspace& workspace, const fs::path& start, Packages& found) {
  std::vector<fs::path> pending{start};
  while (!pending.empty()) {
    fs::path directory = std::move(pending.back());
    pending.pop_back();
    Listing listing = list_directory(directory);
    if (directory != start && (listing.is_build_folder || listing.has_config)) continue;
    for (const std::string& name : listing.directories)
      if (!is_ignored_name(name)) pending.push_back(directory / name);
    Package package = make_package(workspace, directory, listing);
    if (package.tests.empty() && package.library.empty() && package.framework.empty() && package.problem.empty())
      continue;
    found.emplace(directory, std::move(package));
  }
}

/// The workspace below `root` that `directory` belongs to instead, or empty.
fs::path other_workspace(const Workspace& workspace, const fs::path& directory) {
  for (fs::path place = directory; place != workspace.root; place = place.parent_path())
    if (has_config(place)) return place;
  return {};
}

struct Pattern {
  std::string directory;   ///< as the user wrote it, without "/..."
  bool recursive = false;  ///< ended in "..."
};

Result<Pattern> read_pattern(const std::string& text) {
  if (text.empty()) return fail("an empty package pattern: write . for this directory");
  if (text == "...") return Pattern{".", true};
  if (text.ends_with("/...")) {
    auto directory = text.substr(0, text.size() - 4);
    return Pattern{directory.empty() ? "/" : directory, true};
  }
  return Pattern{text, false};
}

/// The directory that a pattern names, canonical, inside the workspace.
Result<fs::path> find_directory(const Workspace& workspace, const fs::path& cwd, const std::string& text,
                                const Pattern& pattern) {
  std::string shown = printable(pattern.directory);
  std::error_code error;
  fs::path place = fs::canonical(cwd / pattern.directory, error);
  bool missing = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  if (missing && pattern.recursive) return fail(printable(text) + " matches no directory");
  if (missing && pattern.directory.find("...") != std::string::npos)
    return fail(printable(text) + " is no package pattern: ... may only be the last part, as in ./dir/...");
  if (missing) return fail("no such directory: " + shown);
  if (error) return fail(fmt::format("cannot enter {}: {}", shown, error.message()));
  if (!fs::is_directory(place, error)) return fail(shown + " is a file: name its directory");
  if (!relative_to_root(workspace, place))
    return fail(fmt::format("{} is outside the workspace {}", shown, printable(workspace.root.native())));
  if (fs::path other = other_workspace(workspace, place); !other.empty())
    return fail(fmt::format("{} belongs to another workspace, {} has a dyad.toml of its own: run dyad there", shown,
                            printable(other.native())));
  return place;
}

}  // namespace

Result<std::vector<Package>> find_packages(const Workspace& workspace, const fs::path& cwd,
                                           const std::vector<std::string>& patterns) {
  Packages found;
  for (const std::string& text : patterns) {
    auto pattern = read_pattern(text);
    if (!pattern) return fail(pattern.error());
    auto directory = find_directory(workspace, cwd, text, *pattern);
    if (!directory) return fail(directory.error());
    if (pattern->recursive) {
      walk(workspace, *directory, found);
    } else if (!found.contains(*directory)) {
      found.emplace(*directory, make_package(workspace, *directory, list_directory(*directory)));
    }
    if (auto here = found.find(*directory); here != found.end() && !here->second.problem.empty())
      return fail(fmt::format("cannot read {}: {}", printable(pattern->directory), here->second.problem));
  }
  std::vector<Package> packages;
  packages.reserve(found.size());
  for (auto& [directory, package] : found) packages.push_back(std::move(package));
  return packages;
}

Package read_package(const Workspace& workspace, const fs::path& directory) {
  fs::path place = directory.lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  Package nothing;
  nothing.directory = place;
  auto relative = relative_to_root(workspace, place);
  if (!relative) return nothing;
  nothing.id.path = relative->generic_string();
  for (fs::path outer = place; outer != workspace.root; outer = outer.parent_path())
    if (has_config(outer) || is_build_folder(outer)) return nothing;
  return make_package(workspace, place, list_directory(place));
}

}  // namespace dyad::discover
