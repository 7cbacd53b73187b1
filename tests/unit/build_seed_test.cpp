#include <gtest/gtest.h>

#include <fstream>

#include "host/base/file.hpp"
#include "host/build/seed.hpp"

namespace dyad::build {
namespace {

class SeedTest : public testing::Test {
 protected:
  SeedTest() {
    auto seed = *cache::Store::open(lib_ / "seed");
    seeded_ = *seed.put("what an installation brings");
    std::ofstream(lib_ / "libdyad_codegen.so") << "its toolchain";
  }

  void plant() { plant_seed(store_, {.lib_dir = lib_, .include_dir = {}, .runtime_dir = {}}, *Toolchain::find(lib_)); }

  TemporaryDirectory directory_ = *TemporaryDirectory::create("dyad-test-");
  std::filesystem::path lib_ = directory_.path() / "lib";
  cache::Store store_ = *cache::Store::open(directory_.path() / "cache");
  cache::OutputId seeded_;
};

TEST_F(SeedTest, IsPlantedOnceInACache) {
  plant();
  ASSERT_TRUE(store_.verify(seeded_));
  std::filesystem::remove(store_.path_of(seeded_));  // as a trim does
  plant();
  EXPECT_FALSE(std::filesystem::exists(store_.path_of(seeded_)));
}

TEST_F(SeedTest, IsPlantedAgainByAnotherToolchain) {
  plant();
  std::filesystem::remove(store_.path_of(seeded_));
  std::ofstream(lib_ / "libdyad_codegen.so") << "another toolchain";
  plant();
  EXPECT_TRUE(store_.verify(seeded_));
}

}  // namespace
}  // namespace dyad::build
