/// Which packages have crashed on the backend that lets them share processes, so that they run as programs of their own
/// until they have shown that they can do without.
///
/// Advice, and nothing more: it decides where a package runs, never what its result is, and results are kept under the
/// backend that they come from. So a file that is lost, damaged or older than it should be costs nothing but a crash.
/// Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "host/base/ids.hpp"
#include "host/build/built_package.hpp"
#include "host/run/package_result.hpp"

namespace dyad::results {

class CrashMemory {
 public:
  /// A package goes back after it has passed so many times without a crash in between.
  static constexpr unsigned kPassesWanted = 3;

  /// Remembers nothing if there is no such file, or it is not what save() writes.
  static CrashMemory load(const std::filesystem::path& file);
  /// Replaces the file if there is anything new: the last of several runs wins. A failure is no news.
  void save();

  /// How often a package that has crashed has passed since; nothing if it may run with others.
  std::optional<unsigned> passes_of(const PackageId& package) const;
  /// A line for the report; empty if the package may run with others.
  std::string notice_of(const PackageId& package) const;

  /// What a run came to whose images were of `kind`. Results of earlier runs say nothing new. Returns a line for the
  /// report if the package runs elsewhere the next time; or an empty one.
  std::string add(const run::PackageResult& result, build::ImageKind kind);

 private:
  std::filesystem::path file_;
  std::map<PackageId, unsigned> passes_;
  bool changed_ = false;
};

/// Did a test, or anything else in the package, end by a signal that nobody has sent on purpose?
bool has_crashed(const run::PackageResult& result);

}  // namespace dyad::results
