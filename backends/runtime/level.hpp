/// A native test or one of its subtests while it runs: the state behind a dyad::T.
///
/// Levels are on the heap and owned by a stack of the test's thread, not by the frames of dyad_run: a jump out of a C
/// test may skip such frames, and what they opened must still be closed, its clean-ups run, its verdict told.
#pragma once

#include <atomic>
#include <chrono>
#include <csetjmp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backends/abi/wire.h"
#include "backends/runtime/include/dyad/testing.h"
#include "backends/runtime/restorer.hpp"
#include "backends/runtime/run.hpp"

namespace dyad::runtime {

class Level {
 public:
  using Function = void (*)(void* context);

  /// A test.
  Level(Run& run, std::string name);
  /// A subtest of `parent`, whose name is made unique in it.
  Level(Level& parent, std::string_view name);
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

  static Level& of(const dyad_T* t) { return *static_cast<Level*>(t->state); }
  /// The innermost one of this thread, else the innermost one of the thread of the test, else null.
  static Level* current();

  dyad::T& t() { return t_; }
  const std::string& name() const { return name_; }  // "TestParse/empty"
  std::string_view subtest() const;                  // "empty"
  bool failed() const { return failed_; }
  bool skipped() const { return skipped_; }
  Run& run() { return run_; }
  Restorer& restorer() { return restorer_; }

  /// Fails this level and all above it.
  void mark_failed();
  void mark_skipped() { skipped_ = true; }
  void say(dyad_severity severity, Place place, std::string_view text);
  void enter_helper(Place place);
  void leave_helper();
  void add_cleanup(Function function, void* argument);

  /// Runs `function` and the clean-ups as this level. Whatever leaves `function` (a stop of this or an outer level, an
  /// exception, a jump) ends here. Returns the level to stop next if an outer one is to be stopped, else null.
  Level* execute(Function function, void* context);
  dyad_verdict verdict() const;
  /// Ends this level, or an outer one, at once. Both end the thread if it is not the test's.
  [[noreturn]] void stop_by_throw();
  [[noreturn]] void stop_by_jump();

 private:
  struct Stop {
    Level* level;
  };
  struct Facade : dyad::T {
    explicit Facade(Level* level) { state = level; }
  };
  void guard(Function function, void* context);
  void call(Function function, void* context);
  void end();
  bool is_on_stack() const;
  std::string unique_name(std::string_view name);

  Facade t_;
  Run& run_;
  Level* parent_;
  std::string name_;
  std::size_t subtest_begin_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> skipped_{false};
  Level* below_ = nullptr;  ///< the level that was innermost on this thread before
  Level* stop_next_ = nullptr;
  std::jmp_buf jump_;
  std::vector<std::pair<Function, void*>> cleanups_;
  std::map<std::string, int, std::less<>> names_;
  Restorer restorer_;
  int helpers_ = 0;
  std::string helper_file_;
  std::uint32_t helper_line_ = 0;
  std::chrono::steady_clock::time_point start_time_;
};

}  // namespace dyad::runtime
