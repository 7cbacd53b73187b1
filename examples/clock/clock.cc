#include "clock.h"

#include <cstdio>

std::string show_clock(unsigned seconds) {
  const unsigned hours = seconds / 3600, minutes = seconds / 60 % 60;
  char text[32];
  if (hours > 0) {
    std::snprintf(text, sizeof text, "%u:%02u:%02u", hours, minutes, seconds % 60);
  } else {
    std::snprintf(text, sizeof text, "%u:%02u", minutes, seconds % 60);
  }
  return text;
}
