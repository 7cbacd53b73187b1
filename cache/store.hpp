/// Content-addressed store of action outputs on local disk.
///
/// Knows nothing of compilers or tests: keys are opaque. Safe for several threads and several processes on one machine
/// (a file appears whole, by rename, or not at all); not for a network file system. A damaged or foreign entry is a
/// miss with a reason, never an error and never a result. A store that cannot be written costs speed, not the run.
///
/// Layout below the directory, format version 1 (the folder's name carries it, so that another version is not seen):
///   v1/action/<2 hex>/<32 hex>   "dyad-action 1\n" output-id(32 hex) " " size(decimal) "\n"
///   v1/output/<2 hex>/<32 hex>   the bytes; the name is their XXH3-128
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "cache/digest.hpp"
#include "host/base/result.hpp"

namespace dyad::cache {

struct Entry {
  OutputId output;
  std::uint64_t size = 0;
};

enum class MissReason {
  kAbsent,     ///< never stored
  kDamaged,    ///< the action's or the output's file is not what was written
  kUnreadable  ///< the file system would not give it
};

class Store {
 public:
  /// The directory that the environment asks for: $DYAD_CACHE, else $XDG_CACHE_HOME/dyad, else ~/.cache/dyad; when there
  /// is no home, a directory of this user below the system's temporary directory.
  static std::filesystem::path default_directory();

  /// Creates the directory (0700) if need be. Fails if it belongs to another user or others may write to it.
  static Result<Store> open(const std::filesystem::path& directory);

  /// What `id` was said to produce. Only the action is looked at, not the output's bytes.
  std::expected<Entry, MissReason> find(const ActionId& id) const;

  /// The bytes of an output, verified against its id; a damaged file is removed.
  std::expected<std::string, MissReason> read(const OutputId& id) const;

  /// find and read in one.
  std::expected<std::string, MissReason> read(const ActionId& id) const;

  /// Where the bytes of an output are (or would be). Valid for a reader that accepts what is there; see `verify`.
  std::filesystem::path path_of(const OutputId& id) const;

  /// True if the output's file is there and holds what its name says.
  bool verify(const OutputId& id) const;

  /// Stores bytes; and, with an id, that this action produced them.
  Result<OutputId> put(std::string_view bytes);
  Result<OutputId> put(const ActionId& id, std::string_view bytes);

  const std::filesystem::path& directory() const { return directory_; }

 private:
  explicit Store(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path path_of(const ActionId& id) const;
  std::filesystem::path directory_;
};

}  // namespace dyad::cache
