/// Events as text for a person who runs an image by hand, in the format of `go test -v`. Written to stdout between what
/// the tests print.
#pragma once

#include "backends/runtime/event_sink.hpp"

namespace dyad::runtime {

class TextSink final : public EventSink {
 public:
  /// `list`: tests are only named, one per line.
  explicit TextSink(bool list) : list_(list) {}

  void hello(std::uint32_t) override {}
  void found(const FoundTest& test) override;
  void listed(std::uint32_t) override {}
  void started(const FoundTest& test, std::uint64_t) override;
  void finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time, std::uint64_t) override;
  void message(const FoundTest& test, dyad_severity, Place place, std::uint64_t, std::string_view subtest,
               std::string_view text) override;
  void sub_started(const FoundTest& test, std::uint64_t, std::string_view subtest) override;
  void sub_finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time, std::uint64_t,
                    std::string_view subtest) override;
  void outside(dyad_severity severity, Place place, std::uint64_t, std::string_view text) override;
  void limit(const FoundTest&, std::chrono::nanoseconds) override {}
  void note(const FoundTest& test, std::string_view text) override;
  void done(bool failed, std::uint64_t) override;
  void flush() override;

 private:
  bool list_;
};

}  // namespace dyad::runtime
