// Whatever the file system refuses costs speed, not the run; and a process that is killed leaves a sound store.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>

#include "cache_test_store.hpp"
#include "cache_traced_child.hpp"

namespace dyad::cache {
namespace {

namespace fs = std::filesystem;

const std::string kLarge(10'000, 'l');

/// A file system of 256 KiB, or why there is none.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& at) : at_(at) {
    fs::create_directories(at);
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) problem_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (problem_.empty()) ::umount2(at_.c_str(), MNT_DETACH);
  }
  const std::string& problem() const { return problem_; }
  bool remount(unsigned long flags) {
    return ::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT | flags, "size=256k") == 0;
  }

 private:
  fs::path at_;
  std::string problem_;
};

class FailureTest : public TestStore {
 protected:
  static std::string bytes_of(int i) {
    std::mt19937 random(static_cast<unsigned>(i));
    std::string bytes(static_cast<std::size_t>(random() % 40'000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }
  /// Puts entries until one fails; then everything that can be read is right, and no temporary file is left.
  static void expect_full_disk_is_survived(Store store) {
    int i = 0;
    while (i < 1000 && store.put(action(std::to_string(i)), bytes_of(i))) ++i;
    ASSERT_LT(i, 1000) << "the disk never was full";
    EXPECT_EQ(store.counts().write_failures, 1u);
    EXPECT_NE(store.write_problem().find("cannot write"), std::string::npos) << store.write_problem();
    const std::string first = store.write_problem();
    (void)store.put(action("more"), kLarge + kLarge + kLarge);
    EXPECT_EQ(store.write_problem(), first) << "the first is the one to show";
    EXPECT_EQ(files_below(store.directory() / "temporary").size(), 0u);
    for (int j = 0; j < i; ++j) EXPECT_EQ(store.read(action(std::to_string(j))), bytes_of(j));
    auto read = store.read(action(std::to_string(i)));
    EXPECT_TRUE(read ? *read == bytes_of(i) : read.error() == MissReason::kAbsent);
    EXPECT_TRUE(store.check().damaged.empty());
  }
};

TEST_F(FailureTest, FullDiskCostsEntriesOnly) {
  SmallDisk disk(place());
  if (!disk.problem().empty()) GTEST_SKIP() << "cannot mount a small disk: " << disk.problem();
  expect_full_disk_is_survived(open());
}

TEST_F(FailureTest, LimitOfTheFileSizeCostsEntriesOnly) {
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Store store = open();
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{20'000, 20'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    expect_full_disk_is_survived(store);
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(FailureTest, ReadOnlyDiskGivesWhatItHas) {
  SmallDisk disk(place());
  if (!disk.problem().empty()) GTEST_SKIP() << "cannot mount a small disk: " << disk.problem();
  ASSERT_TRUE(open().put(action("a"), kLarge));
  ASSERT_TRUE(disk.remount(MS_RDONLY));
  Store store = open();
  EXPECT_EQ(store.read(action("a")), kLarge);
  EXPECT_FALSE(store.put(action("b"), "bytes"));
  EXPECT_NE(store.write_problem().find("Read-only file system"), std::string::npos) << store.write_problem();
  auto trimmed = store.trim_if_due({});
  ASSERT_TRUE(trimmed);
  EXPECT_FALSE(*trimmed) << "not at every run again";
}

TEST_F(FailureTest, EmptyReadOnlyDiskIsRefusedWithItsReason) {
  SmallDisk disk(place());
  if (!disk.problem().empty()) GTEST_SKIP() << "cannot mount a small disk: " << disk.problem();
  ASSERT_TRUE(disk.remount(MS_RDONLY));
  auto store = Store::open(place());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("Read-only file system; set DYAD_CACHE"), std::string::npos) << store.error().text;
}

TEST_F(FailureTest, DiskWithoutProgramsSaysSo) {
  EXPECT_TRUE(open().allows_execution());
  SmallDisk disk(place() / "disk");
  if (!disk.problem().empty()) GTEST_SKIP() << "cannot mount a small disk: " << disk.problem();
  ASSERT_TRUE(disk.remount(MS_NOEXEC));
  EXPECT_FALSE(open_in(place() / "disk").allows_execution());
}

TEST_F(FailureTest, DirectoryThatCannotBeWrittenGivesWhatItHas) {
  auto work = [&] {
    if (::geteuid() == 0 && (::chown(place().c_str(), 65534, 65534) != 0 || ::seteuid(65534) != 0)) return 2;
    auto store = Store::open(place());
    if (!store) return 3;
    if (store->read(action("a")) != kLarge) return 4;
    if (store->put(action("b"), "bytes") || store->put(kLarge + "x")) return 5;
    return store->counts().write_failures == 2 && !store->write_problem().empty() ? 0 : 6;
  };
  ASSERT_TRUE(open().put(action("a"), kLarge));
  // A user who may read everything and write nothing, also when root runs this.
  ::chmod(place().parent_path().c_str(), 0755);
  for (const auto& entry : fs::recursive_directory_iterator(place()))
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown(entry.path().c_str(), 65534, 65534), 0);
    }
  for (const auto& entry : fs::recursive_directory_iterator(place()))
    if (entry.is_directory()) ::chmod(entry.path().c_str(), 0500);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(work());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  for (const auto& entry : fs::recursive_directory_iterator(place()))
    if (entry.is_directory()) ::chmod(entry.path().c_str(), 0700);
}

TEST_F(FailureTest, DirectoryInPlaceOfAnEntryCostsThatEntry) {
  Store store = open();
  OutputId id{digest_of(kLarge)};
  fs::create_directories(store.path_of(id) / "sub");
  EXPECT_FALSE(store.put(action("a"), kLarge));
  EXPECT_EQ(files_below(store.directory() / "temporary").size(), 0u);
  EXPECT_FALSE(store.read(action("a")));
}

TEST_F(FailureTest, LinksPlantedAtTheNamesOfTemporaryFilesAreNotFollowed) {
  Store store = open();
  ASSERT_TRUE(store.put(action("first"), "bytes"));
  const auto folder = store.directory() / "temporary";
  int watch = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ASSERT_GE(::inotify_add_watch(watch, folder.c_str(), IN_CREATE), 0);
  ASSERT_TRUE(store.put(action("second"), "bytes"));
  alignas(inotify_event) char buffer[4096];
  ASSERT_GT(::read(watch, buffer, sizeof buffer), 0);
  ::close(watch);
  // The names of one process count up.
  const auto number = std::stoull(reinterpret_cast<inotify_event*>(buffer)->name, nullptr, 16);
  overwrite(place() / "victim", "precious");
  for (unsigned i = 1; i <= 5; ++i) {
    char name[17];
    std::snprintf(name, sizeof name, "%016llx", number + i);
    fs::create_symlink(i % 2 == 0 ? place() / "victim" : place() / "absent", folder / name);
  }
  ASSERT_TRUE(store.put(action("third"), "bytes"));
  EXPECT_EQ(store.read(action("third")), "bytes");
  EXPECT_EQ(read_file(place() / "victim"), "precious");
  EXPECT_FALSE(fs::exists(place() / "absent"));
  EXPECT_EQ(files_below(folder).size(), 5u) << "they are left alone";
}

// Killed, and refused, at every call.

/// Puts and reads; 0 if nothing wrong was read.
int use_store(const fs::path& place, const ActionId& small, const ActionId& large) {
  auto store = Store::open(place);
  if (!store) return 0;
  (void)store->put(small, "small");
  (void)store->put(large, kLarge);
  auto read = store->read(small);
  if (read && *read != "small") return 1;
  read = store->read(large);
  if (read && *read != kLarge) return 2;
  const OutputId output{digest_of(kLarge)};
  if (!store->verify(output)) return 0;
  auto file = read_file(store->path_of(output));
  return file && *file != kLarge ? 3 : 0;
}

TEST_F(FailureTest, KilledAtEveryCallLeavesASoundStore) {
  int kills = 0;
  for (int at = 0;; ++at) {
    for (bool after : {false, true}) {
      const auto here = place() / std::to_string(2 * at + after);
      auto end = run_traced([&] { return use_store(here, action("s"), action("l")); }, {at, 0, after});
      if (!end.skipped.empty()) GTEST_SKIP() << end.skipped;
      if (!end.intervened) {
        EXPECT_EQ(end.exit_code, 0);
        EXPECT_GT(kills, 40) << "too few calls to be all";
        return;
      }
      ASSERT_TRUE(end.killed);
      ++kills;
      Store store = open_in(here);
      EXPECT_TRUE(store.check().damaged.empty()) << "call " << at;
      for (auto [name, bytes] : {std::pair("s", std::string("small")), {"l", kLarge}}) {
        auto read = store.read(action(name));
        EXPECT_TRUE(read ? *read == bytes : read.error() == MissReason::kAbsent) << "call " << at;
        EXPECT_TRUE(store.put(action(name), bytes));
        EXPECT_EQ(store.read(action(name)), bytes);
      }
      ASSERT_TRUE(store.trim({}, Clock::now() + std::chrono::hours(2)));
      EXPECT_EQ(store.statistics().temporary.files, 0u);
    }
  }
}

TEST_F(FailureTest, RefusedAtEveryCallCostsSpeedOnly) {
  for (int error : {ENOSPC, EIO, EROFS}) {
    int at = 0;
    for (;; ++at) {
      const auto here = place() / (std::to_string(error) + "." + std::to_string(at));
      auto end = run_traced([&] { return use_store(here, action("s"), action("l")); }, {at, error});
      if (!end.skipped.empty()) GTEST_SKIP() << end.skipped;
      if (!end.intervened) break;
      EXPECT_FALSE(end.killed) << "call " << at << " " << end.call;
      EXPECT_EQ(end.exit_code, 0) << "call " << at << " " << end.call;
      if (!fs::exists(here / "v2")) continue;
      Store store = open_in(here);
      EXPECT_TRUE(store.check().damaged.empty()) << "call " << at << " " << end.call;
      EXPECT_EQ(store.statistics().temporary.files, 0u) << "call " << at << " " << end.call;
    }
    EXPECT_GT(at, 40) << "too few calls to be all";
  }
}

TEST_F(FailureTest, KilledAtRandomInstantsLeavesASoundStore) {
  std::mt19937 random(20261124);
  int entries = 0;
  for (int round = 0; round < 50; ++round) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Store store = open();
      for (int i = round * 7;; ++i) (void)store.put(action(std::to_string(i % 100)), bytes_of(i % 100));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 10'000));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    Store store = open();
    ASSERT_TRUE(store.check().damaged.empty()) << "round " << round;
    for (int i = 0; i < 100; ++i) {
      auto read = store.read(action(std::to_string(i)));
      ASSERT_TRUE(read ? *read == bytes_of(i) : read.error() == MissReason::kAbsent) << "round " << round;
      entries += read.has_value();
    }
  }
  EXPECT_GT(entries, 100) << "the children were killed before they had written anything";
  ASSERT_TRUE(open().trim({}, Clock::now() + std::chrono::hours(2)));
  EXPECT_EQ(open().statistics().temporary.files, 0u);
}

}  // namespace
}  // namespace dyad::cache
