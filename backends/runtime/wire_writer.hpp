/// Writes the event stream of backends/abi/wire.md. One write(2) per batch: what must be known before a test may crash
/// (STARTED, messages, SUB_STARTED) goes out at once, FINISHED waits for the next of those or for flush().
#pragma once

#include <string>

#include "backends/runtime/event_sink.hpp"

namespace dyad::runtime {

class WireWriter final : public EventSink {
 public:
  /// Writes to `fd`, which it does not own.
  explicit WireWriter(int fd) : fd_(fd) {}

  void hello(std::uint32_t pid) override;
  void found(const FoundTest& test) override;
  void listed(std::uint32_t count) override;
  void started(const FoundTest& test, std::uint64_t output) override;
  void finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time,
                std::uint64_t output) override;
  void message(const FoundTest& test, dyad_severity severity, Place place, std::uint64_t output,
               std::string_view subtest, std::string_view text) override;
  void sub_started(const FoundTest& test, std::uint64_t output, std::string_view subtest) override;
  void sub_finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time, std::uint64_t output,
                    std::string_view subtest) override;
  void outside(dyad_severity severity, Place place, std::uint64_t output, std::string_view text) override;
  void limit(const FoundTest& test, std::chrono::nanoseconds limit) override;
  void note(const FoundTest& test, std::string_view text) override;
  void done(bool failed, std::uint64_t output) override;
  void flush() override;

 private:
  class Frame;
  int fd_;
  std::string pending_;
};

}  // namespace dyad::runtime
