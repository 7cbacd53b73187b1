#include "host/discover/workspace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "host/base/text.hpp"
#include "host/discover/config.hpp"
#include "host/discover/listing.hpp"

namespace dyad::discover {

namespace fs = std::filesystem;

namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void merge(Settings& to, const Settings& deeper) {
  append(to.include_roots, deeper.include_roots);
  append(to.defines, deeper.defines);
  append(to.flags, deeper.flags);
  append(to.link_flags, deeper.link_flags);
  append(to.pkg_config, deeper.pkg_config);
  append(to.test_patterns, deeper.test_patterns);
  append(to.cache_despite, deeper.cache_despite);
  if (deeper.test_timeout) to.test_timeout = deeper.test_timeout;
  if (!deeper.c_standard.empty()) to.c_standard = deeper.c_standard;
  if (!deeper.cxx_standard.empty()) to.cxx_standard = deeper.cxx_standard;
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// `start` or the nearest of its parents that holds `name`; empty if none does.
fs::path nearest_with(const fs::path& start, const char* name) {
  for (fs::path place = start;; place = place.parent_path()) {
    if (is_there(place / name)) return place;
    if (place == place.root_path()) return {};
  }
}

}  // namespace

Settings Workspace::settings_for(const fs::path& directory) const {
  Settings merged = settings;
  fs::path relative = directory.lexically_normal().lexically_relative(root);
  // The map's order puts a directory before what is below it.
  for (const auto& [place, override] : overrides)
    if (place == "." ? relative.empty() || *relative.begin() != ".." : is_within(relative, place))
      merge(merged, override);
  return merged;
}

Result<Workspace> find_workspace(const fs::path& cwd) {
  std::error_code error;
  fs::path start = fs::canonical(cwd, error);
  if (error) return fail(fmt::format("cannot enter {}: {}", printable(cwd.native()), error.message()));
  Workspace workspace;
  if (fs::path configured = nearest_with(start, "dyad.toml"); !configured.empty()) {
    workspace.root = configured;
    workspace.config_file = configured / "dyad.toml";
    auto shown = printable(workspace.config_file.lexically_relative(start).native());
    auto config = read_config(workspace.config_file, workspace.root, shown);
    if (!config) return fail(config.error());
    workspace.settings = std::move(config->settings);
    workspace.overrides = std::move(config->overrides);
    return workspace;
  }
  fs::path repository = nearest_with(start, ".git");
  workspace.root = repository.empty() ? start : repository;
  return workspace;
}

}  // namespace dyad::discover
