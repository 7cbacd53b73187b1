#include <gtest/gtest.h>

#include <cstdlib>

#include "cache/limits.hpp"

namespace dyad::cache {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr hours kDay{24};
const TimePoint kNow = TimePoint(hours(24 * 20'000));
const TrimStamp kFreshStamp{kNow, TimePoint()};

TEST(SizeTest, UnitsArePowersOf1024) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("12345"), 12345u);
  EXPECT_EQ(parse_size("3K"), 3u << 10);
  EXPECT_EQ(parse_size("500M"), 500u << 20);
  EXPECT_EQ(parse_size("2G"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_size("2GB").value(), parse_size("2GiB").value());
  EXPECT_EQ(parse_size("1T"), std::uint64_t{1} << 40);
}

TEST(SizeTest, WhatIsNoSizeIsRefused) {
  for (const char* text : {"", "G", "-1", "+1", "1.5G", "2g", "2X", "2Gi", "2G ", " 2G", "2 G", "0x10",
                           "99999999999999999999", "16777216T"})
    EXPECT_FALSE(parse_size(text)) << text;
}

class LimitsTest : public testing::Test {
 protected:
  ~LimitsTest() override {
    ::unsetenv("DYAD_CACHE_AGE");
    ::unsetenv("DYAD_CACHE_SIZE");
  }
};

TEST_F(LimitsTest, DefaultsAre14DaysAnd10GiB) {
  auto limits = TrimLimits::from_environment();
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->age, 14 * kDay);
  EXPECT_EQ(limits->bytes, std::uint64_t{10} << 30);
  ::setenv("DYAD_CACHE_AGE", "", 1);
  EXPECT_EQ(TrimLimits::from_environment()->age, 14 * kDay);
}

TEST_F(LimitsTest, EnvironmentSetsThem) {
  ::setenv("DYAD_CACHE_AGE", "72h", 1);
  ::setenv("DYAD_CACHE_SIZE", "2G", 1);
  EXPECT_EQ(TrimLimits::from_environment()->age, 3 * kDay);
  EXPECT_EQ(TrimLimits::from_environment()->bytes, std::uint64_t{2} << 30);
  ::setenv("DYAD_CACHE_AGE", "30d", 1);
  EXPECT_EQ(TrimLimits::from_environment()->age, 30 * kDay);
  ::setenv("DYAD_CACHE_AGE", "0", 1);
  EXPECT_EQ(TrimLimits::from_environment()->age, seconds(0));
}

TEST_F(LimitsTest, BadValuesAreErrorsThatNameTheVariable) {
  ::setenv("DYAD_CACHE_SIZE", "much\n", 1);
  EXPECT_EQ(TrimLimits::from_environment().error().text,
            "bad value \"much\\n\" of $DYAD_CACHE_SIZE: must be a size such as 500M or 2G, or 0 for no limit");
  ::unsetenv("DYAD_CACHE_SIZE");
  for (const char* text : {"long", "14", "d", "-1d", "1.5d", "99999999d", "-1h", "1h "}) {
    ::setenv("DYAD_CACHE_AGE", text, 1);
    auto limits = TrimLimits::from_environment();
    ASSERT_FALSE(limits) << text;
    EXPECT_NE(limits.error().text.find("$DYAD_CACHE_AGE"), std::string::npos) << limits.error().text;
  }
}

TEST(TrimStampTest, IsReadBack) {
  TrimStamp stamp{kNow, kNow - kDay};
  auto read = TrimStamp::parse(stamp.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last, stamp.last);
  EXPECT_EQ(read->not_before, stamp.not_before);
}

TEST(TrimStampTest, DamagedOnesAreNone) {
  const std::string sound = kFreshStamp.text();
  for (std::size_t size = 0; size < sound.size(); ++size) EXPECT_FALSE(TrimStamp::parse(sound.substr(0, size))) << size;
  for (const char* text : {"dyad-trim 2 1 1\n", "dyad-trim 1 -1 0\n", "dyad-trim 1 0 -1\n", "dyad-trim 1 1 1 1\n",
                           "dyad-trim 1 9223372036854775807 0\n", "dyad-trim 1 0 9223372036854775807\n",
                           "dyad-trim 1  1\n", "dyad-trim 1 1\n", "\n"})
    EXPECT_FALSE(TrimStamp::parse(text)) << text;
}

TEST(TrimDueTest, OnceADay) {
  EXPECT_TRUE(is_trim_due({}, kNow));
  EXPECT_FALSE(is_trim_due(kFreshStamp, kNow));
  EXPECT_FALSE(is_trim_due(kFreshStamp, kNow + hours(23)));
  EXPECT_TRUE(is_trim_due(kFreshStamp, kNow + hours(24)));
  EXPECT_FALSE(is_trim_due(kFreshStamp, kNow - hours(23))) << "a clock set back a little";
  EXPECT_TRUE(is_trim_due(kFreshStamp, kNow - hours(24))) << "a stamp from the future does not stop trimming for ever";
}

class VictimsTest : public testing::Test {
 protected:
  void file(const std::string& name, TimePoint used, std::uint64_t size = 4096) {
    files_.push_back({name, size, used});
  }
  /// The names of the victims, oldest use first.
  std::string victims(const TrimLimits& limits, const TrimStamp& stamp = kFreshStamp, TimePoint now = kNow,
                      TimePoint spare = TimePoint::max()) {
    const auto count = choose_victims(files_, limits, stamp, now, spare);
    std::string names;
    for (std::size_t i = 0; i < count; ++i) names += files_[i].name;
    return names;
  }
  std::vector<TrimCandidate> files_;
};

TEST_F(VictimsTest, AreThoseUnusedForLongerThanTheLimit) {
  file("a", kNow - 15 * kDay);
  file("b", kNow - 13 * kDay);
  file("c", kNow - 14 * kDay);
  file("d", kNow - 100 * kDay);
  EXPECT_EQ(victims({}), "da");
}

TEST_F(VictimsTest, AreTheOldestUntilTheRestIsSmallEnough) {
  file("a", kNow - hours(1));
  file("b", kNow - hours(3), 5000);  // two blocks
  file("c", kNow - hours(2));
  file("d", kNow);
  TrimLimits limits;
  limits.bytes = 5 * 4096;
  EXPECT_EQ(victims(limits), "");
  limits.bytes = 5 * 4096 - 1;
  EXPECT_EQ(victims(limits), "b");
  limits.bytes = 2 * 4096;
  EXPECT_EQ(victims(limits), "bc");
  limits.bytes = 1;
  EXPECT_EQ(victims(limits), "bcad");
}

TEST_F(VictimsTest, AreNoneWithoutLimits) {
  file("a", TimePoint(), std::uint64_t{1} << 50);
  EXPECT_EQ(victims({seconds(0), 0}), "");
}

TEST_F(VictimsTest, DoNotIncludeWhatMayBeInUse) {
  file("a", kNow - 20 * kDay);
  file("b", kNow - hours(20));
  EXPECT_EQ(victims({kDay, 1}, kFreshStamp, kNow, kNow - kDay), "a");
}

TEST_F(VictimsTest, DoNotIncludeMarksFromTheFutureBeforeOlderOnes) {
  file("future", kNow + 1000 * kDay);
  file("now", kNow - hours(1));
  TrimLimits limits;
  limits.bytes = 4096;
  EXPECT_EQ(victims(limits), "now");
}

TEST_F(VictimsTest, AreFewWhenTheClockJumpsForward) {
  file("a", kNow - hours(5));
  file("b", kNow - hours(1));
  const TimePoint later = kNow + 365 * kDay;
  auto stamp = next_stamp(kFreshStamp, {}, later);
  EXPECT_EQ(victims({}, stamp, later), "") << "all begin to age anew";
  EXPECT_EQ(victims({}, next_stamp(stamp, {}, later + 10 * kDay), later + 10 * kDay), "");
}

TEST_F(VictimsTest, AgeAnewAfterAJump) {
  file("a", kNow);
  TimePoint now = kNow + 365 * kDay;
  auto stamp = next_stamp(kFreshStamp, {}, now);
  for (int day = 0; day < 15; ++day) stamp = next_stamp(stamp, {}, now += kDay);
  EXPECT_EQ(victims({}, stamp, now), "a");
}

TEST_F(VictimsTest, AreFewWhenTheClockJumpsForwardAndBack) {
  file("before", kNow - kDay);
  const TimePoint wrong = kNow + 365 * kDay;
  file("marked by the wrong clock", wrong);
  auto stamp = next_stamp(kFreshStamp, {}, wrong);
  EXPECT_EQ(victims({}, stamp, wrong), "");
  const TimePoint back = kNow + kDay;
  EXPECT_TRUE(is_trim_due(stamp, back));
  stamp = next_stamp(stamp, {}, back);
  EXPECT_EQ(victims({}, stamp, back), "");
  EXPECT_LE(stamp.not_before, back);
}

TEST_F(VictimsTest, AgeThroughPausesShorterThanTheLimit) {
  file("a", kNow - 10 * kDay);
  const TimePoint later = kNow + 10 * kDay;
  EXPECT_EQ(victims({}, next_stamp(kFreshStamp, {}, later), later), "a") << "a holiday is no jump";
}

}  // namespace
}  // namespace dyad::cache
