// Trim, statistics and clean, on files.
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr hours kDay{24};

class UpkeepTest : public TestStore {
 protected:
  /// An action whose output is a file of its own; both marked as used at `used`.
  OutputId put(std::string_view name, TimePoint used) {
    auto known = files_below(place() / "v2" / "action");
    auto id = *store_->put(action(name), std::string(10'000, name.front()));
    set_mark(store_->path_of(id), used);
    for (const auto& file : files_below(place() / "v2" / "action"))
      if (std::ranges::find(known, file) == known.end()) set_mark(file, used);
    return id;
  }
  bool is_there(std::string_view name) { return store_->read(action(name)).has_value(); }
  TrimReport trim(const TrimLimits& limits = {}, TimePoint now = Clock::now()) {
    auto report = store_->trim(limits, now);
    EXPECT_TRUE(report) << report.error().text;
    return report ? *report : TrimReport{};
  }

  std::optional<Store> store_ = open();
  const TimePoint now_ = std::chrono::floor<std::chrono::seconds>(Clock::now());
};

TEST_F(UpkeepTest, TrimRemovesWhatIsTooOld) {
  put("old", now_ - 15 * kDay);
  put("new", now_ - kDay);
  auto report = trim();
  EXPECT_FALSE(report.in_use);
  EXPECT_EQ(report.removed.files, 2u);
  EXPECT_EQ(report.removed.bytes, 4096u + 12288u);
  EXPECT_EQ(report.kept.files, 2u);
  EXPECT_FALSE(is_there("old"));
  EXPECT_TRUE(is_there("new"));
}

TEST_F(UpkeepTest, TrimRemovesTheOldestOfTooMuch) {
  for (int i = 0; i < 5; ++i) put(std::to_string(i), now_ - hours(10 - i));
  auto report = trim({TrimLimits::kDefaultAge, 2 * (4096 + 12288)});
  EXPECT_EQ(report.removed.files, 6u);
  EXPECT_EQ(report.kept.bytes, 2u * (4096 + 12288));
  EXPECT_FALSE(is_there("2"));
  EXPECT_TRUE(is_there("3"));
  EXPECT_TRUE(is_there("4"));
}

TEST_F(UpkeepTest, ReadingSavesAnEntryFromTheTrim) {
  put("a", now_ - 13 * kDay);
  put("b", now_ - 13 * kDay);
  EXPECT_TRUE(is_there("a"));
  trim({}, now_ + 2 * kDay);
  EXPECT_TRUE(is_there("a"));
  EXPECT_FALSE(is_there("b"));
}

TEST_F(UpkeepTest, MarksFromTheFutureAreCorrectedAndNothingIsRemoved) {
  auto id = put("a", now_ + 1000 * kDay);
  EXPECT_EQ(trim().removed.files, 0u);
  EXPECT_LT(mark_of(store_->path_of(id)) - now_, hours(1)) << "so that it ages from now on";
}

TEST_F(UpkeepTest, JumpOfTheClockEvictsNothing) {
  for (int i = 0; i < 5; ++i) put(std::to_string(i), now_ - hours(i));
  trim();
  for (auto jump : {365 * kDay, -365 * kDay, 3650 * kDay, 0 * kDay})
    EXPECT_EQ(trim({}, now_ + jump).removed.files, 0u) << jump.count();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_there(std::to_string(i)));
}

TEST_F(UpkeepTest, TrimLeavesAStoreThatAnotherProcessHoldsOpen) {
  put("old", now_ - 15 * kDay);
  int ready[2], end[2];
  ASSERT_EQ(::pipe(ready) | ::pipe(end), 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::close(end[1]);
    auto other = Store::open(place());
    char byte = 'x';
    if (!other || ::write(ready[1], &byte, 1) != 1) ::_exit(1);
    while (::read(end[0], &byte, 1) > 0) continue;
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto report = trim();
  EXPECT_TRUE(report.in_use);
  EXPECT_EQ(report.removed.files, 0u);
  EXPECT_FALSE(store_->clean());
  EXPECT_TRUE(is_there("old"));
  ::close(end[1]);
  ::waitpid(child, nullptr, 0);
  for (int fd : {ready[0], ready[1], end[0]}) ::close(fd);
  set_mark(only_file_below(place() / "v2" / "action"), now_ - 15 * kDay);
  EXPECT_EQ(trim().removed.files, 1u) << "reading marked the output only a moment ago";
}

TEST_F(UpkeepTest, TrimTakesAndGivesBackTheLock) {
  trim();
  int lock = ::open((place() / "v2" / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(lock, 0);
  EXPECT_EQ(::flock(lock, LOCK_SH | LOCK_NB), 0) << "others may open the store again";
  EXPECT_NE(::flock(lock, LOCK_EX | LOCK_NB), 0) << "and this one still holds it";
  store_.reset();
  EXPECT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  ::close(lock);
}

TEST_F(UpkeepTest, ReaderDuringATrimGetsTheBytesOrAMiss) {
  std::vector<OutputId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(put(std::to_string(i), now_));
  std::atomic<bool> ended{false};
  std::atomic<int> wrong{0}, rounds{0};
  std::jthread reader([&] {
    while (!ended || rounds == 0) {
      ++rounds;
      for (int i = 0; i < 100; ++i) {
        const std::string name = std::to_string(i);
        auto bytes = store_->read(action(name));
        wrong += bytes ? *bytes != std::string(10'000, name.front()) : bytes.error() != MissReason::kAbsent;
      }
    }
  });
  for (int i = 0; i < 20; ++i) {
    trim({TrimLimits::kDefaultAge, 4096});
    for (int j = 0; j < 100; ++j)
      ASSERT_TRUE(store_->put(action(std::to_string(j)), std::string(10'000, std::to_string(j).front())));
  }
  ended = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->counts().damaged, 0u);
}

TEST_F(UpkeepTest, TrimIsDueOnceADay) {
  auto first = store_->trim_if_due({}, now_);
  ASSERT_TRUE(first && *first);
  auto second = store_->trim_if_due({}, now_ + hours(23));
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  auto third = store_->trim_if_due({}, now_ + hours(25));
  ASSERT_TRUE(third && *third);
  overwrite(place() / "v2" / "trimmed", "garbage");
  auto fourth = store_->trim_if_due({}, now_ + hours(25));
  ASSERT_TRUE(fourth && *fourth);
}

TEST_F(UpkeepTest, TrimRemovesStaleTemporaryFilesOnly) {
  put("a", now_);
  for (const char* name : {"stale", "young", "future"}) overwrite(place() / "v2" / "temporary" / name, "part");
  set_mark(place() / "v2" / "temporary" / "stale", now_ - hours(2));
  set_mark(place() / "v2" / "temporary" / "future", now_ + hours(2));
  EXPECT_EQ(store_->statistics().temporary.files, 3u);
  EXPECT_EQ(trim().removed.files, 2u);
  EXPECT_EQ(only_file_below(place() / "v2" / "temporary").filename(), "young");
}

TEST_F(UpkeepTest, TrimRemovesStaleFilesBesideMemosAndTheStamp) {
  const auto memo = store_->memo_of(digest_of("workspace")), idle = store_->memo_of(digest_of("idle"));
  for (const auto& place : {memo, idle}) {
    fs::create_directories(place.parent_path());
    overwrite(place, "memo");
  }
  set_mark(idle, now_ - 15 * kDay);
  for (fs::path left : {memo, store_->directory() / "trimmed"}) {
    left += ".1234.5.tmp";
    overwrite(left, "part");
    set_mark(left, now_ - hours(2));
  }
  EXPECT_EQ(trim().removed.files, 3u);
  EXPECT_TRUE(fs::exists(memo));
  EXPECT_FALSE(fs::exists(idle)) << "not written for the age limit";
}

TEST_F(UpkeepTest, TrimRemovesOldVersionsThatNobodyUses) {
  for (const char* version : {"v0", "v1", "v3"}) {
    fs::create_directories(place() / version / "output" / "ab");
    overwrite(place() / version / "output" / "ab" / "old", "x");
    set_mark(place() / version / "output" / "ab" / "old", now_ - 20 * kDay);
  }
  overwrite(place() / "v1" / "output" / "ab" / "new", "x");
  EXPECT_EQ(trim().removed.files, 1u);
  EXPECT_FALSE(fs::exists(place() / "v0"));
  EXPECT_TRUE(fs::exists(place() / "v1"));
  EXPECT_TRUE(fs::exists(place() / "v3")) << "a newer dyad's";
}

TEST_F(UpkeepTest, StatisticsCountFilesBlocksAndUses) {
  put("a", now_ - hours(7));
  put("b", now_ - hours(3));
  ASSERT_TRUE(store_->put(action("small"), "x"));
  auto statistics = store_->statistics();
  EXPECT_EQ(statistics.actions.files, 3u);
  EXPECT_EQ(statistics.actions.bytes, 3u * 4096);
  EXPECT_EQ(statistics.outputs.files, 2u);
  EXPECT_EQ(statistics.outputs.bytes, 2u * 12288);
  EXPECT_EQ(statistics.temporary.files, 0u);
  EXPECT_EQ(statistics.oldest_use, now_ - hours(7));
  EXPECT_LT(abs(*statistics.newest_use - now_), hours(1));
  EXPECT_FALSE(statistics.last_trim);
  trim({}, now_);
  EXPECT_EQ(store_->statistics().last_trim, now_);
}

TEST_F(UpkeepTest, StatisticsOfAnEmptyStoreAreZero) {
  auto statistics = store_->statistics();
  EXPECT_EQ(statistics.actions.files + statistics.outputs.files + statistics.temporary.files, 0u);
  EXPECT_FALSE(statistics.oldest_use || statistics.newest_use);
}

TEST_F(UpkeepTest, CleanRemovesWhatIsDyadsAndNothingElse) {
  put("a", now_);
  trim();
  fs::create_directories(place() / "v1" / "action" / "ab");
  overwrite(place() / "v1" / "action" / "ab" / "entry", "x");
  const auto memo = store_->memo_of(digest_of("workspace"));
  fs::create_directories(memo.parent_path());
  overwrite(memo, "x");
  fs::create_directories(place() / "v7" / "sources");  // somebody's folder of that name
  overwrite(place() / "v7" / "sources" / "main.c", "x");
  fs::create_directories(place() / "versions");
  fs::create_directories(place() / "elsewhere" / "action");
  overwrite(place() / "elsewhere" / "action" / "file", "x");
  fs::create_directory_symlink(place() / "elsewhere", place() / "v5");
  overwrite(place() / "notes", "x");
  auto removed = store_->clean();
  ASSERT_TRUE(removed) << removed.error().text;
  EXPECT_EQ(removed->files, 2u + 1u + 1u) << "two entries, the memo, the old version's entry; not lock, tag and stamp";
  EXPECT_FALSE(fs::exists(place() / "v2"));
  EXPECT_FALSE(fs::exists(place() / "v1"));
  for (const char* kept : {"v7/sources/main.c", "versions", "elsewhere/action/file", "v5", "notes"})
    EXPECT_TRUE(fs::exists(place() / kept)) << kept;
  store_.reset();
  EXPECT_FALSE(open().find(action("a"))) << "and the next run begins with an empty store";
}

TEST_F(UpkeepTest, CleanLeavesAFolderThatHoldsMoreThanAStore) {
  put("a", now_);
  overwrite(place() / "v2" / "thesis.tex", "x");
  auto removed = store_->clean();
  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().text.find("not dyad's"), std::string::npos) << removed.error().text;
  EXPECT_TRUE(is_there("a"));
}

TEST_F(UpkeepTest, StoreThatWasCleanedUnderAWaitingRunIsOpenedAnew) {
  // A run that waits for the lock gets the one of a folder that is gone; it must not use that.
  int lock = ::open((place() / "v2" / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  store_.reset();
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  std::jthread clean([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    fs::remove_all(place() / "v2");
    ::close(lock);
  });
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), "bytes"));
  EXPECT_TRUE(fs::exists(place() / "v2" / "lock"));
  EXPECT_EQ(store.read(action("a")), "bytes");
}

}  // namespace
}  // namespace dyad::cache
