/// Records what went on when, for `--profile` and `--trace`.
///
/// A span is a piece of work on a lane: a thread of dyad's, or a place in which one test process runs at a time. Spans
/// of a lane nest. Whoever does something worth showing writes
///
///     trace::Span span(trace::Phase::kLink, package);
///
/// which costs one read of a pointer if nobody records. There is one recorder for the process, and not one that is
/// handed from layer to layer, because it is no part of what any layer does: nothing depends on what it holds.
/// Thread-safe: each lane has a buffer and a lock of its own, which only the reading at the end contends for.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dyad::trace {

/// In the order of a run, and of the profile. A new phase is a line here and one in kPhases.
enum class Phase : std::uint8_t {
  kStart,        ///< the backend, the cache and what is remembered of files are opened; the compiler is mapped
  kDiscover,     ///< packages are found
  kLookUp,       ///< what earlier runs found out is looked up
  kHash,         ///< files are read and hashed for that
  kCompile,      ///< of a compilation: what is none of the next five
  kParse,        ///< including name look-up and semantic analysis
  kInstantiate,  ///< templates
  kGenerate,     ///< LLVM IR from the syntax tree
  kOptimise,     ///< the passes of -O
  kEmit,         ///< machine code from IR
  kPlan,         ///< which sources and files an image is made of
  kLink,
  kKeep,    ///< outcomes are written to the cache
  kLoad,    ///< a test process, from its start until it has named its tests
  kRun,     ///< a test process, from then to its end
  kServe,   ///< test processes are started, what they say is read, their accounts are kept
  kReport,  ///< results are printed
  kWait,    ///< nothing: another lane has to end something first
};
inline constexpr std::array<std::string_view, 18> kPhases{
    "start", "discover", "look up", "hash", "compile", "parse", "instantiate", "generate", "optimise",
    "emit",  "plan",     "link",    "keep", "load",    "run",   "serve",       "report",   "wait"};
inline std::string_view name_of(Phase phase) { return kPhases[static_cast<std::size_t>(phase)]; }

/// Nanoseconds of std::chrono::steady_clock, which is CLOCK_MONOTONIC: codegen's times are of the same clock.
std::int64_t now_ns();

struct Event {
  Phase phase;
  std::int64_t begin_ns, end_ns;
  std::string subject;  ///< package path or absolute path of a source; empty: that of the span around it
  std::string label;    ///< what a reader wants to see: "parse_test", "TestParse"; empty: the phase
  double busy = 1;      ///< share of the span that was spent in `phase`; the rest belongs to the span around it
};

/// The events of one lane, in the order in which they ended.
struct Lane {
  enum class Kind : std::uint8_t { kThread, kProcess } kind;
  unsigned number;  ///< from 0, of its kind
  std::string name;
  std::vector<Event> events;
};

class Recorder {
 public:
  /// From now on Span records here. One at a time; it must outlive all threads that have recorded.
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The one that records, or null.
  static Recorder* current() { return current_.load(std::memory_order_acquire); }

  /// To the lane of the calling thread.
  void add(Event event);
  /// Names the lane of the calling thread.
  void name_thread(std::string name);

  /// A lane for one process: the lowest that is free. To be given back with release_process().
  unsigned take_process();
  void add(unsigned process, Event event);
  void release_process(unsigned process);

  std::int64_t began_ns() const { return began_ns_; }
  /// A copy of everything up to now; lanes without events are left out.
  std::vector<Lane> lanes() const;

 private:
  struct Buffer {
    std::mutex mutex;
    Lane lane;
  };
  Buffer& buffer_of_thread();

  static std::atomic<Recorder*> current_;
  const std::uint64_t generation_;
  const std::int64_t began_ns_;
  mutable std::mutex mutex_;  ///< for the lists, not for what is in a buffer
  std::vector<std::unique_ptr<Buffer>> threads_, processes_;
  std::vector<bool> taken_;
};

/// From its construction to its end, on the lane of the thread.
class Span {
 public:
  explicit Span(Phase phase, std::string_view subject = {}, std::string_view label = {})
      : recorder_(Recorder::current()) {
    if (recorder_ != nullptr) event_ = {phase, now_ns(), 0, std::string(subject), std::string(label), 1};
  }
  ~Span() {
    if (recorder_ == nullptr) return;
    event_.end_ns = now_ns();
    recorder_->add(std::move(event_));
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  Recorder* recorder_;
  Event event_{};
};

}  // namespace dyad::trace
