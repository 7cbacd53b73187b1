#include <gtest/gtest.h>

#include <string>

#include "host/discover/glob.hpp"

namespace dyad::discover {
namespace {

TEST(GlobTest, StarsAndQuestionMarksMatchAsInTheShell) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*_test.cc", "x_test.cc"));
  EXPECT_TRUE(matches_glob("*_test.cc", "_test.cc"));
  EXPECT_FALSE(matches_glob("*_test.cc", "x_test.cpp"));
  EXPECT_TRUE(matches_glob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches_glob("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(matches_glob("t?st", "test"));
  EXPECT_FALSE(matches_glob("t?st", "tst"));
  EXPECT_FALSE(matches_glob("", "x"));
  EXPECT_TRUE(matches_glob("", ""));
}

TEST(GlobTest, SetsHoldRangesAndCanBeNegated) {
  EXPECT_TRUE(matches_glob("t[0-9]", "t7"));
  EXPECT_FALSE(matches_glob("t[0-9]", "tx"));
  EXPECT_TRUE(matches_glob("t[!0-9]", "tx"));
  EXPECT_TRUE(matches_glob("[]a]", "]"));
  EXPECT_TRUE(matches_glob("[a-]", "-"));
  EXPECT_TRUE(matches_glob("[\x80-\xff]", "\xe9"));
}

TEST(GlobTest, WhatIsNoPatternIsItself) {
  EXPECT_TRUE(matches_glob("[x", "[x"));
  EXPECT_TRUE(matches_glob("\\*", "*"));
  EXPECT_FALSE(matches_glob("\\*", "x"));
  EXPECT_TRUE(matches_glob("x\\", "x\\"));
  EXPECT_TRUE(matches_glob("\\[x]", "[x]"));
}

TEST(GlobTest, ManyStarsDoNotTakeForEver) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace dyad::discover
