#include <gtest/gtest.h>

#include <cstdlib>

#include "host/base/file.hpp"
#include "host/inputs/world.hpp"

namespace dyad::inputs {
namespace {

class WorldTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = cache::Store::open(folder_->path() / "cache");
    ASSERT_TRUE(store);
    store_.emplace(*store);
  }
  std::string path(const std::string& name) const { return (folder_->path() / name).native(); }
  void write(const std::string& name, const std::string& text) { ASSERT_TRUE(write_file_atomically(path(name), text)); }
  /// A new run: nothing about files is remembered.
  World& world() {
    files_.emplace();
    return world_.emplace(&*store_, *files_, [this](const std::string& name) -> std::optional<World::Given> {
      if (name != "given") return std::nullopt;
      return World::Given{cache::digest_of(given_), given_};
    });
  }
  FactSet facts_about(World& now, const std::string& file) const {
    FactSet set;
    set.own.add(now.present({FactKind::kFile, path(file), {}, {}}));
    set.own.add(now.present_given("given"));
    set.own.normalise();
    return set;
  }
  std::string found(const cache::ActionId& lookup) {
    auto found = world().find(lookup);
    return found ? found->bytes : "";
  }

  Result<TemporaryDirectory> folder_ = TemporaryDirectory::create("dyad-test-");
  std::optional<cache::Store> store_;
  std::optional<FileStates> files_;
  std::optional<World> world_;
  std::string given_ = "as given";
  cache::ActionId lookup_{{1, 2}};
};

TEST_F(WorldTest, FindsWhatWasKeptWhileTheFactsHold) {
  write("a", "one");
  World& now = world();
  ASSERT_TRUE(now.keep(lookup_, facts_about(now, "a"), "outcome"));
  EXPECT_EQ(found(lookup_), "outcome");
  EXPECT_EQ(found(cache::ActionId{{1, 3}}), "");
}

TEST_F(WorldTest, AChangedFactIsAMissAndAnUndoneChangeAHit) {
  write("a", "one");
  World& first = world();
  first.keep(lookup_, facts_about(first, "a"), "of one");
  write("a", "two");
  EXPECT_EQ(found(lookup_), "");
  World& second = world();
  second.keep(lookup_, facts_about(second, "a"), "of two");
  EXPECT_EQ(found(lookup_), "of two");
  write("a", "one");
  EXPECT_EQ(found(lookup_), "of one");
  given_ = "otherwise";
  EXPECT_EQ(found(lookup_), "");
}

TEST_F(WorldTest, AMissIsForeseenWhereAnOwnFactLeadsNowhere) {
  write("a", "one");
  World& first = world();
  first.keep(lookup_, facts_about(first, "a"), "of one");
  auto foresees_miss = [&] {
    bool foreseen = false;
    const bool found = world().find(lookup_, [&] { foreseen = true; }).has_value();
    EXPECT_NE(found, foreseen);
    return foreseen;
  };
  EXPECT_FALSE(foresees_miss());
  write("a", "two");
  EXPECT_TRUE(foresees_miss());
  World& second = world();
  second.keep(lookup_, facts_about(second, "a"), "of two");
  EXPECT_FALSE(foresees_miss());
  write("a", "one");  // undone: changed, but found
  EXPECT_FALSE(foresees_miss());
}

TEST_F(WorldTest, AnEnvironmentVariableIsAFact) {
  World& now = world();
  FactSet set;
  ::setenv("DYAD_TEST_VARIABLE", "", 1);
  set.own.add(now.present({FactKind::kEnvironment, "DYAD_TEST_VARIABLE", {}, {}}));
  now.keep(lookup_, set, "empty");
  EXPECT_EQ(found(lookup_), "empty");
  ::unsetenv("DYAD_TEST_VARIABLE");
  EXPECT_EQ(found(lookup_), "") << "unset is not empty";
}

TEST_F(WorldTest, SharedListsCountToo) {
  write("a", "one");
  write("b", "one");
  World& now = world();
  Facts outside;
  outside.add(now.present({FactKind::kFile, path("b"), {}, {}}));
  outside.normalise();
  auto set = facts_about(now, "a");
  set.shared.push_back(*now.keep_shared(outside));
  ASSERT_TRUE(now.keep(lookup_, set, "outcome"));
  EXPECT_EQ(found(lookup_), "outcome");
  write("b", "two");
  EXPECT_EQ(found(lookup_), "");
}

TEST_F(WorldTest, AnUndoneChangeIsAHitAlthoughSharedListsNamedOtherThings) {
  // As with a flag that makes a system header include another one, and is taken back.
  write("a", "one");
  write("b", "header");
  write("c", "what it includes with the flag");
  for (bool with_flag : {false, true}) {
    given_ = with_flag ? "-O1" : "";
    World& now = world();
    Facts outside;
    outside.add(now.present({FactKind::kFile, path("b"), {}, {}}));
    if (with_flag) outside.add(now.present({FactKind::kFile, path("c"), {}, {}}));
    outside.normalise();
    auto set = facts_about(now, "a");
    set.shared.push_back(*now.keep_shared(outside));
    ASSERT_TRUE(now.keep(lookup_, set, with_flag ? "with" : "without"));
  }
  EXPECT_EQ(found(lookup_), "with");
  given_ = "";
  EXPECT_EQ(found(lookup_), "without");
}

TEST_F(WorldTest, InconsistentFactsAreNotKept) {
  World& now = world();
  FactSet set;
  set.own.add(FactKind::kFile, "/x", {1, 1});
  set.own.add(FactKind::kFile, "/x", {2, 2});
  set.own.normalise();
  EXPECT_FALSE(set.own.is_consistent());
  EXPECT_FALSE(now.keep(lookup_, set, "outcome"));
}

TEST_F(WorldTest, RecordsOfEveryPrefixAreRefused) {
  Record record;
  record.not_stored = "it failed";
  Record::Version version;
  version.own.add({FactKind::kGiven, "arguments of /x", {1, 1}, "-O0"});
  version.own.add(FactKind::kListing, "/y", {2, 2});
  version.own.normalise();
  version.shared = {{3, 3}};
  record.versions.push_back(version);
  auto bytes = record.serialize();
  auto again = Record::deserialize(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->versions.at(0).own.digest(), version.own.digest());
  EXPECT_EQ(again->versions.at(0).shared, version.shared);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Record::deserialize(bytes.substr(0, size))) << size;
}

}  // namespace
}  // namespace dyad::inputs
