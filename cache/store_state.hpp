/// What all copies of a Store share, and what its parts need of each other. For the files that implement it only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "cache/entry_files.hpp"
#include "cache/store.hpp"
#include "cache/verified_files.hpp"

namespace dyad::cache {

/// "v2": the folder of this version of the format.
std::string version_folder();

/// The files in it beside the entries.
inline constexpr const char* kLockFile = "lock";
inline constexpr const char* kStampFile = "trimmed";
inline constexpr const char* kMemoFolder = "memo";
inline constexpr const char* kTagFile = "CACHEDIR.TAG";

/// Outputs are never larger; a file that is, is damaged.
inline constexpr std::uint64_t kLargestOutput = std::uint64_t{4} << 30;

inline EntryName name_of(const ActionId& id) { return {EntryKind::kAction, id.digest}; }
inline EntryName name_of(const OutputId& id) { return {EntryKind::kOutput, id.digest}; }

struct LoadedAction {
  Entry entry;
  bool is_inline = false;
  std::string bytes;  ///< of the output, if it is inline
};

struct OpenedDirectory {
  OwnedDescriptor directory, lock;
  unsigned folder_mode = 0700;  ///< of the folders that are made in it
};

/// The functions that look up do not count hits and misses: one question of a caller may be several of them.
struct Store::State {
  State(std::filesystem::path place, OpenedDirectory opened)
      : directory(std::move(place)),
        files(std::move(opened.directory), opened.folder_mode),
        lock(std::move(opened.lock)) {}

  std::expected<LoadedAction, MissReason> load(const ActionId& id, EntryFiles::Use use);
  std::expected<std::string, MissReason> load(const OutputId& id, std::uint64_t most);
  std::filesystem::path memo_of(const Digest& subject) const;
  /// Of VerifiedFiles; each user has one.
  std::filesystem::path verified_memo() const;

  /// Reads the file, unless this process or an earlier one has found it good and it has not changed since.
  std::expected<Digest, MissReason> verify(const OutputId& id, EntryFiles::Use use);
  /// The same of this store alone.
  std::expected<LoadedAction, MissReason> load_own(const ActionId& id, EntryFiles::Use use);
  std::expected<std::string, MissReason> load_own(const OutputId& id, std::uint64_t most, EntryFiles::Use use);
  std::expected<Digest, MissReason> verify_own(const OutputId& id, EntryFiles::Use use);
  Result<OutputId> put_file(std::string_view bytes);
  Result<OutputId> put(const ActionId& id, std::string_view bytes, Form form);

  /// Removes what is worthless, and counts it.
  void discard(MissReason reason, const EntryName& name, const FileIdentity& identity);
  Result<OutputId> noted(Result<OutputId> put);

  template <class T>
  std::expected<T, MissReason> count(std::expected<T, MissReason> answer) {
    ++(answer ? hits : misses);
    return answer;
  }

  const std::filesystem::path directory;
  const EntryFiles files;
  const OwnedDescriptor lock;  ///< shared; none: the file system has no locks or cannot be written

  std::atomic<std::uint64_t> hits{0}, misses{0}, damaged{0}, write_failures{0};
  std::mutex mutex;  ///< of what follows
  std::string write_problem;
  std::set<Digest> lent;  ///< outputs that this store has not, and that were found good in the one beneath

  std::once_flag knows_verified;  ///< what earlier processes have verified

  std::unique_ptr<State> beneath;  ///< null: none. Only read; it has none beneath itself.
  bool is_beneath = false;
};

/// Creates and checks `directory` and the folder of this version in it; locks it, shared.
Result<OpenedDirectory> open_directory(const std::filesystem::path& directory, Store::Trust trust);

/// For reading what is in it. None: there is no such folder.
OwnedDescriptor open_folder(const std::filesystem::path& folder);

/// The digest in an entry's name as list_files() gives it; nothing if it is no such name.
std::optional<Digest> digest_in(const std::string& name, EntryKind kind);

/// Makes the store's shared lock exclusive for a while, without waiting; not if others hold the store open.
class ExclusiveLock {
 public:
  explicit ExclusiveLock(int lock);
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;
  ~ExclusiveLock();
  bool is_held() const { return held_; }

 private:
  int lock_;
  bool held_;
};

}  // namespace dyad::cache
