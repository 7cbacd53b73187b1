/// The file that a test process prints to (descriptors 1 and 2), as the runtime sees it: a length to cut the output by.
#pragma once

#include <cstdint>

namespace dyad::runtime {

class Capture {
 public:
  /// Keeps a copy of descriptor 1 out of the way of tests, so that a test that redirects or closes its output does not
  /// take the length away, and makes stdout line-buffered, so that a crash loses no whole line.
  void open();
  void close();
  /// Flushes stdio and iostreams; the bytes printed so far. 0 if the output is no file.
  std::uint64_t flush_and_size() const;

 private:
  int fd_ = -1;
};

/// A copy of `fd` with a high number that no exec inherits, or -1.
int move_out_of_the_way(int fd);

}  // namespace dyad::runtime
