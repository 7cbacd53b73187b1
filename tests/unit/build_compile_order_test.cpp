#include "host/build/compile_order.hpp"

#include <gtest/gtest.h>

namespace dyad::build {
namespace {

using Order = std::vector<std::size_t>;

Order order_of(const std::vector<SourceSize>& sources, unsigned workers = 2) {
  return compile_order(sources, workers);
}

TEST(CompileOrderTest, NothingIsInOrder) { EXPECT_EQ(order_of({}), Order{}); }

TEST(CompileOrderTest, EqualsKeepTheirOrder) {
  EXPECT_EQ(order_of({{0, 5}, {0, 5}, {1, 5}, {1, 5}, {2, 5}}), (Order{0, 1, 2, 3, 4}));
}

TEST(CompileOrderTest, TheLongestOfAPackageIsFirst) {
  EXPECT_EQ(order_of({{0, 1}, {0, 9}, {0, 5}, {1, 5}, {1, 7}, {1, 6}}), (Order{1, 2, 0, 4, 5, 3}));
}

TEST(CompileOrderTest, PackagesStayInOrderThoughTheirSourcesAreLonger) {
  EXPECT_EQ(order_of({{0, 1}, {0, 1}, {1, 9}, {2, 9}, {3, 9}, {4, 9}}), (Order{0, 1, 2, 3, 4, 5}));
}

TEST(CompileOrderTest, WhatWouldBeTheTailBeginsEarlier) {
  // Alone at the end, 9 would keep one of two workers busy after the other has done with the two before it.
  EXPECT_EQ(order_of({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 9}}), (Order{0, 4, 1, 2, 3}));
  EXPECT_EQ(order_of({{0, 1}, {1, 1}, {2, 99}}), (Order{2, 0, 1}));
  EXPECT_EQ(order_of({{0, 4}, {1, 9}, {2, 1}, {3, 1}}), (Order{1, 0, 2, 3}));
}

TEST(CompileOrderTest, AGiantMovesNobodyElse) {
  EXPECT_EQ(order_of({{0, 99}, {1, 2}, {2, 5}, {3, 2}, {4, 2}, {5, 2}}), (Order{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(order_of({{0, 2}, {1, 5}, {2, 2}, {3, 2}, {4, 2}, {5, 99}}), (Order{5, 0, 1, 2, 3, 4}));
}

TEST(CompileOrderTest, MoreWorkersNeedMoreBehindTheLongest) {
  EXPECT_EQ(order_of({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 9}}, 1), (Order{0, 1, 2, 3, 4}));
  EXPECT_EQ(order_of({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 9}}, 8), (Order{4, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace dyad::build
