#include "cache/verified_files.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

class VerifiedFilesTest : public TestStore {
 protected:
  static Digest digest(int number) { return digest_of(std::to_string(number)); }
  static FileStamp stamp(std::int64_t changed_ns) { return {1, 2, 3, 4, 5, changed_ns}; }
  std::filesystem::path memo() const { return place().parent_path() / "memo" / "verified"; }
};

TEST_F(VerifiedFilesTest, AreKnownByDigestAndStamp) {
  VerifiedFiles files;
  EXPECT_FALSE(files.has(digest(1), stamp(1)));
  files.add(digest(1), stamp(1));
  EXPECT_TRUE(files.has(digest(1), stamp(1)));
  EXPECT_FALSE(files.has(digest(1), stamp(2)));
  EXPECT_FALSE(files.has(digest(2), stamp(1)));
}

TEST_F(VerifiedFilesTest, AreRememberedInAFile) {
  VerifiedFiles files, later;
  files.add(digest(1), stamp(1));
  files.add(digest(2), stamp(2));
  files.save(memo());
  later.add(digest(2), stamp(3));  // the later one counts
  later.load(memo());
  EXPECT_TRUE(later.has(digest(1), stamp(1)));
  EXPECT_FALSE(later.has(digest(1), stamp(2)));
  EXPECT_FALSE(later.has(digest(2), stamp(2)));
  EXPECT_TRUE(later.has(digest(2), stamp(3)));
}

TEST_F(VerifiedFilesTest, AreKeptBesideWhatOthersHaveKept) {
  VerifiedFiles one, other, later;
  one.add(digest(1), stamp(1));
  one.add(digest(2), stamp(2));
  other.add(digest(2), stamp(5));
  other.save(memo());
  one.save(memo());
  later.load(memo());
  EXPECT_TRUE(later.has(digest(1), stamp(1)));
  EXPECT_TRUE(later.has(digest(2), stamp(5)));
}

TEST_F(VerifiedFilesTest, AreKeptWhenTheyAreOnTheDisk) {
  VerifiedFiles files, later;
  files.add(digest(1), stamp(1000));
  files.add(digest(2), stamp(1001));
  files.save(memo(), 1000 + VerifiedFiles::kSettled_ns);
  later.load(memo());
  EXPECT_TRUE(later.has(digest(1), stamp(1000)));
  EXPECT_FALSE(later.has(digest(2), stamp(1001)));
}

TEST_F(VerifiedFilesTest, AreWrittenIfThereIsNews) {
  VerifiedFiles files;
  files.save(memo());
  EXPECT_FALSE(std::filesystem::exists(memo()));
  files.add(digest(1), stamp(1));
  files.save(memo());
  ASSERT_TRUE(std::filesystem::remove(memo()));
  files.save(memo());
  EXPECT_FALSE(std::filesystem::exists(memo()));
}

TEST_F(VerifiedFilesTest, AFileThatIsNotWholeSaysNothing) {
  VerifiedFiles files;
  files.add(digest(1), stamp(1));
  files.save(memo());
  const std::string whole = *read_file(memo());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    for (const std::string& text : {damaged, whole.substr(0, at)}) {
      overwrite(memo(), text);
      VerifiedFiles later;
      later.load(memo());
      EXPECT_FALSE(later.has(digest(1), stamp(1))) << at;
    }
  }
}

TEST_F(VerifiedFilesTest, WhatNobodyAskedForIsForgottenWhenThereAreTooMany) {
  VerifiedFiles files, later, last;
  for (std::size_t i = 0; i < VerifiedFiles::kMostKept; ++i) files.add(digest(static_cast<int>(i)), stamp(1));
  files.save(memo());
  later.load(memo());
  EXPECT_TRUE(later.has(digest(0), stamp(1)));
  later.add(digest(-1), stamp(1));
  later.save(memo());
  last.load(memo());
  EXPECT_TRUE(last.has(digest(0), stamp(1)));
  EXPECT_TRUE(last.has(digest(-1), stamp(1)));
  EXPECT_FALSE(last.has(digest(1), stamp(1)));
}

TEST_F(VerifiedFilesTest, AStoreBelievesWhatWasKeptAsLongAsTheFileIsTheSame) {
  const std::string bytes(10'000, 'b');
  auto id = open().put(bytes);
  ASSERT_TRUE(id);
  const auto file = open().path_of(*id);
  overwrite(file, "other bytes");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  VerifiedFiles::of_process().add(id->digest, stamp_of(status));
  EXPECT_TRUE(open().verify(*id)) << "the stamp is believed";
  overwrite(file, "again other bytes");
  EXPECT_FALSE(open().verify(*id));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(VerifiedFilesTest, WhatAStoreBelievesIsMarkedAsUsed) {
  Store store = open();
  auto id = store.put(std::string(10'000, 'm'));
  ASSERT_TRUE(id);
  const auto file = store.path_of(*id);
  set_mark(file, Clock::now() - std::chrono::hours(100));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  VerifiedFiles::of_process().add(id->digest, stamp_of(status));
  EXPECT_TRUE(store.verify(*id));
  EXPECT_LT(Clock::now() - mark_of(file), std::chrono::hours(1));
}

TEST_F(VerifiedFilesTest, AStoreKeepsWhatItHasVerified) {
  Store store = open();
  auto id = store.put(std::string(10'000, 'k'));
  ASSERT_TRUE(id);
  VerifiedFiles::of_process().add(id->digest, stamp(7));
  store.keep_verified();
  VerifiedFiles later;
  for (const auto& file : files_below(store.directory() / "memo")) later.load(file);
  EXPECT_TRUE(later.has(id->digest, stamp(7)));
}

}  // namespace
}  // namespace dyad::cache
