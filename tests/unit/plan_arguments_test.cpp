#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "discover_tree.hpp"
#include "host/plan/arguments.hpp"
#include "host/plan/link_flags.hpp"

namespace dyad::plan {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class ArgumentsTest : public testing::Test {
 protected:
  Arguments make(const std::string& toml = "", bool release = false) {
    tree_.write("dyad.toml", toml);
    auto workspace = discover::find_workspace(tree_.root());
    EXPECT_TRUE(workspace) << workspace.error().text;
    return Arguments(*workspace, {release, "/dyad/include"});
  }
  std::string root(const std::string& path = "") const { return (tree_.root() / path).native(); }

  static bool has(const Strings& arguments, const std::string& one) {
    return std::ranges::find(arguments, one) != arguments.end();
  }
  /// The values of all uses of `flag`, in order.
  static Strings values(const Strings& arguments, const std::string& flag) {
    Strings result;
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
      if (arguments[i] == flag) result.push_back(arguments[i + 1]);
    return result;
  }
  discover::Tree tree_;
};

TEST_F(ArgumentsTest, LinkKnowsTheSanitizersOfTheFlags) {
  auto arguments =
      make("flags = [\"-fsanitize=address\", \"-Wall\", \"-fsanitize-ignorelist=x\"]\nlink_flags = [\"-lm\"]\n");
  EXPECT_EQ(*arguments.link(root()), (Strings{"-fsanitize=address", "-lm"}));
}

TEST(SanitizerRuntimes, AreThoseOfTheSanitizersThatAreOn) {
  EXPECT_EQ(sanitizer_runtimes({"-O1", "-lm"}), "");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=address,undefined"}), "address,undefined");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=address,undefined", "-fno-sanitize=address"}), "undefined");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=thread", "-fno-sanitize=all"}), "");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=signed-integer-overflow", "-fsanitize-trap=all"}), "");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=address,undefined", "-fsanitize-trap=undefined"}), "address");
  EXPECT_EQ(sanitizer_runtimes({"-fsanitize=cfi,safe-stack"}), "");
}

TEST_F(ArgumentsTest, EachLanguageGetsItsStandard) {
  auto arguments = make();
  EXPECT_TRUE(has(*arguments.compile(tree_.root() / "x.cc"), "-std=gnu++20"));
  EXPECT_TRUE(has(*arguments.compile(tree_.root() / "x.C"), "-std=gnu++20"));
  EXPECT_TRUE(has(*arguments.compile(tree_.root() / "x.c"), "-std=gnu17"));
  EXPECT_EQ(language_of("a/b.ll"), Language::kIr);
  EXPECT_TRUE(is_source("a/b.cxx"));
  EXPECT_FALSE(is_source("a/b.h"));
}

TEST_F(ArgumentsTest, ObjectsServeBothBackendsAndStackWalks) {
  auto arguments = *make().compile(tree_.root() / "x.cc");
  for (const char* flag :
       {"-O0", "-fPIC", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer", "-gline-tables-only",
        "-fvisibility=hidden", "-fvisibility-inlines-hidden", "-ffunction-sections", "-fdata-sections"})
    EXPECT_TRUE(has(arguments, flag)) << flag;
  EXPECT_FALSE(has(*make().compile(tree_.root() / "x.c"), "-fvisibility-inlines-hidden"));
}

TEST_F(ArgumentsTest, TheVersionOfDwarfDoesNotAskForAllDebugInformation) {
  // To the driver "-gdwarf-4" is "-g" as well, and the last of the two decides how much.
  auto arguments = *make().compile(tree_.root() / "x.cc");
  auto last = std::ranges::find_if(arguments.rbegin(), arguments.rend(),
                                   [](const std::string& argument) { return argument.starts_with("-g"); });
  ASSERT_NE(last, arguments.rend());
  EXPECT_EQ(*last, "-gline-tables-only");
}

TEST_F(ArgumentsTest, ReleaseOptimisesAndKeepsAsserts) {
  auto arguments = *make("", true).compile(tree_.root() / "x.cc");
  EXPECT_TRUE(has(arguments, "-O2"));
  EXPECT_FALSE(has(arguments, "-O0"));
  EXPECT_FALSE(has(arguments, "-DNDEBUG"));
}

TEST_F(ArgumentsTest, IrGetsOnlyWhatConcernsCodeGeneration) {
  auto arguments = *make("defines = [\"A\"]\nflags = [\"-Wall\"]\n").compile(tree_.root() / "x.ll");
  EXPECT_TRUE(has(arguments, "-O0"));
  EXPECT_TRUE(has(arguments, "-fPIC"));
  EXPECT_TRUE(std::ranges::none_of(arguments,
                                   [](auto& a) { return a.starts_with("-std") || a.starts_with("-D") || a == "-I"; }));
}

TEST_F(ArgumentsTest, IncludeRootsStandInTheirOrder) {
  auto arguments = *make("include_roots = [\"third/include\"]\n").compile(tree_.root() / "a/b/x.cc");
  EXPECT_EQ(values(arguments, "-I"), (Strings{root("third/include"), root("include"), root("src")}));
  EXPECT_EQ(values(arguments, "-iquote"), (Strings{root("a/b"), root("a"), tree_.root().native()}));
  EXPECT_EQ(values(arguments, "-idirafter"),
            (Strings{"/dyad/include", root("a/b"), root("a"), tree_.root().native()}));
}

TEST_F(ArgumentsTest, ASourceOutsideTheWorkspaceSeesItsOwnDirectory) {
  auto arguments = *make().compile("/elsewhere/sub/x.cc");
  EXPECT_EQ(values(arguments, "-iquote"), Strings{"/elsewhere/sub"});
}

TEST_F(ArgumentsTest, SettingsOfTheDirectoryAreInForce) {
  fs::create_directories(tree_.root() / "old");
  auto arguments =
      make("defines = [\"A=1\"]\n[dir.old]\ncxx_standard = \"c++11\"\ndefines = [\"B\"]\nflags = [\"-fno-rtti\"]\n");
  auto old = *arguments.compile(tree_.root() / "old/x.cc");
  EXPECT_TRUE(has(old, "-std=c++11"));
  EXPECT_TRUE(has(old, "-DA=1"));
  EXPECT_TRUE(has(old, "-DB"));
  EXPECT_EQ(old.back(), "-fno-rtti");  // the user's word is the last one
  auto other = *arguments.compile(tree_.root() / "new/x.cc");
  EXPECT_TRUE(has(other, "-std=gnu++20"));
  EXPECT_FALSE(has(other, "-DB"));
}

TEST_F(ArgumentsTest, ForeignSourcesAreTheSameForAllDirectories) {
  auto arguments = make("defines = [\"A\"]\nflags = [\"-fno-rtti\", \"-Wall\"]\n");
  auto one = *arguments.compile_foreign(tree_.root() / "a/x.cc");
  EXPECT_EQ(one, *arguments.compile_foreign(tree_.root() / "b/c/y.c"));
  EXPECT_TRUE(has(one, "-DA"));
  EXPECT_TRUE(has(one, "-fno-rtti"));
  EXPECT_TRUE(has(one, "-std=gnu++20"));
  EXPECT_EQ(one.back(), "-w");
  EXPECT_FALSE(std::ranges::any_of(one, [](const std::string& argument) { return argument.starts_with("-g"); }));
  EXPECT_EQ(values(one, "-iquote"), Strings{});
}

TEST_F(ArgumentsTest, ForeignArgumentsAreUsualWhereNothingIsSet) {
  fs::create_directories(tree_.root() / "a");
  auto are_usual = [&](const std::string& config) {
    auto arguments = make(config);
    return arguments.are_usual_for_foreign(*arguments.compile_foreign(tree_.root() / "a/x.cc"));
  };
  EXPECT_TRUE(are_usual(""));
  EXPECT_TRUE(are_usual("link_flags = [\"-lm\"]\n"));
  for (const char* config : {"defines = [\"A\"]\n", "flags = [\"-fno-rtti\"]\n", "cxx_standard = \"gnu++17\"\n",
                             "include_roots = [\"third\"]\n", "[dir.a]\nflags = [\"-O1\"]\n"})
    EXPECT_FALSE(are_usual(config)) << config;
  const Arguments release(*discover::find_workspace(tree_.root()), {.release = true, .include_dir = "/dyad/include"});
  EXPECT_FALSE(release.are_usual_for_foreign(*release.compile_foreign(tree_.root() / "a/x.cc")));
}

TEST_F(ArgumentsTest, LinkFlagsAreTranslatedForTheLinker) {
  auto arguments =
      make("link_flags = [\"-lm\", \"-pthread\", \"-Wl,-z,now,-lfoo\", \"-Xlinker\", \"--as-needed\", \"-L/x\"]\n");
  EXPECT_EQ(*arguments.link(tree_.root()), (Strings{"-lm", "-lpthread", "-z", "now", "-lfoo", "--as-needed", "-L/x"}));
  EXPECT_EQ(*make().link(tree_.root()), Strings{});
}

class PkgConfigTest : public ArgumentsTest {
 protected:
  void SetUp() override {
    tree_.write("pc/mylib.pc",
                "Name: mylib\nDescription: x\nVersion: 1.0\n"
                "Cflags: -I/opt/my\\ lib/include -DMYLIB=\\\"v1\\\"\nLibs: -L/opt/mylib/lib -lmylib "
                "-Wl,-rpath,/opt/mylib/lib\n");
    ::setenv("PKG_CONFIG_PATH", root("pc").c_str(), 1);
  }
  void TearDown() override { ::unsetenv("PKG_CONFIG_PATH"); }
};

TEST_F(PkgConfigTest, FlagsOfAPackageAreUsed) {
  auto arguments = make("pkg_config = [\"mylib\"]\n");
  auto compile = arguments.compile(tree_.root() / "x.cc");
  ASSERT_TRUE(compile) << compile.error().text;
  EXPECT_TRUE(has(*compile, "-I/opt/my lib/include"));
  EXPECT_TRUE(has(*compile, "-DMYLIB=\"v1\""));
  auto link = arguments.link(tree_.root());
  ASSERT_TRUE(link) << link.error().text;
  EXPECT_EQ(*link, (Strings{"-L/opt/mylib/lib", "-lmylib", "-rpath", "/opt/mylib/lib"}));
}

TEST_F(PkgConfigTest, AMissingPackageIsNamed) {
  auto arguments = make("pkg_config = [\"mylib\", \"no-such-lib\"]\n");
  for (auto result : {arguments.compile(tree_.root() / "x.cc"), arguments.link(tree_.root())}) {
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().text.starts_with("package \"no-such-lib\" of dyad.toml (pkg_config): "))
        << result.error().text;
    EXPECT_NE(result.error().text.find("found"), std::string::npos) << result.error().text;
    EXPECT_EQ(result.error().text.find('\n'), std::string::npos);
  }
}

TEST_F(PkgConfigTest, AMissingProgramIsNamed) {
  std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  auto result = make("pkg_config = [\"mylib\"]\n").compile(tree_.root() / "x.cc");
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text,
            "package \"mylib\" of dyad.toml (pkg_config): there is no program pkg-config: install it");
}

TEST_F(PkgConfigTest, ManyThreadsGetOneAnswer) {
  const auto arguments = make("pkg_config = [\"mylib\"]\n");
  std::vector<Strings> results(8);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) result = *arguments.compile(tree_.root() / ("d" + std::to_string(i % 5)) / "x.cc");
      });
  }
  for (const auto& result : results) EXPECT_EQ(result, results.front());
  EXPECT_TRUE(has(results.front(), "-I/opt/my lib/include"));
}

}  // namespace
}  // namespace dyad::plan
