/// The output of one test (or of what is outside all tests) while it grows: which bytes of the capture file are its
/// own, and what it said in between. The bytes are read only once it has ended, because only then is it known which of
/// them are the head and the tail that are kept.
///
/// Offsets come from the test process, which may be wrong about them, or have truncated its own stdout: one that goes
/// back counts as "nothing new", one beyond the file's end as the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/run/capture.hpp"
#include "host/run/package_result.hpp"

namespace dyad::run {

/// Kept of what a test prints, at its beginning and at its end. A failure shows in the last lines, its cause often in
/// the first; nobody reads megabytes in between.
inline constexpr std::uint64_t kKeptHead = 64 << 10;
inline constexpr std::uint64_t kKeptTail = 64 << 10;
/// Kept of what a test says through T, in bytes of text, from its beginning.
inline constexpr std::uint64_t kKeptMessages = 1 << 20;

class OutputLog {
 public:
  /// Bytes before `offset` belong to somebody else.
  void skip_to(std::uint64_t offset);
  /// The bytes up to `offset` belong to `subtest` (empty: to the test itself).
  void print_to(std::uint64_t offset, const std::string& subtest);
  void say(OutputPiece message);

  /// The bytes before it have been given to somebody.
  std::uint64_t position() const { return cursor_; }

  /// Number of pieces that take() would return now.
  std::size_t size() const { return items_.size(); }

  /// Reads the printed bytes, cuts what is too long, and starts again with nothing, at the same offset. Always size()
  /// pieces; one that was cut away altogether is empty.
  std::vector<OutputPiece> take(const Capture& capture);

 private:
  struct Item {
    OutputPiece piece;
    std::uint64_t begin = 0, end = 0;  ///< kPrinted: its bytes
  };
  std::vector<Item> items_;
  std::uint64_t cursor_ = 0;
  std::uint64_t said_ = 0;     ///< bytes of messages kept
  std::uint64_t unsaid_ = 0;   ///< number of messages dropped
  std::size_t unsaid_at_ = 0;  ///< where the first of them would be
};

}  // namespace dyad::run
