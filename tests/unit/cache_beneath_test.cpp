#include "cache/store.hpp"
#include "cache_test_store.hpp"

namespace dyad::cache {
namespace {

const std::string kLarge(10'000, 'l');

class BeneathTest : public TestStore {
 protected:
  std::filesystem::path other() const { return place().parent_path() / "other"; }
};

TEST_F(BeneathTest, WhatTheStoreBeneathHasIsFound) {
  auto large = open_in(other()).put(action("large"), kLarge);
  ASSERT_TRUE(large && open_in(other()).put(action("small"), "bytes"));
  Store store = open();
  EXPECT_FALSE(store.read(action("small")));
  EXPECT_FALSE(store.verify(*large));
  ASSERT_TRUE(store.rest_on(other()));
  EXPECT_EQ(store.read(action("small")), "bytes");
  EXPECT_EQ(store.read(action("large")), kLarge);
  EXPECT_EQ(store.find(action("large"))->output.digest, large->digest);
  EXPECT_EQ(store.read(*large), kLarge);
  EXPECT_TRUE(store.verify(*large));
  EXPECT_EQ(read_file(store.path_of(*large)), kLarge);
}

TEST_F(BeneathTest, NothingIsCopiedAndNothingIsSeenByUpkeep) {
  auto large = open_in(other()).put(kLarge);
  ASSERT_TRUE(large && open_in(other()).put(action("small"), "bytes"));
  Store store = open();
  ASSERT_TRUE(store.rest_on(other()));
  ASSERT_TRUE(store.verify(*large) && store.read(action("small")));
  EXPECT_EQ(store.put(kLarge)->digest, large->digest);
  EXPECT_EQ(store.statistics().outputs.files, 0u);
  EXPECT_EQ(store.check().actions.files, 0u);
}

TEST_F(BeneathTest, WhatTheStoreHasItselfComesFirst) {
  ASSERT_TRUE(open_in(other()).put(action("a"), "theirs"));
  auto large = open_in(other()).put(kLarge);
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), "ours") && store.put(kLarge));
  ASSERT_TRUE(store.rest_on(other()));
  EXPECT_EQ(store.read(action("a")), "ours");
  ASSERT_TRUE(store.verify(*large));
  EXPECT_TRUE(store.path_of(*large).native().starts_with(place().native()));
}

TEST_F(BeneathTest, WhatIsLostHereIsTakenFromBeneath) {
  auto large = open_in(other()).put(kLarge);
  Store store = open();
  ASSERT_TRUE(store.put(kLarge) && store.rest_on(other()) && store.verify(*large));
  overwrite(store.path_of(*large), "nonsense");
  ASSERT_TRUE(store.verify(*large));
  EXPECT_TRUE(store.path_of(*large).native().starts_with(other().native()));
  EXPECT_EQ(read_file(store.path_of(*large)), kLarge);
}

TEST_F(BeneathTest, DamagedEntriesBeneathAreMissesAndStayWhereTheyAre) {
  ASSERT_TRUE(open_in(other()).put(action("a"), "bytes"));
  auto file = only_file_below(other() / "v2/action");
  overwrite(file, "nonsense");
  Store store = open();
  ASSERT_TRUE(store.rest_on(other()));
  EXPECT_FALSE(store.read(action("a")));
  EXPECT_EQ(read_file(file), "nonsense");
}

TEST_F(BeneathTest, AStoreThatIsNotThereOrIsThisOneChangesNothing) {
  Store store = open();
  ASSERT_TRUE(store.put(action("a"), "bytes"));
  EXPECT_FALSE(store.rest_on(other()));
  EXPECT_FALSE(store.rest_on(place()));
  EXPECT_EQ(store.read(action("a")), "bytes");
}

}  // namespace
}  // namespace dyad::cache
