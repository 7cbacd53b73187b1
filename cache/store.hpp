/// Content-addressed store of action outputs on local disk.
///
/// Knows nothing of compilers or tests: keys are opaque. Safe for several threads and several processes on one machine
/// (a file appears whole, by rename, or not at all); not for a network file system. A damaged or foreign entry, as far
/// as the file system's stamps tell a change, is a miss with a reason, never an error and never a result. A store that
/// cannot be written costs speed, not the run.
///
/// Below the directory, in a folder per version of the format, so that another version is not seen:
///   v2/action/<2 hex>/<32 hex>   cache/action_file.hpp
///   v2/output/<2 hex>/<32 hex>   the bytes; the name is their XXH3-128
///   v2/memo/<2 hex>/<32 hex>     files of whoever uses the store
/// docs/cache-format.md has the rest and the reasons.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/digest.hpp"
#include "cache/limits.hpp"
#include "cache/miss_reason.hpp"
#include "host/base/result.hpp"

namespace dyad::cache {

struct Entry {
  OutputId output;
  std::uint64_t size = 0;
};

/// What happened since the store was opened. Every find, read and verify is one hit or one miss.
struct StoreCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t damaged = 0;         ///< entries that were worthless, and removed
  std::uint64_t write_failures = 0;  ///< puts that did not succeed
};

/// Files and what they take of the disk.
struct Amount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

struct StoreStatistics {
  Amount actions, outputs;
  Amount temporary;                                 ///< being written, or left by a process that was killed
  std::optional<TimePoint> oldest_use, newest_use;  ///< of actions and outputs, to about a day
  std::optional<TimePoint> last_trim;
};

struct TrimReport {
  bool in_use = false;  ///< another dyad is running: nothing was removed
  Amount removed, kept;
};

struct DamagedEntry {
  std::string name;  ///< "action/ab/ab12..."
  MissReason reason;
};

struct CheckReport {
  Amount actions, outputs;  ///< that were checked
  std::vector<DamagedEntry> damaged;
};

/// Copies share everything. Thread-safe, except that `trim` and `clean` must not run while another thread of this
/// process uses outputs by their path.
class Store {
 public:
  /// The directory that the environment asks for: $DYAD_CACHE, else $XDG_CACHE_HOME/dyad, else ~/.cache/dyad; when
  /// there is no home, a directory of this user below the system's temporary directory.
  static std::filesystem::path default_directory();

  /// Who may decide what a run's results are: whoever can write to the directory does.
  enum class Trust {
    kThisUser,       ///< a directory of another user, or that others may write to, is refused
    kWhoeverWrites,  ///< it is used, and what is made in it has the mode of the directory
  };
  /// kWhoeverWrites if $DYAD_CACHE_SHARED is "1".
  static Trust trust_asked_for();

  /// Creates the directory (0700) if need be. Fails if it is not to be trusted, or cannot be read. Holds a shared lock
  /// until the last copy goes, so that nobody trims what this process uses; waits at most 5 s for a trim to end. A file
  /// system without locks is no failure.
  static Result<Store> open(const std::filesystem::path& directory, Trust trust = Trust::kThisUser);

  /// What `id` was said to produce. Whether a file of its own is still there is not looked at.
  std::expected<Entry, MissReason> find(const ActionId& id) const;

  /// The bytes of an output that is a file of its own, verified against its id.
  std::expected<std::string, MissReason> read(const OutputId& id) const;

  /// The bytes that `id` produced, wherever they are.
  std::expected<std::string, MissReason> read(const ActionId& id) const;

  /// Where the bytes of an output are (or would be): in the store beneath if verify() found them there. Valid for a
  /// reader that accepts what is there; see `verify`.
  std::filesystem::path path_of(const OutputId& id) const;

  /// Where whoever uses the store may keep a file about `subject`, with a check of its own. Such files are no entries:
  /// a trim removes those that were not written for the age limit, and `clean` all of them.
  std::filesystem::path memo_of(const Digest& subject) const;

  /// True if the output's file is there and holds what its name says: read, unless it was before, by this process or an
  /// earlier one that said keep_verified(), and has not changed since.
  bool verify(const OutputId& id) const;

  /// For later processes: what verify() has found good, by this process or earlier.
  void keep_verified() const;

  /// Stores bytes in a file of their own, to be used by `path_of`.
  Result<OutputId> put(std::string_view bytes);

  enum class Form {
    kCompact,  ///< a small output is kept with its action and has no path
    kFile      ///< the output is a file of its own, whatever its size
  };
  /// Stores bytes, and that this action produced them. A failure is for the counts; the first is kept as
  /// `write_problem`, to be shown once.
  Result<OutputId> put(const ActionId& id, std::string_view bytes, Form form = Form::kCompact);

  /// From now on what this store lacks is looked for in the one at `directory`, which is only read, not locked, and not
  /// part of what upkeep sees. False, and no change, if there is none, or it is this one. Before other threads use the
  /// store.
  bool rest_on(const std::filesystem::path& directory);

  /// Of this format version: below the directory that was opened.
  const std::filesystem::path& directory() const;

  StoreCounts counts() const;

  /// Why the first put that failed did, one line; empty: none did.
  std::string write_problem() const;

  /// False if nothing below the directory can be executed or mapped as code (mounted noexec): images must be copied to
  /// another place.
  bool allows_execution() const;

  // Upkeep.

  /// Removes what exceeds the limits, temporary files older than an hour, and what older versions of dyad left and
  /// nobody has used for the age limit. Does nothing if another dyad holds the store open. Call it when this process
  /// no longer uses outputs by their path. `now` is for tests.
  Result<TrimReport> trim(const TrimLimits& limits, TimePoint now = Clock::now());

  /// The same, at most once a day; nothing if it was not due.
  Result<std::optional<TrimReport>> trim_if_due(const TrimLimits& limits, TimePoint now = Clock::now());

  StoreStatistics statistics() const;

  /// Reads and verifies every entry, and removes the damaged ones. Does not count as use.
  CheckReport check();

  /// Removes the folders of this and all other versions of the format, and nothing else. Fails if another dyad holds
  /// the store open. The store must not be used afterwards.
  Result<Amount> clean();

 private:
  struct State;
  explicit Store(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace dyad::cache
