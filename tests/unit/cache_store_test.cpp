#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "cache/store.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

class StoreTest : public TestStore {};

/// Above what is kept inside an action's file.
const std::string kLarge(10'000, 'l');

TEST_F(StoreTest, WhatIsPutIsRead) {
  Store store = open();
  for (const std::string& bytes : {std::string("a\0b", 3), std::string(), std::string(4096, 's'), kLarge}) {
    auto id = store.put(action("a"), bytes);
    ASSERT_TRUE(id) << id.error().text;
    EXPECT_EQ(id->digest, digest_of(bytes));
    auto entry = store.find(action("a"));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->output, *id);
    EXPECT_EQ(entry->size, bytes.size());
    EXPECT_EQ(store.read(action("a")), bytes);
    EXPECT_EQ(open().read(action("a")), bytes);
  }
}

TEST_F(StoreTest, OutputsWithoutAnActionAreFilesOfTheirOwn) {
  Store store = open();
  auto id = store.put("bytes");
  ASSERT_TRUE(id);
  EXPECT_EQ(store.read(*id), "bytes");
  EXPECT_EQ(read_file(store.path_of(*id)), "bytes");
  EXPECT_TRUE(store.verify(*id));
}

TEST_F(StoreTest, SmallOutputOfAnActionIsInItsFile) {
  Store store = open();
  auto id = *store.put(action("a"), "bytes");
  EXPECT_FALSE(fs::exists(store.path_of(id)));
  EXPECT_EQ(files_below(store.directory() / "output").size(), 0u);
}

TEST_F(StoreTest, SmallOutputIsAFileIfOneIsWanted) {
  Store store = open();
  auto id = *store.put(action("a"), "bytes", Store::Form::kFile);
  EXPECT_EQ(read_file(store.path_of(id)), "bytes");
  EXPECT_EQ(store.read(action("a")), "bytes");
}

TEST_F(StoreTest, AnotherOutputOfAnActionReplacesTheFirst) {
  Store store = open();
  for (const std::string& bytes : {std::string("old"), kLarge, std::string("new")}) {
    ASSERT_TRUE(store.put(action("a"), bytes));
    EXPECT_EQ(store.read(action("a")), bytes);
  }
}

TEST_F(StoreTest, UnknownActionIsAbsent) {
  EXPECT_EQ(open().find(action("nobody")).error(), MissReason::kAbsent);
  EXPECT_EQ(open().read(action("nobody")).error(), MissReason::kAbsent);
  EXPECT_EQ(open().read(OutputId{digest_of("nothing")}).error(), MissReason::kAbsent);
  EXPECT_FALSE(open().verify(OutputId{digest_of("nothing")}));
}

TEST_F(StoreTest, ActionWhoseOutputWasTrimmedIsAMissUntilItIsPutAgain) {
  Store store = open();
  auto id = *store.put(action("a"), kLarge);
  fs::remove(store.path_of(id));
  EXPECT_EQ(store.read(action("a")).error(), MissReason::kAbsent);
  ASSERT_TRUE(store.put(action("a"), kLarge));
  EXPECT_EQ(store.read(action("a")), kLarge);
}

TEST_F(StoreTest, EveryQuestionCountsOnce) {
  Store store = open();
  auto id = *store.put(action("a"), kLarge);
  ASSERT_TRUE(store.put(action("a"), kLarge));
  EXPECT_EQ(store.counts().hits + store.counts().misses, 0u) << "putting asks nothing";
  EXPECT_TRUE(store.find(action("a")));
  EXPECT_TRUE(store.read(action("a")));
  EXPECT_TRUE(store.read(id));
  EXPECT_TRUE(store.verify(id));
  EXPECT_FALSE(store.read(action("b")));
  EXPECT_FALSE(store.find(action("b")));
  EXPECT_FALSE(store.verify(OutputId{digest_of("b")}));
  EXPECT_EQ(store.counts().hits, 4u);
  EXPECT_EQ(store.counts().misses, 3u);
  EXPECT_EQ(store.counts().damaged, 0u);
  EXPECT_EQ(store.counts().write_failures, 0u);
  Store copy = store;
  EXPECT_EQ(copy.counts().hits, 4u) << "copies share their counts";
}

TEST_F(StoreTest, ManyWritersOfOneActionAgree) {
  Store store = open();
  for (const std::string& bytes : {std::string("the same bytes"), kLarge}) {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i)
      writers.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          EXPECT_TRUE(store.put(action("same"), bytes));
          EXPECT_EQ(store.read(action("same")), bytes);
        }
      });
    writers.clear();
    EXPECT_EQ(store.read(action("same")), bytes);
  }
  EXPECT_EQ(files_below(store.directory() / "temporary").size(), 0u);
  EXPECT_EQ(files_below(store.directory() / "action").size(), 1u);
  EXPECT_EQ(files_below(store.directory() / "output").size(), 1u);
}

TEST_F(StoreTest, TwoProcessesPutTheSameKeys) {
  auto put_and_read = [&] {
    Store store = open();
    for (int i = 0; i < 200; ++i) {
      auto id = action(std::to_string(i % 20));
      std::string bytes(static_cast<std::size_t>(i % 20) * 1000, 'x');
      if (!store.put(id, bytes) || store.read(id) != bytes) return false;
    }
    return store.counts().damaged == 0;
  };
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(put_and_read() ? 0 : 1);
  EXPECT_TRUE(put_and_read());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(open().check().damaged.size(), 0u);
  EXPECT_EQ(files_below(open().directory() / "temporary").size(), 0u);
}

TEST_F(StoreTest, EntriesAreReadOnly) {
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), kLarge));
  auto files = files_below(store.directory() / "action");
  files.push_back(only_file_below(store.directory() / "output"));
  for (const auto& file : files) {
    struct stat status;
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0444u) << file;
  }
}

// Use marks.

TEST_F(StoreTest, ReadingMarksAnEntryAtMostOnceADay) {
  Store store = open();
  auto id = *store.put(action("a"), kLarge);
  const auto now = Clock::now();
  const std::vector<fs::path> files{only_file_below(store.directory() / "action"), store.path_of(id)};
  for (auto age : {hours(25), hours(-25), hours(24 * 365), hours(-24 * 365)}) {
    for (const auto& file : files) set_mark(file, now - age);
    ASSERT_TRUE(store.read(action("a")));
    for (const auto& file : files) EXPECT_LT(abs(mark_of(file) - now), hours(1)) << file << age.count();
  }
  const auto recent = std::chrono::floor<std::chrono::seconds>(now - hours(23));
  for (const auto& file : files) set_mark(file, recent);
  ASSERT_TRUE(store.read(action("a")));
  for (const auto& file : files) EXPECT_EQ(mark_of(file), recent) << file;
}

TEST_F(StoreTest, VerifyingAndPuttingAgainMarksAnOutput) {
  Store store = open();
  auto id = *store.put(kLarge);
  const auto now = Clock::now();
  set_mark(store.path_of(id), now - hours(100));
  EXPECT_TRUE(store.verify(id));
  EXPECT_LT(now - mark_of(store.path_of(id)), hours(1));
  set_mark(store.path_of(id), now - hours(100));
  EXPECT_TRUE(store.put(kLarge));
  EXPECT_LT(now - mark_of(store.path_of(id)), hours(1));
}

// The directory.

TEST_F(StoreTest, DirectoryIsMadeForThisUserAlone) {
  open_in(place() / "deep" / "cache");
  struct stat status;
  ASSERT_EQ(::stat((place() / "deep" / "cache").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  EXPECT_TRUE(
      read_file(place() / "deep/cache/v2/CACHEDIR.TAG")->starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

TEST_F(StoreTest, DirectoryThatOthersCanWriteIsRefused) {
  for (mode_t mode : {0777, 0770, 0720, 0702}) {
    fs::create_directory(place());
    ::chmod(place().c_str(), mode);
    auto store = Store::open(place());
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().text.find("others may write"), std::string::npos) << store.error().text;
    EXPECT_FALSE(fs::exists(place() / "v2"));
  }
  ::chmod(place().c_str(), 0755);
  EXPECT_TRUE(Store::open(place())) << "others may read";
  ::chmod((place() / "v2").c_str(), 0777);
  EXPECT_FALSE(Store::open(place()));
}

TEST_F(StoreTest, DirectoryOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make one";
  fs::create_directory(place());
  ::chmod(place().c_str(), 0700);
  ASSERT_EQ(::chown(place().c_str(), 65534, 65534), 0);
  auto store = Store::open(place());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("belongs to another user"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, DirectoryThatOthersCanWriteIsUsedIfAskedFor) {
  fs::create_directory(place());
  ::chmod(place().c_str(), 02770);
  const mode_t umask_before = ::umask(077);
  auto store = Store::open(place(), Store::Trust::kWhoeverWrites);
  ASSERT_TRUE(store) << store.error().text;
  ASSERT_TRUE(store->put(action("a"), std::string(10'000, 'a')));
  ::umask(umask_before);
  for (const auto& entry : fs::recursive_directory_iterator(place())) {
    struct stat status;
    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    if (entry.is_directory())
      EXPECT_EQ(status.st_mode & 07777, 02770u) << entry.path();
    else
      EXPECT_EQ(status.st_mode & 0222 & ~mode_t{S_IWUSR}, 0u) << entry.path();
  }
  EXPECT_EQ(store->read(action("a")), std::string(10'000, 'a'));
  EXPECT_FALSE(Store::open(place())) << "not if nobody asks";
}

TEST_F(StoreTest, SharingIsAskedForByTheEnvironment) {
  for (const char* value : {"", "0", "yes", "11"}) {
    ::setenv("DYAD_CACHE_SHARED", value, 1);
    EXPECT_EQ(Store::trust_asked_for(), Store::Trust::kThisUser) << value;
  }
  ::setenv("DYAD_CACHE_SHARED", "1", 1);
  EXPECT_EQ(Store::trust_asked_for(), Store::Trust::kWhoeverWrites);
  ::unsetenv("DYAD_CACHE_SHARED");
  EXPECT_EQ(Store::trust_asked_for(), Store::Trust::kThisUser);
}

TEST_F(StoreTest, LinkToADirectoryOfOursIsFollowedUnlessAnotherUserPlantedIt) {
  fs::create_directories(place() / "real");
  fs::create_directory_symlink(place() / "real", place() / "link");
  EXPECT_TRUE(Store::open(place() / "link"));
  EXPECT_TRUE(fs::exists(place() / "real" / "v2"));
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to plant one";
  ASSERT_EQ(::lchown((place() / "link").c_str(), 65534, 65534), 0);
  auto store = Store::open(place() / "link");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("a link of another user"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, LinkInPlaceOfTheVersionsFolderIsRefused) {
  fs::create_directories(place());
  fs::create_directory(place() / "elsewhere");
  fs::create_directory_symlink(place() / "elsewhere", place() / "v2");
  EXPECT_FALSE(Store::open(place()));
  EXPECT_TRUE(fs::is_empty(place() / "elsewhere"));
}

TEST_F(StoreTest, FileInPlaceOfTheDirectoryIsAnError) {
  std::ofstream(place()) << "x";
  auto store = Store::open(place());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("not a directory"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, OtherVersionsAreNotSeenAndNotTouched) {
  fs::create_directories(place() / "v1" / "action" / "ab");
  std::ofstream(place() / "v1" / "action" / "ab" / "old") << "x";
  fs::create_directories(place() / "v3" / "action");
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), "bytes"));
  EXPECT_EQ(store.check().damaged.size(), 0u);
  EXPECT_EQ(store.statistics().actions.files, 1u);
  EXPECT_TRUE(fs::exists(place() / "v1/action/ab/old"));
  EXPECT_TRUE(fs::exists(place() / "v3"));
}

TEST_F(StoreTest, OpeningWaitsForATrimToEnd) {
  { open(); }
  int lock = ::open((place() / "v2" / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  std::jthread trim([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::close(lock);
  });
  EXPECT_TRUE(Store::open(place()));
}

TEST_F(StoreTest, DefaultDirectoryFollowsTheEnvironment) {
  struct Saved {
    const char* name;
    std::optional<std::string> value;
    explicit Saved(const char* n) : name(n) {
      if (const char* text = std::getenv(n)) value = text;
    }
    ~Saved() { value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name); }
  };
  Saved own("DYAD_CACHE"), xdg("XDG_CACHE_HOME"), home("HOME"), temporary("TMPDIR");
  ::setenv("DYAD_CACHE", "/own", 1);
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  ::setenv("HOME", "/home/me", 1);
  ::setenv("TMPDIR", "/tmp", 1);
  EXPECT_EQ(Store::default_directory(), "/own");
  ::setenv("DYAD_CACHE", "relative", 1);
  EXPECT_EQ(Store::default_directory(), fs::current_path() / "relative");
  ::unsetenv("DYAD_CACHE");
  EXPECT_EQ(Store::default_directory(), "/xdg/dyad");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(Store::default_directory(), "/home/me/.cache/dyad") << "XDG: relative paths are ignored";
  ::unsetenv("HOME");
  EXPECT_EQ(Store::default_directory(), "/tmp/dyad-cache-" + std::to_string(::geteuid()));
}

}  // namespace
}  // namespace dyad::cache
