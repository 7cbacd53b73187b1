#include "backends/runtime/native_test.hpp"

#include <chrono>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "backends/abi/input_log.h"
#include "backends/runtime/level.hpp"
#include "backends/runtime/table.h"

namespace dyad::runtime {
namespace {

/// What a C function of <dyad/testing.h> needs to call a user's function through Level::execute.
struct TestCall {
  std::uint32_t index;
  dyad_T* t;
  static void call(void* context) {
    const TestCall& self = *static_cast<TestCall*>(context);
    dyad_dispatch(self.index, self.t);
  }
};

struct SubtestCall {
  void (*function)(dyad_T*, void*);
  dyad_T* t;
  void* argument;
  static void call(void* context) {
    const SubtestCall& self = *static_cast<SubtestCall*>(context);
    self.function(self.t, self.argument);
  }
};

Place place_of(const char* file, int line) {
  return {file == nullptr ? std::string_view() : std::string_view(file),
          line > 0 ? static_cast<std::uint32_t>(line) : 0};
}

}  // namespace

dyad_verdict run_native_test(Run& run, std::uint32_t index, const char* name) {
  auto level = std::make_unique<Level>(run, name);
  TestCall call{index, &level->t()};
  level->execute(&TestCall::call, &call);
  return level->verdict();
}

}  // namespace dyad::runtime

using dyad::runtime::Level;
using dyad::runtime::place_of;

const char* dyad_name(const dyad_T* t) { return Level::of(t).name().c_str(); }
int dyad_failed(const dyad_T* t) { return Level::of(t).failed(); }
int dyad_skipped(const dyad_T* t) { return Level::of(t).skipped(); }
void dyad_mark_failed(dyad_T* t) { Level::of(t).mark_failed(); }
void dyad_mark_skipped(dyad_T* t) { Level::of(t).mark_skipped(); }
void dyad_stop_throw(dyad_T* t) { Level::of(t).stop_by_throw(); }
void dyad_stop_jump(dyad_T* t) { Level::of(t).stop_by_jump(); }

void dyad_say(dyad_T* t, int what, const char* file, int line, const char* format, ...) {
  std::va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int size = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  if (size > 0) std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  dyad_say_text(t, what, file, line, text.data(), text.size());
}

void dyad_say_text(dyad_T* t, int what, const char* file, int line, const char* text, size_t size) {
  Level::of(t).say(static_cast<dyad_severity>(what), place_of(file, line), {text, size});
}

int dyad_run(dyad_T* t, const char* name, void (*function)(dyad_T*, void*), void* argument) {
  using namespace dyad::runtime;
  // Released before the call: a jump over this frame leaves the level to the one that catches it (Level::guard).
  Level* level = new Level(Level::of(t), name);
  if (!level->run().selection().selects_subtest(level->name())) {
    delete level;
    return 1;
  }
  SubtestCall call{function, &level->t(), argument};
  Level* stop_next = level->execute(&SubtestCall::call, &call);
  bool failed = level->failed();
  delete level;
  if (stop_next != nullptr) stop_next->stop_by_throw();
  return failed ? 0 : 1;
}

void dyad_cleanup(dyad_T* t, void (*function)(void*), void* argument) { Level::of(t).add_cleanup(function, argument); }

const char* dyad_temp_dir(dyad_T* t) {
  Level& level = Level::of(t);
  std::string problem;
  const char* directory = level.restorer().make_temp_dir(level.run().arguments().temp_dir, problem);
  if (directory != nullptr) return directory;
  level.say(DYAD_FATAL, {}, problem);
  level.stop_by_throw();
}

void dyad_setenv(dyad_T* t, const char* name, const char* value) {
  Level::of(t).restorer().set_environment(name, value);
}

void dyad_chdir(dyad_T* t, const char* directory) {
  Level& level = Level::of(t);
  std::string problem = level.restorer().change_directory(directory);
  if (problem.empty()) return;
  level.say(DYAD_FATAL, {}, problem);
  level.stop_by_throw();
}

void dyad_set_timeout(dyad_T* t, double seconds) {
  constexpr double kMost = 1e9;
  // Not less than the least there is: that would be none.
  seconds = seconds > 0 ? std::fmin(std::fmax(seconds, 1e-9), kMost) : 0;
  Level::of(t).run().set_limit(std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
}

void dyad_helper(dyad_T* t, const char* file, int line) { Level::of(t).enter_helper(place_of(file, line)); }
void dyad_helper_end(dyad_T* t) { Level::of(t).leave_helper(); }

void dyad_uncacheable(dyad_T* t, const char* why) {
  if (dyad_input_uncacheable != nullptr) dyad_input_uncacheable(why);
  Level::of(t).say(DYAD_LOG, {}, std::string("result is not to be reused: ") + why);
}
