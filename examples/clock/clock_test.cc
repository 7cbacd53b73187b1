// A program of its own: no framework, no tests inside. It passes if main returns 0.
#include "clock.h"

#include <cstdio>

int main() {
  const struct {
    unsigned seconds;
    const char* text;
  } cases[] = {{0, "0:00"}, {309, "5:09"}, {3909, "1:05:09"}};
  int wrong = 0;
  for (const auto& c : cases) {
    const auto text = show_clock(c.seconds);
    if (text != c.text) {
      std::printf("%u s: %s, not %s\n", c.seconds, text.c_str(), c.text);
      wrong++;
    }
  }
  return wrong;
}
