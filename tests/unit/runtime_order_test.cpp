#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "backends/runtime/order.hpp"

namespace dyad::runtime {
namespace {

using Order = std::vector<std::uint32_t>;

TEST(RuntimeOrder, AscendsWithoutASeed) {
  EXPECT_EQ(run_order(0, std::nullopt), Order{});
  EXPECT_EQ(run_order(4, std::nullopt), (Order{0, 1, 2, 3}));
}

TEST(RuntimeOrder, ASeedMeansOneOrder) {
  EXPECT_EQ(run_order(5, 7), run_order(5, 7));
  // Of all versions and machines: people write seeds into bug reports.
  EXPECT_EQ(run_order(6, 1), (Order{1, 5, 4, 3, 2, 0}));
  std::set<Order> different;
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    Order order = run_order(4, seed);
    EXPECT_TRUE(std::ranges::is_permutation(order, Order{0, 1, 2, 3}));
    different.insert(order);
  }
  EXPECT_EQ(different.size(), 24u);
}

TEST(RuntimeOrder, FewerTestsKeepTheirOrder) {
  Order all = run_order(100, 3), some = run_order(40, 3);
  std::erase_if(all, [](std::uint32_t index) { return index >= 40; });
  EXPECT_EQ(all, some);
}

TEST(RuntimeOrder, FrameworksGetASeedThatTheyTake) {
  EXPECT_EQ(framework_seed(std::nullopt), 0u);
  EXPECT_EQ(framework_seed(0), 1u);
  EXPECT_EQ(framework_seed(99998), 99999u);
  EXPECT_EQ(framework_seed(99999), 1u);
  EXPECT_EQ(framework_seed(UINT32_MAX), UINT32_MAX % 99999 + 1);
}

}  // namespace
}  // namespace dyad::runtime
