#include <gtest/gtest.h>

#include <fstream>

#include "host/base/file.hpp"
#include "host/results/crash_memory.hpp"

namespace dyad::results {
namespace {

using build::ImageKind;
using run::PackageResult;
using run::Verdict;

PackageResult result(const std::string& package, Verdict verdict) {
  PackageResult result{.id = {package}};
  result.tests.push_back({.name = "Test", .verdict = verdict});
  return result;
}

class CrashMemoryTest : public testing::Test {
 protected:
  CrashMemory load() const { return CrashMemory::load(file_); }
  TemporaryDirectory directory_ = *TemporaryDirectory::create("dyad-test-");
  std::filesystem::path file_ = directory_.path() / "new/crashes";
};

TEST_F(CrashMemoryTest, CrashIsRememberedUntilThreePassesOnTheOtherBackend) {
  {
    CrashMemory memory = load();
    EXPECT_EQ(memory.add(result("p", Verdict::kCrash), ImageKind::kShared),
              "crashed on dll: runs on exe the next time");
    memory.save();
  }
  for (unsigned passes = 0; passes < 3; ++passes) {
    CrashMemory memory = load();
    ASSERT_EQ(memory.passes_of({"p"}), passes);
    EXPECT_EQ(memory.add(result("p", Verdict::kPass), ImageKind::kExecutable).empty(), passes < 2);
    memory.save();
  }
  EXPECT_EQ(load().passes_of({"p"}), std::nullopt);
  EXPECT_EQ(load().notice_of({"p"}), "");
}

TEST_F(CrashMemoryTest, AnotherCrashBeginsAnew) {
  CrashMemory memory = load();
  memory.add(result("p", Verdict::kCrash), ImageKind::kShared);
  memory.add(result("p", Verdict::kPass), ImageKind::kExecutable);
  memory.add(result("p", Verdict::kPass), ImageKind::kExecutable);
  EXPECT_EQ(memory.add(result("p", Verdict::kCrash), ImageKind::kExecutable), "");
  EXPECT_EQ(memory.passes_of({"p"}), 0u);
}

TEST_F(CrashMemoryTest, WhatSaysNothingNewDoesNotCount) {
  CrashMemory memory = load();
  memory.add(result("p", Verdict::kCrash), ImageKind::kShared);
  memory.add(result("p", Verdict::kFail), ImageKind::kExecutable);
  memory.add(result("p", Verdict::kSkip), ImageKind::kExecutable);
  PackageResult cached = result("p", Verdict::kPass);
  cached.cached = true;
  memory.add(cached, ImageKind::kExecutable);
  PackageResult outside = result("p", Verdict::kPass);
  outside.failed_outside = true;
  memory.add(outside, ImageKind::kExecutable);
  memory.add(result("q", Verdict::kPass), ImageKind::kExecutable);
  EXPECT_EQ(memory.passes_of({"p"}), 0u);
  EXPECT_EQ(memory.passes_of({"q"}), std::nullopt);
}

TEST_F(CrashMemoryTest, CrashOutsideTheTestsIsOne) {
  PackageResult load{.id = {"p"}, .kind = PackageResult::Kind::kLoadFailed};
  EXPECT_FALSE(has_crashed(load));  // a symbol is missing
  load.ended_by_signal = true;
  EXPECT_TRUE(has_crashed(load));
  PackageResult outside = result("p", Verdict::kPass);
  outside.ended_by_signal = true;  // in company of another package, whose fault it was
  EXPECT_FALSE(has_crashed(outside));
  outside.failed_outside = true;
  EXPECT_TRUE(has_crashed(outside));
}

TEST_F(CrashMemoryTest, DamagedFileIsNone) {
  {
    CrashMemory memory = load();
    memory.add(result("p", Verdict::kCrash), ImageKind::kShared);
    memory.add(result("q", Verdict::kCrash), ImageKind::kShared);
    memory.save();
  }
  const std::string whole = *read_file(file_);
  ASSERT_EQ(load().passes_of({"q"}), 0u);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    ASSERT_TRUE(write_file_atomically(file_, bytes));
    EXPECT_EQ(load().passes_of({"p"}), std::nullopt) << at;
    ASSERT_TRUE(write_file_atomically(file_, whole.substr(0, at)));
    EXPECT_EQ(load().passes_of({"p"}), std::nullopt) << at;
  }
}

}  // namespace
}  // namespace dyad::results
