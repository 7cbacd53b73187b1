#include "host/build/image_plan.hpp"

#include <gtest/gtest.h>

namespace dyad::build {
namespace {

Unit unit(const std::string& file) {
  Unit made;
  made.source = "/ws/pkg/" + file;
  made.status = Unit::Status::kOk;
  made.main_symbol = "dyad_main_" + file;
  return made;
}

Unit native(const std::string& file, const std::string& test, std::uint32_t line = 1) {
  Unit made = unit(file);
  made.tests.push_back({test, "_Z" + test, "/ws/pkg/" + file, line});
  made.strong.push_back("_Z" + test);
  return made;
}

Unit gtest_file(const std::string& file, bool with_main = false) {
  Unit made = unit(file);
  made.undefined.push_back("_ZN7testing8internal23MakeAndRegisterTestInfoEPKc");
  if (with_main) {
    made.main_line = 9;
    made.undefined.push_back("_ZN7testing8UnitTest3RunEv");
  }
  return made;
}

Unit gtest_main_only(const std::string& file) {
  Unit made = unit(file);
  made.main_line = 3;
  made.undefined.push_back("_ZN7testing8UnitTest3RunEv");
  return made;
}

Result<PackagePlan> plan(const std::vector<Unit>& units, const std::vector<Unit>& others = {}) {
  std::vector<const Unit*> pointers, other_pointers;
  for (const auto& each : units) pointers.push_back(&each);
  for (const auto& each : others) other_pointers.push_back(&each);
  return plan_images(pointers, other_pointers, "pkg");
}

TEST(PlanImagesTest, FilesThatDoNotCollideShareOneImage) {
  std::vector<Unit> units{native("a_test.cc", "TestA"), gtest_file("b_test.cc"), native("c_test.cc", "TestC")};
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 1u);
  EXPECT_EQ(planned->images[0].name, "pkg");
  EXPECT_EQ(planned->images[0].tests.size(), 3u);
  EXPECT_TRUE(planned->notices.empty());
}

TEST(PlanImagesTest, ASingleFileGivesTheImageItsName) {
  std::vector<Unit> units{native("a_test.cc", "TestA")};
  EXPECT_EQ(plan(units)->images[0].name, "a_test");
}

TEST(PlanImagesTest, TwoDefinitionsOfOneClassSplit) {
  std::vector<Unit> units{native("a_test.cc", "TestA"), native("b_test.cc", "TestB"), native("c_test.cc", "TestC")};
  units[0].definitions.push_back({"Fixture", ""});
  units[1].definitions.push_back({"Fixture", ""});
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 2u);
  EXPECT_EQ(planned->images[0].tests.size(), 2u) << "c fits beside a";
  EXPECT_EQ(planned->images[1].name, "b_test");
  ASSERT_EQ(planned->notices.size(), 1u);
  EXPECT_NE(planned->notices[0].find("a_test.cc and b_test.cc both define Fixture"), std::string::npos);
}

TEST(PlanImagesTest, OneHeadersClassIsSharedButNotTwoHeadersClassesOfOneName) {
  std::vector<Unit> units{native("a_test.cc", "TestA"), native("b_test.cc", "TestB"), native("c_test.cc", "TestC")};
  units[0].definitions.push_back({"Mock", "/ws/pkg/mock.h"});
  units[1].definitions.push_back({"Mock", "/ws/pkg/mock.h"});
  units[2].definitions.push_back({"Mock", "/ws/pkg/other_mock.h"});
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 2u);
  EXPECT_EQ(planned->images[0].tests.size(), 2u);
  EXPECT_EQ(planned->images[1].name, "c_test");
}

TEST(PlanImagesTest, AFileGoesWithTheProgramThatWantsItsSymbols) {
  std::vector<Unit> units{gtest_file("a_test.cc", true), gtest_file("b_test.cc"), native("c_test.cc", "TestC")};
  units[0].undefined.push_back("shared_by_b");
  units[1].strong.push_back("shared_by_b");
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 2u);
  EXPECT_EQ(planned->images[0].name, "c_test");
  EXPECT_EQ(planned->images[1].name, "a_test");
  ASSERT_EQ(planned->images[1].tests.size(), 2u);
  EXPECT_EQ(planned->images[1].tests[1], &units[1]);
}

TEST(PlanImagesTest, AFileThatBothWantIsInBoth) {
  std::vector<Unit> units{gtest_file("a_test.cc", true), gtest_file("b_test.cc"), native("c_test.cc", "TestC")};
  units[0].undefined.push_back("shared_by_b");
  units[2].undefined.push_back("shared_by_b");
  units[1].strong.push_back("shared_by_b");
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 2u);
  EXPECT_EQ(planned->images[0].tests.size(), 2u);
  EXPECT_EQ(planned->images[1].tests.size(), 2u);
}

TEST(PlanImagesTest, NothingIsLeftOfAnImageWhoseFilesAllWentElsewhere) {
  std::vector<Unit> units{gtest_file("a_test.cc", true), gtest_file("b_test.cc")};
  units[0].undefined.push_back("shared_by_b");
  units[1].strong.push_back("shared_by_b");
  EXPECT_EQ(plan(units)->images.size(), 1u);
}

TEST(PlanImagesTest, ReasonsAreReadable) {
  std::vector<Unit> units{native("a_test.cc", "TestA"), native("b_test.cc", "TestB")};
  for (auto& each : units) each.strong.push_back("_ZN3lib4frobEi");
  EXPECT_NE(plan(units)->notices.at(0).find("both define lib::frob(int)"), std::string::npos);
}

TEST(PlanImagesTest, EachMainIsAloneAndAPlainOneIsATest) {
  std::vector<Unit> units{gtest_file("a_test.cc", true), unit("b_test.cc"), native("c_test.cc", "TestC")};
  units[1].main_line = 4;
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 3u);
  EXPECT_EQ(planned->images[0].name, "c_test");
  EXPECT_EQ(planned->images[1].own_main, &units[0]);
  EXPECT_EQ(planned->images[2].plain_main, &units[1]);
  EXPECT_EQ(planned->images[2].own_main, nullptr);
}

TEST(PlanImagesTest, ATestFileWithNothingInItIsLibrary) {
  std::vector<Unit> units{native("a_test.cc", "TestA"), unit("make_test.cc")};
  auto planned = plan(units);
  ASSERT_EQ(planned->library.size(), 1u);
  EXPECT_EQ(planned->library[0], &units[1]);
}

TEST(PlanImagesTest, AMainForOtherFilesServesThem) {
  std::vector<Unit> units{gtest_file("a_test.cc"), gtest_main_only("test_main.cc")};
  auto planned = plan(units);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->images.size(), 1u);
  EXPECT_EQ(planned->images[0].own_main, &units[1]);
}

TEST(PlanImagesTest, AMainAmongTheLibrarySourcesServesToo) {
  std::vector<Unit> units{gtest_file("a_test.cc")}, others{gtest_main_only("main.cc")};
  EXPECT_EQ(plan(units, others)->images[0].own_main, &others[0]);
}

TEST(PlanImagesTest, AProgramThatRunsNoTestsOfItsOwnIsOneTest) {
  std::vector<Unit> units{gtest_file("a_test.cc"), gtest_main_only("gtest_no_test_unittest.cc")};
  auto planned = plan(units);
  ASSERT_EQ(planned->images.size(), 2u);
  EXPECT_EQ(planned->images[0].own_main, nullptr);
  EXPECT_EQ(planned->images[1].plain_main, &units[1]);
}

TEST(PlanImagesTest, TwoTestsOfOneNameAreAnErrorThatNamesBoth) {
  std::vector<Unit> units{native("a_test.cc", "TestA", 3), native("b_test.cc", "TestA", 8)};
  auto planned = plan(units);
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().text, "two tests are named TestA: a_test.cc:3 and b_test.cc:8; rename one of them");
}

TEST(PlanImagesTest, TwoMainsForOneSetOfTestsAreAnError) {
  std::vector<Unit> units{gtest_file("a_test.cc"), gtest_main_only("main_test.cc"), gtest_main_only("test_main.cc")};
  EXPECT_FALSE(plan(units));
}

}  // namespace
}  // namespace dyad::build
