// What llvm-symbolizer answers, and the lines that people get to see.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/base/file.hpp"
#include "host/run/stack_text.hpp"
#include "host/run/symbolizer.hpp"

namespace dyad::run {
namespace {

TEST(SymbolizerAnswer, IsFunctionsAndPlacesInnermostFirst) {
  auto places = read_symbolizer_answer("poke\n/a:b/x.cc:7:3\nTestNull(dyad::T&)\n/a:b/x.cc:9:28\n\n");
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].function, "poke");
  EXPECT_EQ(places[0].file, "/a:b/x.cc");
  EXPECT_EQ(places[0].line, 7u);
  EXPECT_EQ(places[1].function, "TestNull(dyad::T&)");
}

TEST(SymbolizerAnswer, MayKnowNothingOrOnlyTheFunction) {
  EXPECT_TRUE(read_symbolizer_answer("??\n??:0:0\n\n").empty());
  EXPECT_TRUE(read_symbolizer_answer("\n").empty());
  auto places = read_symbolizer_answer("__cxa_throw\n??:0:0\n\n");
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].file, "");
}

TEST(SymbolizerAnswer, OfAProgramThatDoesNotAnswerIsNone) {
  ::setenv("DYAD_SYMBOLIZER", "/bin/false", 1);
  Symbolizer symbolizer("");
  EXPECT_TRUE(symbolizer.find("/bin/true", 1).empty());
  EXPECT_TRUE(symbolizer.find("/bin/true", 2).empty());
  ::unsetenv("DYAD_SYMBOLIZER");
}

TEST(SymbolizerAnswer, GoesToItsQuestionAlsoIfOthersWereAskedAhead) {
  const auto folder = TemporaryDirectory::create("dyad-test-");
  ASSERT_TRUE(folder);
  const auto program = folder->path() / "symbolizer";
  // The keys that ask dyad what runs, or stop it for a while, reach this program too.
  std::ofstream(program) << "#!/bin/sh\nkill -QUIT $$\nkill -TSTP $$\nwhile read -r code object offset; do\n"
                            "  [ $offset = 0x3 ] || printf 'f%s\\n/x.cc:7:1\\n' $offset\n  printf '\\n'\ndone\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  ::setenv("DYAD_SYMBOLIZER", program.c_str(), 1);
  Symbolizer symbolizer("");
  for (std::uint64_t offset = 1; offset < 20; ++offset) symbolizer.expect("/a", offset);  // more than are asked ahead
  symbolizer.expect("/a", 2);
  symbolizer.expect("", 2);
  auto function = [&](std::uint64_t offset) {
    const auto& places = symbolizer.find("/a", offset);
    return places.empty() ? "" : places.front().function;
  };
  EXPECT_EQ(function(2), "f0x2");
  EXPECT_EQ(function(40), "f0x28");
  for (std::uint64_t offset = 1; offset < 20; ++offset)
    EXPECT_EQ(function(offset), offset == 3 ? "" : offset < 16 ? "f0x" + std::string(1, "0123456789abcdef"[offset])
                                                               : "f0x1" + std::to_string(offset - 16));
  EXPECT_TRUE(symbolizer.find("", 2).empty());
  ::unsetenv("DYAD_SYMBOLIZER");
  std::filesystem::remove_all(folder->path());
}

TEST(StackText, CollapsesRecursionAndSaysWhatIsMissing) {
  ::setenv("DYAD_SYMBOLIZER", "/nonexistent", 1);
  Symbolizer symbolizer("");
  Stack stack{.thread = 5, .more = false, .dropped = 40, .before = 7, .frames = ""};
  for (int i = 0; i < 3; ++i) stack.frames += "10 /x/a.so\n20 /x/a.so\n";
  stack.frames += "30 /x/a.so\n40 /x/b.so\n50 \n";
  Stacks stacks{.crash = Crashed{11, true, 0x40}, .threads = {stack}};
  EXPECT_EQ(stack_text(stacks, "/w", symbolizer),
            "SIGSEGV at address 0x40\n    a.so+0x10\n    a.so+0x20\n    ... 2 more times ...\n    a.so+0x30\n"
            "    ... 40 frames ...\n    b.so+0x40\n    0x50");
  stacks = {.crash = {},
            .threads = {{.thread = 7, .more = true, .dropped = 0, .before = 1, .frames = "1 /a\n"}, stack}};
  EXPECT_TRUE(stack_text(stacks, "/w", symbolizer).starts_with("thread 7\n    a+0x1\nthread 5\n"));
  ::unsetenv("DYAD_SYMBOLIZER");
}

}  // namespace
}  // namespace dyad::run
