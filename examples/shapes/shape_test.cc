#include "shape.h"

#include <gtest/gtest.h>

#include <stdexcept>

using namespace shapes;

// The same tests for several types.
template <class T>
class AnyShape : public testing::Test {
 protected:
  T small{1}, large{2};
};
using Shapes = testing::Types<Circle, Square>;
TYPED_TEST_SUITE(AnyShape, Shapes);

TYPED_TEST(AnyShape, AreaGrowsWithTheSquareOfTheSize) {
  EXPECT_DOUBLE_EQ(this->large.area(), 4 * this->small.area());
}

// The same test for several values.
struct Drawing {
  const char* name;
  const char* text;
  double area;
};
class Drawings : public testing::TestWithParam<Drawing> {};

TEST_P(Drawings, HasArea) { EXPECT_NEAR(area_of(GetParam().text), GetParam().area, 1e-9); }

INSTANTIATE_TEST_SUITE_P(All, Drawings,
                         testing::Values(Drawing{"OneSquare", "square 3", 9}, Drawing{"Sum", "square 1 + 1", 4},
                                         Drawing{"Two", "circle 1, square 1", std::numbers::pi + 1}),
                         [](const auto& info) { return info.param.name; });

TEST(AreaOf, RejectsWhatIsNoShape) { EXPECT_THROW(area_of("star 1"), std::invalid_argument); }
