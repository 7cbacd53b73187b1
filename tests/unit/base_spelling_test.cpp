#include <gtest/gtest.h>

#include <array>

#include "host/base/spelling.hpp"

namespace dyad {
namespace {

constexpr std::array<std::string_view, 4> kNames{"include_roots", "flags", "test", "list"};

TEST(SpellingTest, AMisspeltNameFindsTheNearest) {
  EXPECT_EQ(nearest_name("inclde_roots", kNames), "include_roots");
  EXPECT_EQ(nearest_name("flag", kNames), "flags");
  EXPECT_EQ(nearest_name("tset", kNames), "test");  // neighbours swapped
  EXPECT_EQ(nearest_name("lists", kNames), "list");
}

TEST(SpellingTest, AWordThatIsNearNothingFindsNothing) {
  EXPECT_EQ(nearest_name("banana", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), kNames), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(SpellingTest, SuggestionIsTheEndOfAMessage) {
  EXPECT_EQ(did_you_mean("flgs", kNames), " (did you mean \"flags\"?)");
  EXPECT_EQ(did_you_mean("flgs", kNames, ""), " (did you mean flags?)");
  EXPECT_EQ(did_you_mean("banana", kNames), "");
}

}  // namespace
}  // namespace dyad
