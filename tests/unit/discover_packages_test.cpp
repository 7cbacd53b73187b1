#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "discover_tree.hpp"
#include "host/discover/workspace.hpp"

namespace dyad::discover {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class PackagesTest : public testing::Test {
 protected:
  Result<std::vector<Package>> find(const Strings& patterns, const std::string& cwd = ".") const {
    auto workspace = find_workspace(tree_.root() / cwd);
    if (!workspace) return fail(workspace.error());
    return find_packages(*workspace, tree_.root() / cwd, patterns);
  }
  Strings ids(const Strings& patterns, const std::string& cwd = ".") const {
    auto packages = find(patterns, cwd);
    EXPECT_TRUE(packages) << packages.error().text;
    Strings result;
    if (packages) std::ranges::transform(*packages, std::back_inserter(result), [](auto& p) { return p.id.path; });
    return result;
  }
  std::string error_of(const Strings& patterns, const std::string& cwd = ".") const {
    auto packages = find(patterns, cwd);
    return packages ? "no error" : packages.error().text;
  }
  static Strings names(const std::vector<fs::path>& paths) {
    Strings result;
    for (const auto& path : paths) result.push_back(path.filename());
    return result;
  }
  Tree tree_;
};

TEST_F(PackagesTest, FilesOfADirectoryAreSortedByWhatTheyAre) {
  tree_.write_all({"calc/z_test.cc", "calc/a_test.c", "calc/calc.cc", "calc/calc.h", "calc/b.c", "calc/x_windows.cc",
                   "calc/_x.cc", "calc/README", "calc/sub/other.cc"});
  auto packages = find({"./calc"});
  ASSERT_TRUE(packages);
  ASSERT_EQ(packages->size(), 1u);
  const Package& package = packages->front();
  EXPECT_EQ(package.id.path, "calc");
  EXPECT_EQ(package.directory, tree_.root() / "calc");
  EXPECT_EQ(package.tests, (std::vector<fs::path>{tree_.root() / "calc/a_test.c", tree_.root() / "calc/z_test.cc"}));
  EXPECT_EQ(names(package.library), (Strings{"b.c", "calc.cc"}));
  EXPECT_EQ(names(package.other_platform), Strings{"x_windows.cc"});
  EXPECT_EQ(package.problem, "");
}

TEST_F(PackagesTest, ACopyOfGoogleTestHasNoTestsOfItsOwn) {
  tree_.write_all(
      {"src/gtest-all.cc", "src/gtest-port.cc", "src/gtest.cc", "src/gtest-typed-test.cc", "src/x.cc"});
  auto packages = find({"./..."});
  ASSERT_TRUE(packages);
  ASSERT_EQ(packages->size(), 1u);
  EXPECT_TRUE(packages->front().tests.empty());
  EXPECT_EQ(names(packages->front().library), Strings{"x.cc"});
  EXPECT_EQ(names(packages->front().framework),
            (Strings{"gtest-all.cc", "gtest-port.cc", "gtest-typed-test.cc", "gtest.cc"}));
}

TEST_F(PackagesTest, DotsFindEveryDirectoryWithSourcesInOrder) {
  tree_.write_all({"top_test.cc", "b/b.cc", "a-b/x_test.cc", "a/x_test.cc", "a/c/x_test.cc", "docs/readme.md"});
  EXPECT_EQ(ids({"./..."}), (Strings{".", "a", "a/c", "a-b", "b"}));
  EXPECT_EQ(ids({"..."}), (Strings{".", "a", "a/c", "a-b", "b"}));
  EXPECT_EQ(ids({"./a/..."}), (Strings{"a", "a/c"}));
  EXPECT_EQ(ids({"a/..."}), (Strings{"a", "a/c"}));
  EXPECT_EQ(ids({"./..."}, "a"), (Strings{"a", "a/c"}));
}

TEST_F(PackagesTest, EachPackageIsThereOnce) {
  tree_.write_all({"a/x_test.cc", "b/x_test.cc"});
  EXPECT_EQ(ids({"./b", "./a", "b", "./b/", "./a/../b", "./...", (tree_.root() / "a").native()}), (Strings{"a", "b"}));
}

TEST_F(PackagesTest, PatternsAreSeenFromTheCurrentDirectory) {
  tree_.write_all({"a/x_test.cc", "b/x_test.cc"});
  EXPECT_EQ(ids({"."}, "a"), Strings{"a"});
  EXPECT_EQ(ids({"../b"}, "a"), Strings{"b"});
  EXPECT_EQ(ids({".."}, "a"), Strings{"."});
}

TEST_F(PackagesTest, IgnoredDirectoriesAreLeftOutByDots) {
  tree_.write_all({"a/x_test.cc", "testdata/x_test.cc", "a/testdata/deep/x_test.cc", ".hidden/x_test.cc",
                   "_old/x_test.cc", "build/CMakeCache.txt", "build/x_test.cc", "build/sub/x_test.cc"});
  EXPECT_EQ(ids({"./..."}), Strings{"a"});
}

TEST_F(PackagesTest, IgnoredDirectoriesCanBeNamed) {
  tree_.write_all({"testdata/x_test.cc", "testdata/sub/x_test.cc", "build/CMakeCache.txt", "build/x_test.cc"});
  EXPECT_EQ(ids({"./testdata"}), Strings{"testdata"});
  EXPECT_EQ(ids({"./testdata/..."}), (Strings{"testdata", "testdata/sub"}));
  EXPECT_EQ(ids({"./build"}), Strings{"build"});
}

TEST_F(PackagesTest, AWorkspaceThatIsABuildFolderIsStillTested) {
  tree_.write_all({"CMakeCache.txt", "x_test.cc", "a/x_test.cc"});
  EXPECT_EQ(ids({"./..."}), (Strings{".", "a"}));
}

TEST_F(PackagesTest, LinksToDirectoriesAreNotFollowed) {
  tree_.write("a/x_test.cc");
  fs::create_directory_symlink(tree_.root(), tree_.root() / "a/loop");
  fs::create_directory_symlink(tree_.root() / "a", tree_.root() / "link");
  EXPECT_EQ(ids({"./..."}), Strings{"a"});
  EXPECT_EQ(ids({"./link"}), Strings{"a"});
}

TEST_F(PackagesTest, LinksToFilesAreSourcesAlsoWhenTheyLeadNowhere) {
  auto file = tree_.write("real/x.txt");
  fs::create_directory(tree_.root() / "a");
  fs::create_symlink(file, tree_.root() / "a/x_test.cc");
  fs::create_symlink("nowhere", tree_.root() / "a/y_test.cc");
  ASSERT_EQ(::mkfifo((tree_.root() / "a/z_test.cc").c_str(), 0600), 0);
  auto packages = find({"./a"});
  ASSERT_TRUE(packages);
  EXPECT_EQ(names(packages->front().tests), (Strings{"x_test.cc", "y_test.cc"}));
}

TEST_F(PackagesTest, ADirectoryWithoutSourcesIsAPackageOnlyWhenNamed) {
  fs::create_directories(tree_.root() / "empty");
  tree_.write("docs/x.md");
  EXPECT_EQ(ids({"./..."}), Strings{});
  auto packages = find({"./empty"});
  ASSERT_TRUE(packages);
  ASSERT_EQ(packages->size(), 1u);
  EXPECT_EQ(packages->front().id.path, "empty");
  EXPECT_TRUE(packages->front().tests.empty());
  EXPECT_TRUE(packages->front().library.empty());
}

TEST_F(PackagesTest, NamesOfAnyBytesWork) {
  const Strings directories{"with space", "quote'\"s", "new\nline", "größe", "bad\xff\xfe",
                            "[a,b]",      "-dash",     "a\\b",      "{x}"};
  for (const auto& directory : directories) tree_.write(directory + "/y \n\xff'_test.cc");
  auto packages = find({"./..."});
  ASSERT_TRUE(packages);
  Strings found;
  for (const auto& package : *packages) {
    found.push_back(package.id.path);
    ASSERT_EQ(package.tests.size(), 1u);
    EXPECT_TRUE(fs::exists(package.tests.front()));
  }
  EXPECT_TRUE(std::ranges::is_permutation(found, directories));
  for (const auto& directory : directories) EXPECT_EQ(ids({"./" + directory}), Strings{directory});
}

TEST_F(PackagesTest, AVeryLongPathIsWalked) {
  fs::path deep = tree_.root();
  for (int i = 0; i < 12; ++i) deep /= std::string(200, 'd');
  fs::create_directories(deep);
  std::ofstream(deep / "x_test.cc").close();
  EXPECT_EQ(ids({"./..."}), Strings{deep.lexically_relative(tree_.root()).native()});
}

TEST_F(PackagesTest, WhatIsNoDirectoryIsOneClearLine) {
  tree_.write("a/x_test.cc");
  EXPECT_EQ(error_of({"./nope"}), "no such directory: ./nope");
  EXPECT_EQ(error_of({"./nope/..."}), "./nope/... matches no directory");
  EXPECT_EQ(error_of({"a", "nope"}), "no such directory: nope");
  EXPECT_EQ(error_of({"./a/x_test.cc"}), "./a/x_test.cc is a file: name its directory");
  EXPECT_EQ(error_of({"./a/x_test.cc/..."}), "./a/x_test.cc is a file: name its directory");
  EXPECT_EQ(error_of({""}), "an empty package pattern: write . for this directory");
  EXPECT_EQ(error_of({"./a\nb"}), "no such directory: ./a\\nb");
  EXPECT_EQ(error_of({"./.../a"}), "./.../a is no package pattern: ... may only be the last part, as in ./dir/...");
}

TEST_F(PackagesTest, ADirectoryOutsideTheWorkspaceIsRefused) {
  fs::create_directories(tree_.parent() / "x");
  fs::create_directories(tree_.parent() / "ws2");
  EXPECT_EQ(error_of({"../x"}), "../x is outside the workspace " + tree_.root().native());
  EXPECT_EQ(error_of({"../ws2/..."}), "../ws2 is outside the workspace " + tree_.root().native());
  EXPECT_EQ(error_of({"/"}), "/ is outside the workspace " + tree_.root().native());
  fs::create_directory_symlink(tree_.parent() / "x", tree_.root() / "link");
  EXPECT_EQ(error_of({"./link"}), "./link is outside the workspace " + tree_.root().native());
}

TEST_F(PackagesTest, AnotherWorkspaceInsideIsLeftAlone) {
  tree_.write_all({"a/x_test.cc", "other/dyad.toml", "other/x_test.cc", "other/sub/x_test.cc"});
  EXPECT_EQ(ids({"./..."}), Strings{"a"});
  EXPECT_EQ(error_of({"./other/sub"}), "./other/sub belongs to another workspace, " +
                                           (tree_.root() / "other").native() +
                                           " has a dyad.toml of its own: run dyad there");
  EXPECT_EQ(ids({"./..."}, "other"), (Strings{".", "sub"}));
}

TEST_F(PackagesTest, TestPatternsOfADirectoryHoldBelowIt) {
  tree_.write_all({"x_test.cc", "check_x.cc", "old/x_test.cc", "old/check_x.cc", "old/sub/check_y.cc"});
  tree_.write("dyad.toml", "[dir.old]\ntest_patterns = [\"check_*.cc\"]\n");
  auto packages = find({"./..."});
  ASSERT_TRUE(packages);
  ASSERT_EQ(packages->size(), 3u);
  EXPECT_EQ(names((*packages)[0].tests), Strings{"x_test.cc"});
  EXPECT_EQ(names((*packages)[1].tests), Strings{"check_x.cc"});
  EXPECT_EQ(names((*packages)[1].library), Strings{"x_test.cc"});
  EXPECT_EQ(names((*packages)[2].tests), Strings{"check_y.cc"});
}

/// Gives up root's rights, which include reading everything, until it goes.
class AsNobody {
 public:
  AsNobody() : was_root_(::geteuid() == 0) { EXPECT_EQ(was_root_ ? ::seteuid(65534) : 0, 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { EXPECT_EQ(was_root_ ? ::seteuid(0) : 0, 0); }

 private:
  bool was_root_;
};

TEST_F(PackagesTest, ADirectoryThatCannotBeReadIsReportedAndTheOthersStay) {
  tree_.write_all({"a/x_test.cc", "closed/x_test.cc"});
  fs::permissions(tree_.parent(), static_cast<fs::perms>(0755));
  fs::permissions(tree_.root() / "closed", fs::perms::none);
  Result<std::vector<Package>> packages;
  std::string alone;
  {
    AsNobody nobody;
    packages = find({"./..."});
    alone = error_of({"./closed"});
  }
  fs::permissions(tree_.root() / "closed", fs::perms::owner_all);
  ASSERT_TRUE(packages) << packages.error().text;
  ASSERT_EQ(packages->size(), 2u);
  EXPECT_EQ((*packages)[0].tests.size(), 1u);
  EXPECT_EQ((*packages)[1].id.path, "closed");
  EXPECT_EQ((*packages)[1].problem, "Permission denied");
  EXPECT_EQ(alone, "cannot read ./closed: Permission denied");
}

TEST_F(PackagesTest, OnePackageCanBeReadByItsDirectory) {
  tree_.write_all({"a/x_test.cc", "a/x.cc", "testdata/y.cc", "build/CMakeCache.txt", "build/sub/z.cc",
                   "other/dyad.toml", "other/w.cc"});
  auto workspace = *find_workspace(tree_.root());
  auto library_of = [&](const fs::path& place) { return names(read_package(workspace, place).library); };
  EXPECT_EQ(library_of(tree_.root() / "a"), Strings{"x.cc"});
  EXPECT_EQ(library_of(tree_.root() / "a/"), Strings{"x.cc"});
  EXPECT_EQ(library_of(tree_.root() / "b/../a"), Strings{"x.cc"});
  EXPECT_EQ(library_of(tree_.root() / "testdata"), Strings{"y.cc"});
  EXPECT_EQ(read_package(workspace, tree_.root() / "a").id.path, "a");
  for (const char* nothing : {"build/sub", "build", "other", "nope", "..", "../elsewhere"})
    EXPECT_EQ(library_of(tree_.root() / nothing), Strings{}) << nothing;
}

class WorkspaceTest : public testing::Test {
 protected:
  Tree tree_;
};

TEST_F(WorkspaceTest, RootIsTheNearestConfigThenTheRepositoryThenHere) {
  fs::create_directories(tree_.root() / "a/b/c");
  EXPECT_EQ(find_workspace(tree_.root() / "a/b/c")->root, tree_.root());
  EXPECT_EQ(find_workspace(tree_.root() / "a/b/c")->config_file, "");
  tree_.write("a/dyad.toml");
  fs::create_directories(tree_.root() / "a/b/.git");  // a config outranks a repository nearer by
  EXPECT_EQ(find_workspace(tree_.root() / "a/b/c")->root, tree_.root() / "a");
  EXPECT_EQ(find_workspace(tree_.root() / "a/b/c")->config_file, tree_.root() / "a/dyad.toml");
  EXPECT_EQ(find_workspace(tree_.root())->root, tree_.root());
  fs::remove_all(tree_.root() / ".git");
  EXPECT_EQ(find_workspace(tree_.root())->root, tree_.root());
}

TEST_F(WorkspaceTest, ARepositoryMayBeAFileThatPointsElsewhere) {
  tree_.write("sub/.git", "gitdir: ../.git/modules/sub\n");
  fs::create_directories(tree_.root() / "sub/deep");
  EXPECT_EQ(find_workspace(tree_.root() / "sub/deep")->root, tree_.root() / "sub");
}

TEST_F(WorkspaceTest, LinksOnTheWayToTheCurrentDirectoryAreResolved) {
  fs::create_directories(tree_.root() / "a");
  fs::create_directory_symlink(tree_.root() / "a", tree_.parent() / "link");
  EXPECT_EQ(find_workspace(tree_.parent() / "link")->root, tree_.root());
}

TEST_F(WorkspaceTest, ErrorsOfTheConfigAreSeenFromTheCurrentDirectory) {
  tree_.write("dyad.toml", "\nnonsense = 1\n");
  fs::create_directories(tree_.root() / "a/b");
  auto here = find_workspace(tree_.root());
  ASSERT_FALSE(here);
  EXPECT_EQ(here.error().text, "dyad.toml:2: unknown key \"nonsense\"");
  auto below = find_workspace(tree_.root() / "a/b");
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().text, "../../dyad.toml:2: unknown key \"nonsense\"");
}

TEST_F(WorkspaceTest, ADirectoryThatIsGoneIsAnError) {
  auto workspace = find_workspace(tree_.root() / "gone");
  ASSERT_FALSE(workspace);
  EXPECT_TRUE(workspace.error().text.starts_with("cannot enter ")) << workspace.error().text;
}

TEST_F(WorkspaceTest, DeeperSettingsAppendToListsAndReplaceStandards) {
  fs::create_directories(tree_.root() / "a/b/c");
  fs::create_directories(tree_.root() / "a-z");
  tree_.write("dyad.toml", R"(
flags = ["-Wall"]
cxx_standard = "c++17"
[dir.a]
flags = ["-Wextra"]
cxx_standard = "c++20"
[dir."a/b"]
flags = ["-Wshadow"]
defines = ["DEEP"]
)");
  auto workspace = find_workspace(tree_.root());
  ASSERT_TRUE(workspace) << workspace.error().text;
  auto flags = [&](const char* place) { return workspace->settings_for(tree_.root() / place).flags; };
  EXPECT_EQ(flags("."), Strings{"-Wall"});
  EXPECT_EQ(flags("other"), Strings{"-Wall"});
  EXPECT_EQ(flags("a-z"), Strings{"-Wall"});
  EXPECT_EQ(flags("a"), (Strings{"-Wall", "-Wextra"}));
  EXPECT_EQ(flags("a/b/c"), (Strings{"-Wall", "-Wextra", "-Wshadow"}));
  auto deep = workspace->settings_for(tree_.root() / "a/b");
  EXPECT_EQ(deep.cxx_standard, "c++20");
  EXPECT_EQ(deep.c_standard, "gnu17");
  EXPECT_EQ(deep.defines, Strings{"DEEP"});
  EXPECT_EQ(workspace->settings_for(tree_.root()).cxx_standard, "c++17");
  EXPECT_EQ(workspace->settings_for("/usr/include").flags, Strings{"-Wall"});
}

}  // namespace
}  // namespace dyad::discover
