#include <gtest/gtest.h>

#include "discover_tree.hpp"
#include "host/build/include_scan.hpp"
#include "host/build/prelude_choice.hpp"

namespace dyad::build {
namespace {

using Strings = std::vector<std::string>;
using Set = std::set<std::string>;

TEST(IncludeScanTest, FindsTheNamesOfIncludeLines) {
  EXPECT_EQ(included_names("#include <vector>\n  #  include \"lib.h\" // why\n#include MACRO\n#include <>\n#define X\n"
                           "// #include <no>\n#include <last>"),
            (Strings{"<vector>", "\"lib.h\"", "<last>"}));
  EXPECT_EQ(included_names(""), Strings{});
  EXPECT_EQ(included_names("#include <unfinished\n#include"), Strings{});
}

class IncludeScanInTreeTest : public testing::Test {
 protected:
  discover::Tree tree_;
  IncludeScan scan_;
};

TEST_F(IncludeScanInTreeTest, FollowsHeadersOfTheWorkspaceAndNamesTheOthers) {
  tree_.write("pkg/a.cc", "#include \"a.h\"\n#include <gtest/gtest.h>\n");
  tree_.write("pkg/a.h", "#include <map>\n#include \"deep/b.h\"\n#include \"a.h\"\n");
  tree_.write("include/deep/b.h", "#include <string>\n#include \"unknown.h\"\n");
  EXPECT_EQ(scan_.outside_of(tree_.root() / "pkg/a.cc", {tree_.root() / "include"}),
            (Set{"gtest/gtest.h", "map", "string", "unknown.h"}));
  EXPECT_EQ(scan_.outside_of(tree_.root() / "pkg/a.cc", {}), (Set{"deep/b.h", "gtest/gtest.h", "map"}));
  EXPECT_EQ(scan_.outside_of(tree_.root() / "pkg/none.cc", {}), Set{});
}

TEST_F(IncludeScanInTreeTest, AFileOfTheWorkspaceHidesAHeader) {
  tree_.write("a.cc", "#include <map>\n#include <vector>\n");
  tree_.write("include/map", "#include <set>\n");
  EXPECT_EQ(scan_.outside_of(tree_.root() / "a.cc", {tree_.root() / "include"}), (Set{"set", "vector"}));
}

TEST(PreludeChoiceTest, SourcesOfDifferentDirectoriesShareArguments) {
  const Strings of_a{"-O0",     "-std=gnu++20",         "-DX",      "-I",         "/w/include", "-I/w/src", "-isystem",
                     "/dyad",   "-I",                   "/opt/lib", "-isystem",   "/opt/sys",   "-iquote",  "/w/a",
                     "-iquote", "/w", "-idirafter", "/w/a"};
  const Strings of_b{"-O0", "-std=gnu++20", "-DX", "-I", "/opt/lib", "-isystem", "/opt/sys", "-iquote", "/w/b"};
  const Strings shared{"-O0", "-std=gnu++20", "-DX", "-I", "/opt/lib", "-isystem", "/opt/sys"};
  EXPECT_EQ(prelude_arguments(of_a, "/w", "/dyad"), shared);
  EXPECT_EQ(prelude_arguments(of_b, "/w", "/dyad"), shared);
  EXPECT_EQ(prelude_arguments({"-O0", "-w", "-DDYAD_GMOCK=1"}, "/w", "/dyad"), Strings{"-O0"});
  // A neighbour of the workspace is outside of it.
  EXPECT_EQ(prelude_arguments({"-I", "/w2"}, "/w", "/dyad"), (Strings{"-I", "/w2"}));
}

TEST(PreludeChoiceTest, IncludeRootsAreFoundInAllSpellings) {
  EXPECT_EQ(include_roots({"-I/a", "-O0", "-iquote", "/b", "-isystem", "/c", "-idirafter", "/d", "-I", "/a"}),
            (std::vector<std::filesystem::path>{"/a", "/b", "/c", "/d"}));
}

TEST(PreludeChoiceTest, APreludeThatSavesLessThanItCostsIsNotMade) {
  const Set test{"gtest/gtest.h", "string"};
  EXPECT_EQ(choose_headers({test}, {}), Strings{});
  EXPECT_EQ(choose_headers({test, test}, {}), Strings{});
  EXPECT_EQ(choose_headers({test, test, test, test}, {}), (Strings{"gtest/gtest.h", "string"}));
  EXPECT_EQ(choose_headers(std::vector<Set>(8, Set{"vector", "cstdint"}), {}), Strings{});
  EXPECT_EQ(choose_headers(std::vector<Set>(16, Set{"vector", "cstdint"}), {}), (Strings{"cstdint", "vector"}));
  EXPECT_EQ(choose_headers(std::vector<Set>(100, Set{"cstdint", "stdio.h"}), {}), Strings{});
  EXPECT_EQ(choose_headers({}, {}), Strings{});
}

TEST(PreludeChoiceTest, RareHeadersStayOutAndThirdPartyHeadersComeFirst) {
  std::vector<Set> sources(100, Set{"gtest/gtest.h", "string", "zlib.h", "fmt/core.h"});
  sources[0].insert("regex");
  EXPECT_EQ(choose_headers(sources, {}), (Strings{"fmt/core.h", "gtest/gtest.h", "zlib.h", "string"}));
}

TEST(PreludeChoiceTest, APreludeIsMadeAgainOnlyForEnoughNewHeaders) {
  const std::vector<Set> sources(10, Set{"gtest/gtest.h", "string"});
  EXPECT_EQ(choose_headers(sources, {"gtest/gtest.h", "string", "map"}), Strings{});
  EXPECT_EQ(choose_headers(sources, {"gtest/gtest.h", "map"}), Strings{});  // 10 x 250 ms
  EXPECT_EQ(choose_headers(sources, {"string", "map"}), (Strings{"gtest/gtest.h", "map", "string"}));
}

}  // namespace
}  // namespace dyad::build
