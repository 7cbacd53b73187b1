#include <gtest/gtest.h>

#include "discover_tree.hpp"
#include "host/discover/config.hpp"
#include "host/discover/config_syntax.hpp"

namespace dyad::discover {
namespace {

class ConfigTest : public testing::Test {
 protected:
  Result<Config> read(const std::string& text) const {
    return read_config(tree_.write("dyad.toml", text), tree_.root(), "dyad.toml");
  }
  /// The message for a bad file; also checks that it is one line.
  std::string error_of(const std::string& text) const {
    auto config = read(text);
    if (config) return "no error";
    EXPECT_EQ(config.error().text.find('\n'), std::string::npos) << config.error().text;
    return config.error().text;
  }
  Tree tree_;
};

TEST_F(ConfigTest, AnEmptyFileSaysNothing) {
  auto config = read("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->settings.c_standard, "gnu17");
  EXPECT_EQ(config->settings.cxx_standard, "gnu++20");
  EXPECT_TRUE(config->settings.flags.empty());
  EXPECT_TRUE(config->overrides.empty());
}

TEST_F(ConfigTest, EveryKeyIsRead) {
  std::filesystem::create_directories(tree_.root() / "sub/folder");
  auto config = read(R"(# a comment
include_roots = ["lib/include", "/opt/x/include/", "./a/../b"]
defines = ["A", "B=\"two words\""]
flags = ["-Wall", "-fno-exceptions"]
link_flags = ["-lm"]
c_standard = "c11"
cxx_standard = "c++23"
pkg_config = ["zlib"]
test_patterns = [
  "check_*.c",
  "*Spec.cpp",  # and a comma at the end
]
[dir."sub/folder"]
include_roots = ["inc"]
cxx_standard = "c++17"
)");
  ASSERT_TRUE(config) << config.error().text;
  const Settings& s = config->settings;
  EXPECT_EQ(s.include_roots,
            (std::vector<std::filesystem::path>{tree_.root() / "lib/include", "/opt/x/include", tree_.root() / "b"}));
  EXPECT_EQ(s.defines, (std::vector<std::string>{"A", "B=\"two words\""}));
  EXPECT_EQ(s.flags, (std::vector<std::string>{"-Wall", "-fno-exceptions"}));
  EXPECT_EQ(s.link_flags, std::vector<std::string>{"-lm"});
  EXPECT_EQ(s.c_standard, "c11");
  EXPECT_EQ(s.cxx_standard, "c++23");
  EXPECT_EQ(s.pkg_config, std::vector<std::string>{"zlib"});
  EXPECT_EQ(s.test_patterns, (std::vector<std::string>{"check_*.c", "*Spec.cpp"}));
  ASSERT_EQ(config->overrides.size(), 1u);
  const Settings& sub = config->overrides.at("sub/folder");
  EXPECT_EQ(sub.include_roots, std::vector<std::filesystem::path>{tree_.root() / "sub/folder/inc"});
  EXPECT_EQ(sub.cxx_standard, "c++17");
  EXPECT_EQ(sub.c_standard, "");
}

TEST_F(ConfigTest, AnUnknownKeyIsNamedWithItsLine) {
  EXPECT_EQ(error_of("flags = []\n\n\n\n\n\ninclde_roots = []\n"),
            "dyad.toml:7: unknown key \"inclde_roots\" (did you mean \"include_roots\"?)");
  EXPECT_EQ(error_of("banana = 1\n"), "dyad.toml:1: unknown key \"banana\"");
  EXPECT_EQ(error_of("\n[dirs.\"a\"]\n"), "dyad.toml:2: unknown key \"dirs\" (did you mean \"dir\"?)");
  std::filesystem::create_directories(tree_.root() / "a");
  EXPECT_EQ(error_of("[dir.a]\nflag = []\n"), "dyad.toml:2: unknown key \"flag\" (did you mean \"flags\"?)");
}

TEST_F(ConfigTest, AWrongTypeIsNamedWithItsLine) {
  EXPECT_EQ(error_of("\ndefines = \"A\"\n"), "dyad.toml:2: \"defines\" must be an array of strings, not a string");
  EXPECT_EQ(error_of("flags = [\n  \"-Wall\",\n  3,\n]\n"),
            "dyad.toml:3: \"flags\" must be an array of strings, but holds an integer");
  EXPECT_EQ(error_of("include_roots = true\n"),
            "dyad.toml:1: \"include_roots\" must be an array of strings, not a boolean");
  EXPECT_EQ(error_of("cxx_standard = 20\n"), "dyad.toml:1: \"cxx_standard\" must be a string, not an integer");
  EXPECT_EQ(error_of("dir = 1\n"), "dyad.toml:1: \"dir\" must hold tables, as in [dir.\"a/b\"], not an integer");
  EXPECT_EQ(error_of("[dir]\na = 1\n"), "dyad.toml:2: dir.\"a\" must be a table, as in [dir.\"a/b\"], not an integer");
}

TEST_F(ConfigTest, AValueThatCannotBeMeantIsRefused) {
  EXPECT_EQ(error_of("cxx_standard = \"c++200\"\n"),
            "dyad.toml:1: \"c++200\" is no C++ standard: write for example \"gnu++20\"");
  EXPECT_EQ(error_of("c_standard = \"c++20\"\n"),
            "dyad.toml:1: \"c++20\" is no C standard: write for example \"gnu17\"");
  EXPECT_EQ(error_of("defines = [\"-DA\"]\n"),
            "dyad.toml:1: \"-DA\" in \"defines\" must be NAME or NAME=value, without -D");
  EXPECT_EQ(error_of("pkg_config = [\"--help\"]\n"), "dyad.toml:1: \"--help\" in \"pkg_config\" is no package name");
  EXPECT_EQ(error_of("flags = [\"\"]\n"), "dyad.toml:1: \"\" in \"flags\" is empty");
  EXPECT_EQ(
      error_of("test_patterns = [\"test/*.cc\"]\n"),
      "dyad.toml:1: \"test/*.cc\" in \"test_patterns\" must match file names, not paths: use a [dir.\"...\"] table");
}

TEST_F(ConfigTest, ADirectoryThatIsNotThereIsNamedWithItsLine) {
  EXPECT_EQ(error_of("flags = []\n[dir.\"sub/foldr\"]\n"), "dyad.toml:2: no such directory: sub/foldr");
  tree_.write("file");
  EXPECT_EQ(error_of("[dir.file]\n"), "dyad.toml:1: no such directory: file");
  EXPECT_EQ(error_of("[dir.\"..\"]\n"), "dyad.toml:1: .. is outside the workspace");
}

TEST_F(ConfigTest, APathWithoutQuotesIsExplained) {
  std::filesystem::create_directories(tree_.root() / "sub/folder");
  EXPECT_EQ(error_of("[dir.sub.folder]\nflags = []\n"),
            "dyad.toml:1: \"folder\" is a table inside a directory's table: write the path in quotes, [dir.\"a/b\"]");
}

TEST_F(ConfigTest, OneDirectoryUnderTwoNamesIsRefused) {
  std::filesystem::create_directories(tree_.root() / "a");
  auto text = error_of("[dir.a]\n[dir.\"./a\"]\n");
  EXPECT_NE(text.find("a second table for the directory"), std::string::npos) << text;
}

TEST_F(ConfigTest, SyntaxErrorsAreOneLineWithoutTheParsersNames) {
  EXPECT_EQ(error_of("a=1 b=2\n"), "dyad.toml:1: invalid line format (expected newline, but got 'b')");
  EXPECT_EQ(error_of("flags = [\"a\"]\nflags = [\"b\"]\n"), "dyad.toml:2: value (\"flags\") already exists");
  EXPECT_EQ(error_of("\nflags = \n"),
            "dyad.toml:2: missing value after key-value separator '=' (expected value, but got nothing)");
  EXPECT_TRUE(error_of("[dir\n").starts_with("dyad.toml:1: an invalid key appeared"));
  EXPECT_TRUE(error_of("flags = ['a\n").starts_with("dyad.toml:1: "));
  EXPECT_TRUE(error_of("flags = [\"\xff\"]\n").starts_with("dyad.toml:1: invalid utf8 sequence found"));
  EXPECT_TRUE(error_of("x = 99999999999999999999999\n").starts_with("dyad.toml:"));
}

TEST_F(ConfigTest, TextThatWouldExhaustTheParserIsRefused) {
  EXPECT_EQ(error_of("a = " + std::string(200'000, '[')), "dyad.toml: brackets nested more than 100 deep");
  EXPECT_EQ(error_of(std::string(2u << 20, '#')), "dyad.toml: larger than 1024 KiB");
}

TEST_F(ConfigTest, AFileThatCannotBeReadIsNamed) {
  std::filesystem::create_directories(tree_.root() / "dyad.toml");
  auto config = read_config(tree_.root() / "dyad.toml", tree_.root(), "dyad.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().text.find("dyad.toml"), std::string::npos);
}

TEST(ConfigSyntaxTest, AMessageWithoutADrawingStaysWhole) {
  EXPECT_EQ(condense_syntax_error("[error] something odd."), "something odd");
  EXPECT_EQ(condense_syntax_error("note: with a colon"), "with a colon");
  EXPECT_EQ(condense_syntax_error("two words: kept"), "two words: kept");
}

}  // namespace
}  // namespace dyad::discover
