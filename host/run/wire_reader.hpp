/// Reads the event stream of a test process (backends/abi/wire.md) from bytes that arrive in pieces.
///
/// Knows the grammar only: sizes, lengths and the values of enumerations. What an event means, and whether it may come
/// now, is for ImageRun. The bytes come from a process that may have been overwritten by the test it ran, so nothing is
/// believed: every read is bounds-checked, and the memory in use is at most one frame and what was fed last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "backends/abi/wire.h"
#include "host/base/result.hpp"

namespace dyad::run {

struct Hello {
  std::uint32_t version, pid;
};
struct Found {
  std::uint32_t index;
  dyad_test_kind kind;
  std::uint32_t line;
  std::string name, file;
};
struct Listed {
  std::uint32_t count;
};
struct Started {
  std::uint32_t index;
  std::uint64_t output;
};
struct Finished {
  std::uint32_t index;
  dyad_verdict verdict;
  std::uint64_t nanoseconds, output;
};
struct Message {
  std::uint32_t index;
  dyad_severity severity;
  std::uint32_t line;
  std::uint64_t output;
  std::string subtest, file, text;
};
struct SubStarted {
  std::uint32_t index;
  std::uint64_t output;
  std::string subtest;
};
struct SubFinished {
  std::uint32_t index;
  dyad_verdict verdict;
  std::uint64_t nanoseconds, output;
  std::string subtest;
};
struct Outside {
  dyad_severity severity;
  std::uint32_t line;
  std::uint64_t output;
  std::string file, text;
};
struct AllDone {
  bool failed;
  std::uint64_t output;
};

struct Crashed {
  std::uint32_t signal;
  bool by_fault;
  std::uint64_t address;
};
struct Stack {
  std::uint32_t thread;
  bool more;
  std::uint32_t dropped, before;
  std::string frames;
};
struct Limit {
  std::uint32_t index;
  std::uint64_t nanoseconds;
};
struct Note {
  std::uint32_t index;
  std::string text;
};
struct Report {
  std::string text;
};

using Event = std::variant<Hello, Found, Listed, Started, Finished, Message, SubStarted, SubFinished, Outside, AllDone,
                           Crashed, Stack, Limit, Note, Report>;

class WireReader {
 public:
  /// Takes the next bytes of the stream. After damage they are dropped.
  void feed(std::string_view bytes);

  /// The next whole event; nothing if more bytes are needed. An error says how the stream is damaged; from then on
  /// every call returns it.
  Result<std::optional<Event>> next();

  /// True if the stream, ending here, ends inside a frame.
  bool inside_frame() const { return position_ < buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t position_ = 0;  ///< what is before it has been read
  std::optional<Error> damage_;
};

}  // namespace dyad::run
