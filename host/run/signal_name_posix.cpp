#include <fmt/format.h>

#include <csignal>
#include <cstring>

#include "host/run/process_end.hpp"

namespace dyad::run {

std::string signal_name(int signal) {
  if (const char* name = sigabbrev_np(signal)) return fmt::format("SIG{}", name);
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) return fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  return fmt::format("signal {}", signal);
}

}  // namespace dyad::run
