#include <gtest/gtest.h>

#include <initializer_list>

#include "backends/runtime/arguments.hpp"

namespace dyad::runtime {
namespace {

TEST(IndexRanges, ContainWhatTheirTextNames) {
  IndexRanges ranges;
  ASSERT_TRUE(ranges.parse("0-2,7,5"));
  std::string inside;
  for (std::uint32_t i = 0; i < 10; ++i) inside += ranges.contains(i) ? '1' : '0';
  EXPECT_EQ(inside, "1110010100");
}

TEST(IndexRanges, MayOverlapInAnyOrder) {
  IndexRanges ranges;
  ASSERT_TRUE(ranges.parse("2-3,0-9,1-1"));
  EXPECT_TRUE(ranges.contains(9));
  EXPECT_FALSE(ranges.contains(10));
}

TEST(IndexRanges, EmptyTextContainsNothing) {
  IndexRanges ranges;
  ASSERT_TRUE(ranges.parse(""));
  EXPECT_FALSE(ranges.contains(0));
}

TEST(IndexRanges, RefuseWhatIsNoRange) {
  for (const char* text : {"a", "1-", "-1", "2-1", "1,", ",1", "1 2", "1;2", "99999999999"}) {
    IndexRanges ranges;
    EXPECT_FALSE(ranges.parse(text)) << text;
  }
}

struct Parsed {
  Arguments arguments;
  std::string problem;
};

Parsed parse(std::initializer_list<const char*> words) {
  Parsed parsed;
  std::vector<char*> argv;
  for (const char* word : words) argv.push_back(const_cast<char*>(word));
  parsed.problem = parsed.arguments.parse(static_cast<int>(argv.size()), argv.data());
  return parsed;
}

TEST(Arguments, RepetitionsAreCounted) {
  EXPECT_FALSE(parse({"p"}).arguments.repeat);
  EXPECT_EQ(parse({"p", "--repeat=3"}).arguments.repeat, 3u);
  EXPECT_EQ(parse({"p", "--repeat-for=0"}).arguments.repeat_for_ms, 0u);
  for (const char* bad : {"--repeat=0", "--repeat=x", "--repeat-for=1s"})
    EXPECT_EQ(parse({"p", bad}).problem, std::string("bad number: ") + bad);
}

TEST(Arguments, ASeedIsANumberBelow2To32) {
  EXPECT_FALSE(parse({"p"}).arguments.shuffle);
  EXPECT_EQ(parse({"p", "--shuffle=0"}).arguments.shuffle, 0u);
  EXPECT_EQ(parse({"p", "--shuffle=4294967295"}).arguments.shuffle, 4294967295u);
  for (const char* bad : {"--shuffle=", "--shuffle=x", "--shuffle=1x", "--shuffle=4294967296"})
    EXPECT_EQ(parse({"p", bad}).problem, std::string("bad seed: ") + bad);
}

TEST(Arguments, ReadsWhatTheHostSends) {
  Parsed parsed = parse(
      {"/x/pkg", "--run-all", "--run=A/b", "--skip=C", "--failfast", "--done=1-2", "--temp-dir=/t", "--events-fd=3"});
  EXPECT_EQ(parsed.problem, "");
  EXPECT_FALSE(parsed.arguments.list);
  EXPECT_TRUE(parsed.arguments.failfast);
  EXPECT_EQ(parsed.arguments.run, "A/b");
  EXPECT_EQ(parsed.arguments.skip, "C");
  EXPECT_TRUE(parsed.arguments.done.contains(2));
  EXPECT_EQ(parsed.arguments.temp_dir, "/t");
  EXPECT_EQ(parsed.arguments.events_fd, 3);
}

TEST(Arguments, HandsFlagsOfGoogleTestOn) {
  Parsed parsed = parse({"/x/pkg", "--gtest_shuffle", "--list"});
  ASSERT_EQ(parsed.arguments.for_framework.size(), 2u);
  EXPECT_STREQ(parsed.arguments.for_framework[0], "/x/pkg");
  EXPECT_STREQ(parsed.arguments.for_framework[1], "--gtest_shuffle");
  EXPECT_TRUE(parsed.arguments.list);
}

TEST(Arguments, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(parse({"p", "--nope"}).problem, "unknown argument: --nope");
  EXPECT_EQ(parse({"p", "--done=x"}).problem, "bad ranges: --done=x");
  EXPECT_EQ(parse({"p", "--events-fd=-1"}).problem, "bad descriptor: --events-fd=-1");
  EXPECT_EQ(parse({"p", "--run"}).problem, "unknown argument: --run");
}

}  // namespace
}  // namespace dyad::runtime
