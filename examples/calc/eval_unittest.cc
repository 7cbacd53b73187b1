// Native tests and GoogleTest live in one package, side by side.
#include <gtest/gtest.h>

#include "eval.h"

TEST(Eval, Sums) { EXPECT_DOUBLE_EQ(calc::eval("0.1 + 0.2"), 0.3); }

TEST(Eval, NamesWhatIsNotANumber) {
  try {
    calc::eval("1 + x");
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "not a number: 'x'");
  }
}
