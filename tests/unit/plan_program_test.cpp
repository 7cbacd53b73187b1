#include <gtest/gtest.h>

#include "host/plan/pkg_config.hpp"
#include "host/plan/program.hpp"

namespace dyad::plan {
namespace {

using Strings = std::vector<std::string>;

TEST(ProgramTest, OutputErrorsAndExitCodeAreKept) {
  auto ended = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(ended) << ended.error().text;
  EXPECT_EQ(ended->code, 3);
  EXPECT_EQ(ended->output, "out\n");
  EXPECT_EQ(ended->errors, "err\n");
}

TEST(ProgramTest, MuchOnBothStreamsDoesNotBlock) {
  auto ended =
      run_program({"sh", "-c", "for i in 1 2 3; do head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; done"});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->output.size(), 900'000u);
  EXPECT_EQ(ended->errors.size(), 900'000u);
}

TEST(ProgramTest, ArgumentsAreNotReadByAShell) {
  auto ended = run_program({"printf", "%s|", "a b", "$HOME", "`x`", "*"});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->output, "a b|$HOME|`x`|*|");
}

TEST(ProgramTest, ASignalIsAnExitCodeAbove128) {
  auto ended = run_program({"sh", "-c", "kill -9 $$"});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, 128 + 9);
}

TEST(ProgramTest, StandardInputIsEmpty) { EXPECT_EQ(run_program({"cat"})->output, ""); }

TEST(ProgramTest, AProgramThatIsNotThereIsNamed) {
  auto ended = run_program({"no-such-program-of-dyad"});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().text, "there is no program no-such-program-of-dyad: install it");
}

TEST(SplitFlagsTest, WordsAreSplitAsInAShell) {
  EXPECT_EQ(split_flags("-I/a -DX=1\n"), (Strings{"-I/a", "-DX=1"}));
  EXPECT_EQ(split_flags("-I/my\\ lib"), Strings{"-I/my lib"});
  EXPECT_EQ(split_flags("-DX=\\\"v\\\""), Strings{"-DX=\"v\""});
  EXPECT_EQ(split_flags("'a b' \"c \\\"d\\n\" ''"), (Strings{"a b", "c \"d\\n", ""}));
  EXPECT_EQ(split_flags("  \t\n"), Strings{});
  EXPECT_EQ(split_flags(""), Strings{});
}

}  // namespace
}  // namespace dyad::plan
