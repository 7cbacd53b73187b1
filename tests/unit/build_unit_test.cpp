#include "host/build/unit.hpp"

#include <gtest/gtest.h>

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
  unit.inputs = {{Input::Kind::kFile, "/ws/a.h"}, {Input::Kind::kMissing, "/ws/b.h"}, {Input::Kind::kDirectory, "/ws"}};
  return unit;
}

TEST(SerializeTest, AUnitComesBackWhole) {
  auto stored = deserialize(serialize(sample(), "0123"));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->object_id, "0123");
  const Unit& unit = stored->unit;
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
  ASSERT_EQ(unit.inputs.size(), 3u);
  EXPECT_EQ(unit.inputs[1].kind, Input::Kind::kMissing);
  EXPECT_EQ(unit.inputs[1].path, "/ws/b.h");
}

TEST(SerializeTest, EveryPrefixIsRefused) {
  std::string bytes = serialize(sample(), "0123");
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(deserialize(bytes.substr(0, size))) << size;
}

TEST(SerializeTest, OtherValuesAreRefused) {
  EXPECT_FALSE(deserialize(serialize(std::vector<Input>{})));
  EXPECT_FALSE(deserialize_inputs(serialize(sample(), "0123")));
  EXPECT_FALSE(deserialize_inputs("\x82\x00"));
}

}  // namespace
}  // namespace dyad::build
