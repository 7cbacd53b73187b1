#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "host/run/wait_readable.hpp"
#include "host/watch/tree_watch.hpp"

namespace dyad::watch {
namespace {

namespace fs = std::filesystem;

class TreeWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "dyad-watch-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = fs::canonical(name);
    fs::create_directories(root_ / "a/b");
    fs::create_directories(root_ / ".git");
    fs::create_directories(root_ / "_out");
    fs::create_directories(root_ / "build/deep");
    write("build/CMakeCache.txt");
    write("a/old.c");
    auto tree = TreeWatch::create(root_);
    ASSERT_TRUE(tree) << tree.error().text;
    tree_.emplace(*std::move(tree));
  }
  void TearDown() override {
    tree_.reset();
    fs::remove_all(root_);
  }

  void write(const std::string& path) { std::ofstream(root_ / path) << "x\n"; }

  /// What has changed, relative to the root. All events are there when the call that caused them returns.
  std::set<std::string> changed() {
    std::set<std::string> names;
    for (const auto& path : tree_->take()) names.insert(path.lexically_relative(root_).native());
    return names;
  }

  fs::path root_;
  std::optional<TreeWatch> tree_;
};

using Names = std::set<std::string>;

TEST_F(TreeWatchTest, ReportsNothingAtFirst) {
  EXPECT_EQ(changed(), Names());
  EXPECT_FALSE(run::wait_readable({tree_->fd()}, std::chrono::milliseconds(0)));
}

TEST_F(TreeWatchTest, ReportsEditsAtAnyDepthOnce) {
  write("top.h");
  write("a/b/x.c");
  write("a/b/x.c");
  EXPECT_TRUE(run::wait_readable({tree_->fd()}, std::chrono::milliseconds(0)));
  EXPECT_EQ(changed(), (Names{"top.h", "a/b/x.c"}));
  EXPECT_EQ(changed(), Names());
}

TEST_F(TreeWatchTest, WaitsUntilAFileIsClosed) {
  std::ofstream file(root_ / "a/new.c");
  file << "half" << std::flush;
  EXPECT_EQ(changed(), Names());
  file.close();
  EXPECT_EQ(changed(), (Names{"a/new.c"}));
}

TEST_F(TreeWatchTest, ReportsRemovalsRenamesAndModes) {
  fs::rename(root_ / "a/old.c", root_ / "a/b/new.c");
  EXPECT_EQ(changed(), (Names{"a/old.c", "a/b/new.c"}));
  fs::permissions(root_ / "a/b/new.c", fs::perms::owner_read);
  EXPECT_EQ(changed(), (Names{"a/b/new.c"}));
  fs::remove(root_ / "a/b/new.c");
  EXPECT_EQ(changed(), (Names{"a/b/new.c"}));
}

TEST_F(TreeWatchTest, ReportsLinks) {
  fs::create_symlink("old.c", root_ / "a/link.c");
  EXPECT_EQ(changed(), (Names{"a/link.c"}));
}

TEST_F(TreeWatchTest, FollowsNewFolders) {
  fs::create_directories(root_ / "n/m");
  write("n/m/first.c");
  EXPECT_EQ(changed(), (Names{"n", "n/m/first.c"}));
  write("n/m/second.c");
  EXPECT_EQ(changed(), (Names{"n/m/second.c"}));
}

TEST_F(TreeWatchTest, ForgetsRemovedFolders) {
  fs::remove_all(root_ / "a/b");
  EXPECT_EQ(changed(), (Names{"a/b"}));
  fs::create_directories(root_ / "a/b");
  write("a/b/y.c");
  EXPECT_EQ(changed(), (Names{"a/b", "a/b/y.c"}));
}

TEST_F(TreeWatchTest, LeavesOutNoise) {
  write(".git/index");
  write("_out/image");
  write("build/deep/object.o");
  write("a/.old.c.swp");
  write("a/old.c~");
  write("a/#old.c#");
  EXPECT_EQ(changed(), Names());
}

TEST(TreeWatch, FailsWithoutADirectory) {
  auto tree = TreeWatch::create("/no/such/directory");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().text, "cannot watch /no/such/directory: No such file or directory");
}

}  // namespace
}  // namespace dyad::watch
