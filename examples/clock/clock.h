#pragma once

#include <string>

// "1:05:09" for 3909 seconds, "5:09" below an hour.
std::string show_clock(unsigned seconds);
