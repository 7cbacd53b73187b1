#include <gtest/gtest.h>

#include "host/run/repetitions.hpp"

namespace dyad::run {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;
constexpr Repetitions::Clock::time_point kBegin{};

TEST(RunRepetitionsTest, ANumberIsUsedUp) {
  Repetitions repetitions({.repetitions = 5}, kBegin);
  EXPECT_EQ(repetitions.arguments(kBegin), Strings{"--repeat=5"});
  repetitions.add(1);
  EXPECT_TRUE(repetitions.wanted(kBegin + 100h));
  EXPECT_EQ(repetitions.arguments(kBegin + 100h), Strings{"--repeat=4"});
  repetitions.add(4);
  EXPECT_FALSE(repetitions.wanted(kBegin));
  EXPECT_EQ(repetitions.done(), 5u);
  EXPECT_EQ(repetitions.summary(), "repeated 5 times");
}

TEST(RunRepetitionsTest, TimePasses) {
  Repetitions repetitions({.time = 1s}, kBegin);
  EXPECT_EQ(repetitions.arguments(kBegin), Strings{"--repeat-for=1000"});
  repetitions.add(1);
  EXPECT_EQ(repetitions.summary(), "repeated 1 time");
  EXPECT_TRUE(repetitions.wanted(kBegin + 400ms));
  EXPECT_EQ(repetitions.arguments(kBegin + 400ms), Strings{"--repeat-for=600"});
  EXPECT_FALSE(repetitions.wanted(kBegin + 1s));
  EXPECT_EQ(repetitions.arguments(kBegin + 2s), Strings{"--repeat-for=0"});
}

TEST(RunRepetitionsTest, AProcessThatRanNothingIsTheLast) {
  Repetitions repetitions({.repetitions = 5}, kBegin);
  repetitions.add(0);
  EXPECT_FALSE(repetitions.wanted(kBegin));
}

}  // namespace
}  // namespace dyad::run
