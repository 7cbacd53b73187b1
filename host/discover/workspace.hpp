/// The workspace: its root, its dyad.toml, and which directory is which package. Looks at names and directories only;
/// no source is read here, so that `dyad list` costs one walk of the tree.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/ids.hpp"
#include "host/base/result.hpp"

namespace dyad::discover {

/// Entries of `cache_despite`.
inline constexpr std::string_view kProgramsTolerated = "programs", kNetworkTolerated = "network";

/// What dyad.toml can set, for the workspace or for a directory and all below it. Later (deeper) settings append to
/// lists and replace scalars.
struct Settings {
  std::vector<std::filesystem::path> include_roots;  ///< absolute; before the default ones
  std::vector<std::string> defines;                  ///< "NAME" or "NAME=value"
  std::vector<std::string> flags;                    ///< for the compiler, as they are
  std::vector<std::string> link_flags;               ///< for the linker: "-lfoo"
  std::string c_standard = "gnu17";
  std::string cxx_standard = "gnu++20";
  std::vector<std::string> pkg_config;     ///< names of .pc files
  std::vector<std::string> test_patterns;  ///< globs of file names; replace the default rule when set
  std::vector<std::string> cache_despite;  ///< kProgramsTolerated, kNetworkTolerated: results are kept all the same
  std::optional<std::chrono::nanoseconds> test_timeout;  ///< of each test; 0: none
};

struct Workspace {
  std::filesystem::path root;         ///< absolute, canonical
  std::filesystem::path config_file;  ///< dyad.toml, or empty
  Settings settings;
  /// By directory relative to the root; what the file says, unmerged: a standard that it does not say is empty.
  std::map<std::filesystem::path, Settings> overrides;

  /// Settings in force for `directory` (absolute, inside the root).
  Settings settings_for(const std::filesystem::path& directory) const;
};

/// A directory with sources. `tests` empty: a library directory, shown as "[no test files]".
struct Package {
  PackageId id;
  std::filesystem::path directory;             ///< absolute
  std::vector<std::filesystem::path> tests;    ///< absolute, sorted by name
  std::vector<std::filesystem::path> library;  ///< the other sources for this platform, sorted
  /// Sources of a copy of GoogleTest: neither tests nor library.
  std::vector<std::filesystem::path> framework;
  /// Sources whose names say another platform (x_windows.cc, x_arm.cc), sorted. Not built; here so that a missing
  /// symbol can be explained.
  std::vector<std::filesystem::path> other_platform;
  std::vector<std::string> cache_despite;                ///< the directory's setting
  std::optional<std::chrono::nanoseconds> test_timeout;  ///< likewise
  std::string
      problem;  ///< why the directory could not be read ("Permission denied"); empty as a rule, else the lists are
};

/// Root: the nearest parent with dyad.toml, else the nearest with .git, else `cwd`. Reads dyad.toml; a broken file, an
/// unknown key or a wrong type is an error that names file (as seen from `cwd`) and line.
Result<Workspace> find_workspace(const std::filesystem::path& cwd);

/// The packages that `patterns` (".", "./dir", "dir/...", absolute ones) name, sorted by path, each once. Also
/// directories that hold only library sources; without sources at all only those that a pattern names itself. "..."
/// leaves out testdata, names that begin with '.' or '_', build folders (with a CMakeCache.txt), links to directories,
/// and directories with a dyad.toml of their own (other workspaces); all but the last can be named themselves. A
/// directory that is below a "..." and cannot be read is a Package with a `problem`. An unknown directory, one outside
/// the workspace or one that is named and cannot be read is an error.
Result<std::vector<Package>> find_packages(const Workspace&, const std::filesystem::path& cwd,
                                           const std::vector<std::string>& patterns);

/// The package of one directory; empty lists if it has no sources, does not exist, or is outside the workspace, in a
/// build folder or in another workspace. Reads one directory. A directory of an ignored name (testdata) is read:
/// whoever asks found a reference to it.
Package read_package(const Workspace&, const std::filesystem::path& directory);

}  // namespace dyad::discover
