#include <gtest/gtest.h>

#include "host/base/duration.hpp"

namespace dyad {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, GoDurationsAreUnderstood) {
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("1h0m0.5s"), 1h + 500ms);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5us"), 1500ns);
  EXPECT_EQ(parse_duration("7ns"), 7ns);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(DurationTest, AnythingElseIsAnErrorThatShowsTheText) {
  for (const char* text : {"", "5", "10", "m", "1x", "-5s", "+5s", "1m 30s", " 1s", "1s ", "1e3s", "nan", "infs", ".s",
                           "1..5s", "0x1s", "99999999999999999h"}) {
    auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().text.find(std::string("\"") + text + "\""), std::string::npos) << duration.error().text;
  }
}

TEST(DurationTest, DurationsAreShownAsGoShowsThem) {
  EXPECT_EQ(format_duration(10min), "10m0s");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(1h), "1h0m0s");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(50ms), "50ms");
  EXPECT_EQ(format_duration(1500us), "1.5ms");
  EXPECT_EQ(format_duration(1500ns), "1.5µs");
  EXPECT_EQ(format_duration(3ns), "3ns");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(-90s), "-1m30s");
}

TEST(DurationTest, WhatIsShownCanBeReadAgain) {
  for (auto duration : {std::chrono::nanoseconds(1), std::chrono::nanoseconds(1'234'567),
                        std::chrono::nanoseconds(59'999ms), std::chrono::nanoseconds(25h + 61s + 1ms)})
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << format_duration(duration);
}

}  // namespace
}  // namespace dyad
