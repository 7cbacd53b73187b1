#include "cache/verified_files.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

class VerifiedFilesTest : public TestStore {
 protected:
  static Digest digest(int number) { return digest_of(std::to_string(number)); }
  static FileStamp stamp(std::uint64_t number) { return {1, number, 3, 4, 5, 6}; }
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
  later.add(digest(2), stamp(3));  // its own word counts more
  later.load(memo());
  EXPECT_TRUE(later.has(digest(1), stamp(1)));
  EXPECT_FALSE(later.has(digest(1), stamp(2)));
  EXPECT_FALSE(later.has(digest(2), stamp(2)));
  EXPECT_TRUE(later.has(digest(2), stamp(3)));
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

/// A process that only keeps what it knows about the file, whatever that holds by now.
void keep(const Store& store, const OutputId& id, const FileStamp& stamp) {
  VerifiedFiles other;
  other.add(id.digest, stamp);
  other.save(store.memo_of(digest_of("verified outputs")));
}

TEST_F(VerifiedFilesTest, AStoreBelievesWhatWasKeptAsLongAsTheFileIsTheSame) {
  const std::string bytes(10'000, 'b');
  auto id = open().put(bytes);
  ASSERT_TRUE(id);
  const auto file = open().path_of(*id);
  overwrite(file, "other bytes of an hour ago");
  set_mark(file, Clock::now());
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  keep(open(), *id, stamp_of(status));
  EXPECT_TRUE(open().verify(*id)) << "the stamp is believed";
  overwrite(file, "again other bytes");
  EXPECT_FALSE(open().verify(*id));
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace dyad::cache
