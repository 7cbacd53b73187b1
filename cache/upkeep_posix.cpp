/// Trim, statistics, check and clean: what looks at the store as a whole.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "cache/action_file.hpp"
#include "cache/file_list.hpp"
#include "cache/store_state.hpp"
#include "host/base/file.hpp"

namespace dyad::cache {

namespace fs = std::filesystem;

namespace {

using std::chrono::hours;

constexpr int kShardLevels = 1;
constexpr hours kTemporaryLife{1};
constexpr std::string_view kTemporarySuffix = ".tmp";  // host/base/file.hpp
constexpr hours kFutureTolerance{1};
/// Without a lock nobody knows what is in use: what was used within a day may be.
constexpr hours kSpareWithoutLock{24};

void add(Amount& amount, const TrimCandidate& file) {
  ++amount.files;
  amount.bytes += bytes_on_disk(file.size);
}

Amount amount_of(const std::vector<TrimCandidate>& files) {
  Amount amount;
  for (const auto& file : files) add(amount, file);
  return amount;
}

void append(std::vector<TrimCandidate>& to, std::vector<TrimCandidate> files) {
  to.insert(to.end(), std::move_iterator(files.begin()), std::move_iterator(files.end()));
}

std::vector<TrimCandidate> list_entries(int directory) {
  auto files = list_files(directory, std::string(folder_of(EntryKind::kAction)), kShardLevels);
  append(files, list_files(directory, std::string(folder_of(EntryKind::kOutput)), kShardLevels));
  return files;
}

/// Entries and temporary files of a version's folder in the cache directory, but not its lock and the like.
std::vector<TrimCandidate> list_stored(int cache, const std::string& version) {
  std::vector<TrimCandidate> files;
  for (const std::string& folder : list_names(cache, version))
    append(files, list_files(cache, version + "/" + folder, kShardLevels));
  return files;
}

std::optional<TrimStamp> read_stamp(const fs::path& directory) {
  auto text = read_file(directory / kStampFile);
  return text ? TrimStamp::parse(*text) : std::nullopt;
}

/// Removes temporary files that no living process can be writing: of entries, and those of memos and of the stamp,
/// which lie beside them.
void remove_stale_temporary_files(int directory, TimePoint now, Amount& removed) {
  auto files = list_files(directory, kTemporaryFolder, 0);
  auto beside = list_files(directory, kMemoFolder, kShardLevels);
  append(beside, list_files(directory, ".", 0));
  std::erase_if(beside, [](const auto& file) { return !file.name.ends_with(kTemporarySuffix); });
  append(files, std::move(beside));
  for (const auto& file : files) {
    if (now - file.used < kTemporaryLife && file.used - now < kTemporaryLife) continue;
    if (::unlinkat(directory, file.name.c_str(), 0) == 0) add(removed, file);
  }
}

/// Memos are not marked when they are read: those of a workspace in which nothing changes are made anew once in a
/// while.
void remove_old_memos(int directory, const TrimLimits& limits, const TrimStamp& stamp, TimePoint now, Amount& removed) {
  if (limits.age == limits.age.zero()) return;
  for (const auto& file : list_files(directory, kMemoFolder, kShardLevels)) {
    if (now - std::max(file.used, stamp.not_before) <= limits.age) continue;
    if (::unlinkat(directory, file.name.c_str(), 0) == 0) add(removed, file);
  }
}

/// Marks from the future would keep an entry for ever: they become marks of now.
void correct_future_marks(int directory, const std::vector<TrimCandidate>& files, TimePoint now) {
  const timespec times[2] = {{0, UTIME_OMIT}, {Clock::to_time_t(now), 0}};
  for (const auto& file : files)
    if (file.used > now + kFutureTolerance) ::utimensat(directory, file.name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

struct VersionFolder {
  unsigned version = 0;
  std::string name;
};

/// The folders v1, v2, ... of a cache directory that are dyad's: they hold nothing else. Links are left out.
std::vector<VersionFolder> list_versions(int cache) {
  std::vector<VersionFolder> versions;
  for (std::string& name : list_names(cache, ".")) {
    VersionFolder folder;
    const char* end = name.data() + name.size();
    if (!name.starts_with('v') || name.size() > 4 || std::from_chars(name.data() + 1, end, folder.version).ptr != end ||
        name.size() == 1)
      continue;
    const auto inside = list_names(cache, name);  // none: also a link or a file
    const bool is_ours = !inside.empty() && std::ranges::all_of(inside, [](const std::string& entry) {
      return entry == folder_of(EntryKind::kAction) || entry == folder_of(EntryKind::kOutput) ||
             entry == kTemporaryFolder || entry == kMemoFolder || entry == kLockFile || entry == kTagFile ||
             entry.starts_with(kStampFile);
    });
    folder.name = std::move(name);
    if (is_ours) versions.push_back(std::move(folder));
  }
  return versions;
}

bool remove_folder(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return !error;
}

/// What older versions of dyad left is removed whole once nobody has used any of it for the age limit.
void remove_old_versions(const fs::path& cache, const TrimLimits& limits, TimePoint now, Amount& removed) {
  if (limits.age == limits.age.zero()) return;
  OwnedDescriptor directory(::open(cache.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return;
  for (const auto& folder : list_versions(directory.get())) {
    if (folder.version >= kFormatVersion) continue;
    auto files = list_stored(directory.get(), folder.name);
    if (std::ranges::any_of(files, [&](const auto& file) { return now - file.used <= limits.age; })) continue;
    if (!remove_folder(cache / folder.name)) continue;
    for (const auto& file : files) add(removed, file);
  }
}

}  // namespace

std::optional<Digest> digest_in(const std::string& name, EntryKind kind) {
  auto digest = Digest::from_hex(std::string_view(name).substr(name.rfind('/') + 1));
  if (!digest || EntryName(kind, *digest).text() != name) return std::nullopt;
  return digest;
}

Result<TrimReport> Store::trim(const TrimLimits& limits, TimePoint now) {
  const int directory = state_->files.directory();
  TrimReport report;
  std::optional<ExclusiveLock> lock;
  if (state_->lock) {
    lock.emplace(state_->lock.get());
    if (!lock->is_held()) {
      report.in_use = true;
      return report;
    }
  }
  const auto stamp = next_stamp(read_stamp(state_->directory), limits, now);
  auto files = list_entries(directory);
  correct_future_marks(directory, files, now);
  const auto victims = choose_victims(files, limits, stamp, now, lock ? TimePoint::max() : now - kSpareWithoutLock);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool gone = i < victims && ::unlinkat(directory, files[i].name.c_str(), 0) == 0;
    add(gone ? report.removed : report.kept, files[i]);
  }
  remove_stale_temporary_files(directory, now, report.removed);
  remove_old_memos(directory, limits, stamp, now, report.removed);
  remove_old_versions(state_->directory.parent_path(), limits, now, report.removed);
  auto written = write_file_atomically(state_->directory / kStampFile, stamp.text());
  if (!written) return fail(written.error().within("cache"));
  return report;
}

Result<std::optional<TrimReport>> Store::trim_if_due(const TrimLimits& limits, TimePoint now) {
  // A store that cannot be written would be due for ever.
  if (!is_trim_due(read_stamp(state_->directory), now) || ::access(state_->directory.c_str(), W_OK) != 0)
    return std::nullopt;
  auto report = trim(limits, now);
  if (!report) return fail(report.error());
  return *report;
}

StoreStatistics Store::statistics() const {
  const int directory = state_->files.directory();
  StoreStatistics statistics;
  statistics.temporary = amount_of(list_files(directory, kTemporaryFolder, 0));
  if (auto stamp = read_stamp(state_->directory)) statistics.last_trim = stamp->last;
  for (auto kind : {EntryKind::kAction, EntryKind::kOutput}) {
    auto files = list_files(directory, std::string(folder_of(kind)), kShardLevels);
    (kind == EntryKind::kAction ? statistics.actions : statistics.outputs) = amount_of(files);
    for (const auto& file : files) {
      statistics.oldest_use = std::min(statistics.oldest_use.value_or(file.used), file.used);
      statistics.newest_use = std::max(statistics.newest_use.value_or(file.used), file.used);
    }
  }
  return statistics;
}

CheckReport Store::check() {
  const int directory = state_->files.directory();
  CheckReport report;
  for (auto kind : {EntryKind::kAction, EntryKind::kOutput})
    for (const auto& file : list_files(directory, std::string(folder_of(kind)), kShardLevels)) {
      const auto digest = digest_in(file.name, kind);
      std::optional<MissReason> problem;
      if (!digest) {
        problem = MissReason::kForeign;
        ++state_->damaged;
      } else if (kind == EntryKind::kAction) {
        if (auto loaded = state_->load_own(ActionId{*digest}, EntryFiles::Use::kLeave); !loaded) problem = loaded.error();
      } else if (auto verified = state_->verify_own(OutputId{*digest}, EntryFiles::Use::kLeave); !verified) {
        problem = verified.error();
      }
      if (problem == MissReason::kAbsent) continue;  // removed meanwhile
      add(kind == EntryKind::kAction ? report.actions : report.outputs, file);
      if (!problem) continue;
      report.damaged.push_back({file.name, *problem});
      if (!digest || *problem == MissReason::kUnreadable) ::unlinkat(directory, file.name.c_str(), 0);
    }
  return report;
}

Result<Amount> Store::clean() {
  const fs::path cache = state_->directory.parent_path();
  auto failure = [&](std::string_view what) { return fail(fmt::format("cache {}: {}", cache.native(), what)); };
  OwnedDescriptor directory(::open(cache.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failure(std::strerror(errno));
  std::optional<ExclusiveLock> lock;
  if (state_->lock) {
    lock.emplace(state_->lock.get());
    if (!lock->is_held()) return failure("another dyad is using it; try again when it has ended");
  }
  const auto versions = list_versions(directory.get());
  if (std::ranges::none_of(versions, [](const auto& folder) { return folder.version == kFormatVersion; }))
    return failure(fmt::format("{} holds files that are not dyad's; nothing was removed", version_folder()));
  Amount removed;
  for (const auto& folder : versions) {
    auto files = list_stored(directory.get(), folder.name);
    if (!remove_folder(cache / folder.name)) return failure(fmt::format("{} cannot be removed", folder.name));
    for (const auto& file : files) add(removed, file);
  }
  return removed;
}

}  // namespace dyad::cache
