#include <gtest/gtest.h>

#include "host/build/built_package.hpp"
#include "host/build/unit.hpp"

namespace dyad::build {
namespace {

Unit sample() {
  Unit unit;
  unit.status = Unit::Status::kOk;
  unit.diagnostics = "warning: \xff not UTF-8";
  unit.tests = {{"TestA", "_Z5TestARN4dyad1TE", "/ws/a \xfe_test.cc", 7}};
  unit.definitions = {{"Fixture", ""}, {"Mock", "/ws/mock.h"}};
  unit.strong = {"_Z5TestARN4dyad1TE"};
  unit.weak = {"_ZN3FooC1Ev"};
  unit.undefined = {"printf"};
  unit.main_line = 12;
  unit.object_id = {1, 2};
  unit.directories = {"/ws", "/ws/lib"};
  unit.gtest_include = "/usr/include";
  unit.prelude_object = cache::Digest{3, 4};
  return unit;
}

TEST(SerializeTest, AUnitComesBackWhole) {
  auto stored = deserialize(serialize(sample()));
  ASSERT_TRUE(stored);
  const Unit& unit = *stored;
  EXPECT_EQ(unit.object_id, (cache::Digest{1, 2}));
  EXPECT_EQ(unit.prelude_object, (cache::Digest{3, 4}));
  EXPECT_TRUE(unit.ok());
  EXPECT_EQ(unit.diagnostics, sample().diagnostics);
  ASSERT_EQ(unit.tests.size(), 1u);
  EXPECT_EQ(unit.tests[0].file, "/ws/a \xfe_test.cc");
  EXPECT_EQ(unit.tests[0].line, 7u);
  EXPECT_EQ(unit.definitions, sample().definitions);
  EXPECT_EQ(unit.strong, sample().strong);
  EXPECT_EQ(unit.weak, sample().weak);
  EXPECT_EQ(unit.undefined, sample().undefined);
  EXPECT_EQ(unit.main_line, 12u);
  EXPECT_EQ(unit.directories, sample().directories);
  EXPECT_EQ(unit.gtest_include, "/usr/include");
  EXPECT_EQ(unit.gmock_include, "");
}

TEST(SerializeTest, EveryPrefixIsRefused) {
  std::string bytes = serialize(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(deserialize(bytes.substr(0, size))) << size;
}

TEST(SerializeTest, ABuiltPackageComesBackWhole) {
  BuiltPackage built;
  built.diagnostics = "warning: x\n";
  built.notices = {"split into 2 images: a, b"};
  built.images = {{"", "a", cache::Digest{1, 2}, {3, 4}, true}, {"", "b", cache::Digest{5, 6}, {7, 8}, false}};
  auto again = deserialize_built(serialize(built));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->diagnostics, built.diagnostics);
  EXPECT_EQ(again->notices, built.notices);
  ASSERT_EQ(again->images.size(), 2u);
  EXPECT_EQ(again->images[1].key, (cache::Digest{5, 6}));
  EXPECT_TRUE(again->images[0].reads_environ);
  std::string bytes = serialize(built);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(deserialize_built(bytes.substr(0, size)));
}

}  // namespace
}  // namespace dyad::build
