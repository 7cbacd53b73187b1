/// What one test process did when, for the trace: it loads until it has named its tests, then runs them one after the
/// other.
///
/// Made only while someone records (trace::Recorder). Events arrive in batches, so when a test began is worked out from
/// behind: it ended when the host read of it at the latest, and before the next one began, and it says itself how long
/// it took.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/run/wire_reader.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::run {

class ProcessTrace {
 public:
  /// The process starts now. `recorder` must outlive this object.
  ProcessTrace(trace::Recorder& recorder, std::string package, std::string image);
  /// It has ended.
  ~ProcessTrace();
  ProcessTrace(const ProcessTrace&) = delete;
  ProcessTrace& operator=(const ProcessTrace&) = delete;

  void on(const Event& event);

 private:
  struct Test {
    std::uint32_t index;
    std::int64_t known_ns;  ///< when the host read that it has ended
    std::int64_t took_ns;
  };

  trace::Recorder& recorder_;
  std::string package_, image_;
  unsigned lane_;
  std::int64_t began_ns_, listed_ns_ = 0;
  std::unordered_map<std::uint32_t, std::string> names_;
  std::vector<Test> tests_;
};

}  // namespace dyad::run
