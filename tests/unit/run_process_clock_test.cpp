#include <gtest/gtest.h>

#include "host/run/process_clock.hpp"

namespace dyad::run {
namespace {

using namespace std::chrono_literals;
constexpr ProcessClock::Clock::time_point kBegin{};

TEST(RunProcessClockTest, PhasesFollowEachOtherAndAddUp) {
  ProcessClock clock(kBegin);
  clock.started(kBegin + 1ms);
  clock.on(Listed{1}, kBegin + 3ms);
  clock.on(AllDone{}, kBegin + 10ms);
  ProcessTimes times = clock.end(kBegin + 11ms, 2ms);
  EXPECT_EQ(times.start, 1ms);
  EXPECT_EQ(times.load, 2ms);
  EXPECT_EQ(times.run, 5ms);
  EXPECT_EQ(times.capture, 2ms);
  EXPECT_EQ(times.stop, 1ms);
  EXPECT_EQ(times.sum(), 11ms);
  times += times;
  EXPECT_EQ(times.sum(), 22ms);
}

TEST(RunProcessClockTest, WhatBreaksOffCountsToTheEnd) {
  ProcessClock never(kBegin);
  EXPECT_EQ(never.end(kBegin + 5ms, 0ms).start, 5ms);
  ProcessClock loads(kBegin);
  loads.started(kBegin + 1ms);
  EXPECT_EQ(loads.end(kBegin + 5ms, 0ms).load, 4ms);
  ProcessClock crashes(kBegin);
  crashes.started(kBegin + 1ms);
  crashes.on(Listed{1}, kBegin + 2ms);
  EXPECT_EQ(crashes.end(kBegin + 5ms, 0ms).run, 3ms);
  EXPECT_EQ(crashes.end(kBegin + 5ms, 0ms).stop, 0ms);
}

TEST(RunProcessClockTest, CaptureTakesNoMoreThanThereWas) {
  ProcessClock clock(kBegin);
  clock.started(kBegin + 1ms);
  clock.on(Listed{1}, kBegin + 2ms);
  clock.on(AllDone{}, kBegin + 3ms);
  ProcessTimes times = clock.end(kBegin + 5ms, 1h);
  EXPECT_EQ(times.capture, 3ms);
  EXPECT_EQ(times.run + times.stop, 0ms);
  EXPECT_EQ(times.sum(), 5ms);
}

}  // namespace
}  // namespace dyad::run
