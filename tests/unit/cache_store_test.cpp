#include "cache/store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>
#include <vector>

#include "host/base/file.hpp"

namespace dyad::cache {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  Store open() {
    auto store = Store::open(home_.path() / "cache");
    EXPECT_TRUE(store) << store.error().text;
    return *store;
  }
  static ActionId action(std::string_view name) { return {Hasher("test").add(name).finish()}; }
  fs::path only_file_below(const fs::path& directory) {
    for (const auto& entry : fs::recursive_directory_iterator(directory))
      if (entry.is_regular_file()) return entry.path();
    return {};
  }
  void overwrite(const fs::path& path, std::string_view bytes) { ASSERT_TRUE(write_file_atomically(path, bytes)); }

  TemporaryDirectory home_ = *TemporaryDirectory::create("dyad-store-test-");
};

TEST_F(StoreTest, WhatIsPutIsRead) {
  Store store = open();
  std::string bytes("a\0b", 3);
  auto id = store.put(action("a"), bytes);
  ASSERT_TRUE(id) << id.error().text;
  auto entry = store.find(action("a"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->output, *id);
  EXPECT_EQ(entry->size, 3u);
  EXPECT_EQ(store.read(action("a")), bytes);
  EXPECT_EQ(open().read(*id), bytes);
}

TEST_F(StoreTest, UnknownActionIsAbsent) {
  EXPECT_EQ(open().find(action("nobody")).error(), MissReason::kAbsent);
  EXPECT_EQ(open().read(OutputId{digest_of("nothing")}).error(), MissReason::kAbsent);
}

TEST_F(StoreTest, EveryFlippedBitOfAnOutputIsAMiss) {
  Store store = open();
  std::string bytes = "the bytes of an object";
  auto id = *store.put(action("a"), bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    overwrite(store.path_of(id), damaged);
    EXPECT_EQ(store.read(id).error(), MissReason::kDamaged);
    EXPECT_FALSE(fs::exists(store.path_of(id))) << "a damaged file must not stay";
  }
}

TEST_F(StoreTest, EveryFlippedBitOfAnActionIsAMissOrAnotherOutputsName) {
  Store store = open();
  auto id = *store.put(action("a"), "bytes");
  auto path = only_file_below(store.directory() / "action");
  std::string text = *read_file(path);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    overwrite(path, damaged);
    auto read = store.read(action("a"));
    if (read) {
      EXPECT_EQ(digest_of(*read), id.digest);
    }
  }
}

TEST_F(StoreTest, TruncatedAndEmptyEntriesAreMisses) {
  Store store = open();
  auto id = *store.put(action("a"), "bytes");
  overwrite(store.path_of(id), "byte");
  EXPECT_EQ(store.read(id).error(), MissReason::kDamaged);
  overwrite(only_file_below(store.directory() / "action"), "");
  EXPECT_EQ(store.find(action("a")).error(), MissReason::kDamaged);
}

TEST_F(StoreTest, PutRepairsADamagedOutput) {
  Store store = open();
  auto id = *store.put(action("a"), "bytes");
  overwrite(store.path_of(id), "other");
  ASSERT_TRUE(store.put(action("a"), "bytes"));
  EXPECT_EQ(store.read(id), "bytes");
}

TEST_F(StoreTest, ManyWritersOfOneActionAgree) {
  Store store = open();
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) EXPECT_TRUE(store.put(action("same"), "the same bytes"));
    });
  writers.clear();
  EXPECT_EQ(store.read(action("same")), "the same bytes");
  for (const auto& entry : fs::recursive_directory_iterator(store.directory()))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST_F(StoreTest, DirectoryThatOthersCanWriteIsRefused) {
  fs::create_directory(home_.path() / "cache");
  ::chmod((home_.path() / "cache").c_str(), 0777);
  auto store = Store::open(home_.path() / "cache");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("others may write"), std::string::npos) << store.error().text;
}

TEST_F(StoreTest, FileInPlaceOfTheDirectoryIsAnError) {
  std::ofstream(home_.path() / "cache") << "x";
  EXPECT_FALSE(Store::open(home_.path() / "cache"));
}

TEST_F(StoreTest, EntriesAreReadOnly) {
  Store store = open();
  auto id = *store.put("bytes");
  struct stat status;
  ASSERT_EQ(::stat(store.path_of(id).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0444u);
}

}  // namespace
}  // namespace dyad::cache
