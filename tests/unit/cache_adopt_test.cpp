#include "cache/store.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

const std::string kLarge(10'000, 'l');

class AdoptTest : public TestStore {
 protected:
  std::filesystem::path other() const { return place().parent_path() / "other"; }
};

TEST_F(AdoptTest, WhatAnotherStoreHasIsFoundInThisOne) {
  Store theirs = open_in(other());
  ASSERT_TRUE(theirs.put(action("small"), "bytes"));
  ASSERT_TRUE(theirs.put(action("large"), kLarge));
  auto alone = theirs.put("alone");
  Store store = open();
  auto adopted = store.adopt(other());
  ASSERT_TRUE(adopted) << adopted.error().text;
  EXPECT_EQ(adopted->files, 4u);
  EXPECT_EQ(store.read(action("small")), "bytes");
  EXPECT_EQ(store.read(action("large")), kLarge);
  EXPECT_EQ(store.read(*alone), "alone");
  EXPECT_EQ(store.check().damaged.size(), 0u);
}

TEST_F(AdoptTest, WhatIsThereAlreadyStays) {
  ASSERT_TRUE(open_in(other()).put(action("a"), "theirs"));
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), "ours"));
  EXPECT_EQ(store.adopt(other())->files, 0u);
  EXPECT_EQ(store.read(action("a")), "ours");
}

TEST_F(AdoptTest, DamagedEntriesAreLeftOutAndStayWhereTheyAre) {
  ASSERT_TRUE(open_in(other()).put(action("a"), "bytes"));
  auto file = only_file_below(other() / "v2/action");
  overwrite(file, "nonsense");
  Store store = open();
  EXPECT_EQ(store.adopt(other())->files, 0u);
  EXPECT_FALSE(store.read(action("a")));
  EXPECT_EQ(read_file(file), "nonsense");
}

TEST_F(AdoptTest, AStoreThatIsNotThereIsAnError) {
  auto adopted = open().adopt(other());
  ASSERT_FALSE(adopted);
  EXPECT_NE(adopted.error().text.find("other"), std::string::npos);
}

}  // namespace
}  // namespace dyad::cache
