/// What a test process printed: a file in memory that is its stdout and stderr.
///
/// The file survives whatever ends the process, and needs neither a reader while it runs nor an end of file. O_APPEND,
/// so that two descriptors of one process, or a child of it, never write over each other.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/result.hpp"
#include "host/run/descriptor.hpp"

namespace dyad::run {

class Capture {
 public:
  static Result<Capture> create();

  int fd() const { return file_.get(); }
  /// Bytes printed so far.
  std::uint64_t size() const;
  /// The bytes [begin, end), fewer if the file is (or has become) shorter. The caller bounds the size.
  std::string read(std::uint64_t begin, std::uint64_t end) const;

 private:
  explicit Capture(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace dyad::run
