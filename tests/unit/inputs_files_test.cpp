#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "host/base/file.hpp"
#include "host/inputs/file_states.hpp"

namespace dyad::inputs {
namespace {

namespace fs = std::filesystem;

class FileStatesTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_->path() / name).native(); }
  std::string write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomically(path(name), text));
    return path(name);
  }
  fs::path memo() const { return folder_->path() / "memo/file"; }

  Result<TemporaryDirectory> folder_ = TemporaryDirectory::create("dyad-test-");
};

TEST_F(FileStatesTest, TellsFileDirectoryAndNothingApart) {
  write("a", "text");
  FileStates files;
  EXPECT_EQ(files.content_of(path("a")), cache::digest_of("text"));
  EXPECT_EQ(files.content_of(path("none")), FileStates::missing());
  EXPECT_EQ(files.content_of(path("a/below")), FileStates::missing());
  EXPECT_EQ(files.content_of(folder_->path().native()), FileStates::directory());
}

TEST_F(FileStatesTest, MetadataKnowsTheMode) {
  write("a", "text");
  auto before = FileStates().metadata_of(path("a"));
  fs::permissions(path("a"), fs::perms::owner_all);
  EXPECT_NE(FileStates().metadata_of(path("a")), before);
}

TEST_F(FileStatesTest, MetadataTellsALinkFromWhatItLeadsTo) {
  auto state = [&] { return FileStates().metadata_of(path("a")); };
  write("b", "text");
  write("a", "text");
  std::set<cache::Digest> states{state()};
  EXPECT_TRUE(states.insert((fs::remove(path("a")), state())).second);
  for (const char* target : {"b", "./b", "nowhere"}) {
    fs::create_symlink(target, path("a"));
    EXPECT_TRUE(states.insert(state()).second) << target;
    fs::remove(path("a"));
  }
  EXPECT_EQ(state(), FileStates::missing());
}

TEST_F(FileStatesTest, MetadataKnowsOwnerAndNumberOfNames) {
  write("a", "text");
  fs::create_directory(path("d"));
  auto file = FileStates().metadata_of(path("a")), folder = FileStates().metadata_of(path("d"));
  fs::create_hard_link(path("a"), path("b"));
  EXPECT_NE(FileStates().metadata_of(path("a")), file);
  fs::remove(path("b"));
  EXPECT_EQ(FileStates().metadata_of(path("a")), file);
  fs::create_directory(path("d/below"));
  EXPECT_EQ(FileStates().metadata_of(path("d")), folder);
  if (::chown(path("a").c_str(), 12345, ::getgid()) != 0) GTEST_SKIP() << "only root can give a file away";
  EXPECT_NE(FileStates().metadata_of(path("a")), file);
}

TEST_F(FileStatesTest, ListingKnowsTheKinds) {
  write("a", "");
  auto state = [&] { return FileStates().listing_of(folder_->path().native()); };
  std::set<cache::Digest> states{state()};
  fs::remove(path("a"));
  fs::create_directory(path("a"));
  EXPECT_TRUE(states.insert(state()).second);
  fs::remove(path("a"));
  fs::create_symlink("b", path("a"));
  EXPECT_TRUE(states.insert(state()).second);
}

TEST_F(FileStatesTest, ALinkIsAlsoWhereTheWholePathLeadsTo) {
  for (const char* name : {"v1", "v2"}) {
    fs::create_directory(path(name));
    write(std::string(name) + "/f", "same");
  }
  auto state = [&](const char* name) { return FileStates().link_of(path(name)); };
  auto none = state("d/f");
  fs::create_directory_symlink("v1", path("d"));
  auto first = state("d/f");
  EXPECT_NE(first, none);
  fs::remove(path("d"));
  fs::create_directory_symlink("v2", path("d"));
  EXPECT_NE(state("d/f"), first);
}

TEST_F(FileStatesTest, AnOutputIsFreeUnlessSomethingStandsInItsWay) {
  auto state = [&] { return FileStates().output_of(path("out")); };
  EXPECT_EQ(state(), FileStates::free_to_write());
  write("out", "one");
  EXPECT_EQ(state(), FileStates::free_to_write());
  fs::remove(path("out"));
  std::set<cache::Digest> states{FileStates::free_to_write()};
  fs::create_directory(path("out"));
  EXPECT_TRUE(states.insert(state()).second);
  fs::remove(path("out"));
  for (const char* target : {"nowhere", "no/where"}) {
    fs::create_symlink(target, path("out"));
    EXPECT_TRUE(states.insert(state()).second);
    fs::remove(path("out"));
  }
}

TEST_F(FileStatesTest, ListingIsTheNames) {
  write("a", "");
  auto before = FileStates().listing_of(folder_->path().native());
  write("a", "other");
  EXPECT_EQ(FileStates().listing_of(folder_->path().native()), before);
  write("b", "");
  EXPECT_NE(FileStates().listing_of(folder_->path().native()), before);
}

TEST_F(FileStatesTest, AYoungFileIsNeverRememberedFromRunToRun) {
  write("a", "one");
  {
    FileStates files;
    files.content_of(path("a"));
    files.save(memo());
  }
  FileStates later;
  later.load(memo());
  EXPECT_EQ(later.content_of(path("a")), cache::digest_of("one"));
  EXPECT_EQ(later.files_read(), 1u);
}

// Files of the system are old enough.
TEST_F(FileStatesTest, AnOldFileIsNotReadAgain) {
  const std::string old = "/etc/debian_version";
  FileStates first;
  auto state = first.content_of(old);
  first.content_of("/etc/no such file");
  first.save(memo());
  FileStates later;
  later.load(memo());
  EXPECT_EQ(later.content_of(old), state);
  EXPECT_EQ(later.content_of("/etc/no such file"), FileStates::missing());
  EXPECT_EQ(later.files_read(), 0u);
}

TEST_F(FileStatesTest, ADamagedMemoIsIgnored) {
  FileStates first;
  first.content_of("/etc/debian_version");
  first.save(memo());
  auto bytes = read_file(memo());
  ASSERT_TRUE(bytes);
  for (std::size_t at = 0; at < bytes->size(); ++at) {
    std::string flipped = *bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    ASSERT_TRUE(write_file_atomically(memo(), flipped));
    FileStates later;
    later.load(memo());
    later.content_of("/etc/debian_version");
    EXPECT_EQ(later.files_read(), 1u) << at;
  }
}

TEST_F(FileStatesTest, AMissingNameAppears) {
  FileStates().content_of(path("sub/x.h"));
  fs::create_directory(path("sub"));
  write("sub/x.h", "now");
  FileStates later;
  later.load(memo());
  EXPECT_EQ(later.content_of(path("sub/x.h")), cache::digest_of("now"));
}

TEST_F(FileStatesTest, ARetargetedLinkIsAnotherState) {
  write("one", "1");
  write("two", "2");
  fs::create_symlink("one", path("link"));
  EXPECT_EQ(FileStates().content_of(path("link")), cache::digest_of("1"));
  fs::remove(path("link"));
  fs::create_symlink("two", path("link"));
  EXPECT_EQ(FileStates().content_of(path("link")), cache::digest_of("2"));
}

TEST_F(FileStatesTest, WhatIsExchangedOnTheWayToAFileHasChangedIt) {
  for (const char* name : {"a", "b"}) {
    fs::create_directories(path(std::string(name) + "/deep"));
    write(std::string(name) + "/deep/file", name);
  }
  fs::create_symlink("a", path("link"));
  fs::create_symlink("link/deep", path("outer"));
  auto wait_for_a_tick = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  auto changed = [this](const FileStates& states, const char* name) {
    FileStates::Ways ways;
    return states.changed_meanwhile(path(name), ways);
  };
  wait_for_a_tick();
  FileStates before;
  for (const char* name : {"a/deep/file", "link/deep/file", "outer/file", "a/none", "none"})
    EXPECT_FALSE(changed(before, name)) << name;
  wait_for_a_tick();
  fs::remove(path("link"));
  fs::create_symlink("b", path("link"));
  EXPECT_TRUE(changed(before, "link/deep/file"));
  EXPECT_TRUE(changed(before, "outer/file"));
  EXPECT_FALSE(changed(before, "b/deep/file"));
  FileStates::Ways ways;  // one for all of them says the same
  EXPECT_FALSE(before.changed_meanwhile(path("b/deep/file"), ways));
  EXPECT_TRUE(before.changed_meanwhile(path("outer/file"), ways));
  EXPECT_TRUE(before.changed_meanwhile(path("link/deep/file"), ways));
  EXPECT_FALSE(before.changed_meanwhile(path("b/none"), ways));

  wait_for_a_tick();
  FileStates between;
  wait_for_a_tick();
  write("b/new", "a new entry moves nothing");
  EXPECT_FALSE(changed(between, "b/deep/file"));
  wait_for_a_tick();
  fs::rename(path("b/deep"), path("b/old"));
  fs::rename(path("a/deep"), path("b/deep"));
  EXPECT_TRUE(changed(between, "b/deep/file"));
}

}  // namespace
}  // namespace dyad::inputs
