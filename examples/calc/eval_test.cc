// calc uses text: nobody says so but the #include in eval.cc, and that is enough.
#include "eval.h"

#include <dyad/testing.h>

#include <stdexcept>

void TestEval(dyad::T&) {
  CHECK(calc::eval("1") == 1);
  CHECK(calc::eval("1 + 2 - 3 + 10") == 10);
  CHECK(calc::eval("0.5 - 2") == -1.5);
}

void TestEvalRejects(dyad::T& t) {
  for (const char* bad : {"", "one", "1 +", "1 2"}) {
    try {
      t.errorf("eval(\"%s\") is %g", bad, calc::eval(bad));
    } catch (const std::invalid_argument& error) {
      t.logf("eval(\"%s\"): %s", bad, error.what());
    }
  }
}
