#include "host/run/repetitions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dyad::run {

std::chrono::milliseconds Repetitions::time_left(Clock::time_point now) const {
  auto left = stress_.time - std::chrono::floor<std::chrono::milliseconds>(now - began_);
  return std::max(left, std::chrono::milliseconds(0));
}

std::vector<std::string> Repetitions::arguments(Clock::time_point now) const {
  std::vector<std::string> arguments;
  if (stress_.repetitions > 0)
    arguments.push_back(fmt::format("--repeat={}", std::max<std::uint64_t>(1, stress_.repetitions - done_)));
  if (stress_.time.count() > 0) arguments.push_back(fmt::format("--repeat-for={}", time_left(now).count()));
  return arguments;
}

void Repetitions::add(std::uint64_t repetitions) {
  done_ += repetitions;
  progress_ = repetitions > 0;
}

bool Repetitions::wanted(Clock::time_point now) const {
  if (!progress_ || (stress_.repetitions > 0 && done_ >= stress_.repetitions)) return false;
  return stress_.time.count() == 0 || time_left(now).count() > 0;
}

std::string Repetitions::summary() const { return fmt::format("repeated {} time{}", done_, done_ == 1 ? "" : "s"); }

}  // namespace dyad::run
