/// Where the runtime says what happens: the event stream for the host (wire_writer), or text for a person (text_sink).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "backends/abi/wire.h"

namespace dyad::runtime {

struct FoundTest {
  std::uint32_t index;
  dyad_test_kind kind;
  std::string name;
  std::string file;
  std::uint32_t line;
};

struct Place {
  std::string_view file;
  std::uint32_t line = 0;
};

/// `output` is everywhere the size of the capture file at that moment. `subtest` is the name below the test, "a/b".
/// Not thread-safe: the runtime calls one at a time, and not from forked children.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void hello(std::uint32_t pid) = 0;
  virtual void found(const FoundTest& test) = 0;
  virtual void listed(std::uint32_t count) = 0;
  virtual void started(const FoundTest& test, std::uint64_t output) = 0;
  virtual void finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time,
                        std::uint64_t output) = 0;
  virtual void message(const FoundTest& test, dyad_severity severity, Place place, std::uint64_t output,
                       std::string_view subtest, std::string_view text) = 0;
  virtual void sub_started(const FoundTest& test, std::uint64_t output, std::string_view subtest) = 0;
  virtual void sub_finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time,
                            std::uint64_t output, std::string_view subtest) = 0;
  virtual void outside(dyad_severity severity, Place place, std::uint64_t output, std::string_view text) = 0;
  virtual void limit(const FoundTest& test, std::chrono::nanoseconds limit) = 0;
  virtual void note(const FoundTest& test, std::string_view text) = 0;
  virtual void done(bool failed, std::uint64_t output) = 0;
  /// Everything said so far is where it belongs, whatever happens to this process.
  virtual void flush() = 0;
};

}  // namespace dyad::runtime
