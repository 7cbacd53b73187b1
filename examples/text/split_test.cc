#include "split.h"

#include <dyad/testing.h>

// A test is a function of this form. The compiler finds it; nothing has to be registered.
void TestSplit(dyad::T& t) {
  struct Case {
    const char* name;
    const char* line;
    std::vector<std::string> parts;
  };
  const Case cases[] = {
      {"empty", "", {""}},
      {"one part", "a", {"a"}},
      {"empty part", "a,,b", {"a", "", "b"}},
      {"separator last", "a,", {"a", ""}},
  };
  for (const auto& c : cases) {
    t.run(c.name, [&](dyad::T&) {
      const auto parts = text::split(c.line, ',');
      REQUIRE(parts.size() == c.parts.size());
      for (std::size_t n = 0; n < parts.size(); n++) CHECK(parts[n] == c.parts[n]);
    });
  }
}

void TestTrim(dyad::T&) {
  CHECK(text::trim("  a b\n") == "a b");
  CHECK(text::trim(" \t") == "");
  CHECK(text::trim("") == "");
}
