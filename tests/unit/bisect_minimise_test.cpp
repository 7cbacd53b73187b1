#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "host/bisect/minimise.hpp"

namespace dyad::bisect {
namespace {

Items first(std::uint32_t count) {
  Items items(count);
  std::iota(items.begin(), items.end(), 0u);
  return items;
}

/// Fails if all of `culprits` are there. Counts the questions, which must be parts in order, each asked once.
struct Culprits {
  Items culprits;
  std::set<Items> asked;

  bool operator()(const Items& some) {
    EXPECT_TRUE(std::ranges::is_sorted(some));
    EXPECT_TRUE(asked.insert(some).second) << "asked twice";
    return std::ranges::includes(some, culprits);
  }
};

TEST(BisectMinimise, FindsOneCulpritInLogarithmicTime) {
  for (std::uint32_t culprit : {0u, 1u, 511u, 998u, 999u}) {
    Culprits test{{culprit}, {}};
    EXPECT_EQ(minimise(first(1000), std::ref(test)), Items{culprit});
    EXPECT_LE(test.asked.size(), 25u);
  }
}

TEST(BisectMinimise, FindsAllThatAreNeeded) {
  Culprits two{{3, 977}, {}};
  EXPECT_EQ(minimise(first(1000), std::ref(two)), (Items{3, 977}));
  EXPECT_LE(two.asked.size(), 120u);
  Culprits all{first(8), {}};
  EXPECT_EQ(minimise(first(8), std::ref(all)), first(8));
}

TEST(BisectMinimise, MayFindThatNoneIsNeeded) {
  EXPECT_EQ(minimise({5}, [](const Items&) { return true; }), Items{});
  EXPECT_EQ(minimise(first(100), [](const Items&) { return true; }), Items{});
  EXPECT_EQ(minimise({}, [](const Items&) { return true; }), Items{});
}

TEST(BisectMinimise, WhateverFailsNoItemIsLeftToTakeAway) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    // Any one of some groups of culprits is enough.
    std::vector<Items> groups(1 + random() % 3);
    for (Items& group : groups) {
      std::set<std::uint32_t> members;
      for (std::size_t n = 1 + random() % 4; n > 0; --n) members.insert(random() % 40);
      group.assign(members.begin(), members.end());
    }
    auto fails = [&](const Items& some) {
      return std::ranges::any_of(groups, [&](const Items& group) { return std::ranges::includes(some, group); });
    };
    Items found = minimise(first(40), fails);
    EXPECT_TRUE(fails(found));
    for (std::size_t i = 0; i < found.size(); ++i) {
      Items fewer = found;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(fails(fewer));
    }
  }
}

}  // namespace
}  // namespace dyad::bisect
