/// Where the time of test processes goes, as the host sees it. The phases of one process follow each other, so they add
/// up to its time; only what the host does meanwhile for the output, which happens during `run`, is taken out of that.
#pragma once

#include <chrono>

namespace dyad::run {

struct ProcessTimes {
  std::chrono::nanoseconds start{};    ///< the image is put in place, and the backend starts the process
  std::chrono::nanoseconds load{};     ///< until the image has named its tests
  std::chrono::nanoseconds run{};      ///< until it says that it is done
  std::chrono::nanoseconds capture{};  ///< what was printed is read and given to its tests
  std::chrono::nanoseconds stop{};     ///< until the backend has let go of the process

  std::chrono::nanoseconds sum() const { return start + load + run + capture + stop; }
  ProcessTimes& operator+=(const ProcessTimes& other) {
    start += other.start, load += other.load, run += other.run, capture += other.capture, stop += other.stop;
    return *this;
  }
};

}  // namespace dyad::run
