#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>
#include <utility>

#include "backends/runtime/level.hpp"

namespace dyad::runtime {
namespace {

/// The innermost open level of this thread. Levels are owned by whoever opened them; one ends those above it. Without a
/// destructor: one that is registered for the thread would keep the image mapped until the thread ends.
thread_local Level* t_top = nullptr;
std::atomic<Level*> g_innermost{nullptr};

std::string type_name(const std::type_info* type) {
  if (type == nullptr) return "an exception of another language";
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
  return status == 0 && name != nullptr ? name.get() : type->name();
}

}  // namespace

Level::Level(Run& run, std::string name)
    : t_(this), run_(run), parent_(nullptr), name_(std::move(name)), subtest_begin_(name_.size()) {}

Level::Level(Level& parent, std::string_view name)
    : t_(this),
      run_(parent.run_),
      parent_(&parent),
      name_(parent.name_ + "/" + parent.unique_name(name)),
      subtest_begin_(parent.parent_ == nullptr ? parent.name_.size() + 1 : parent.subtest_begin_) {}

std::string_view Level::subtest() const {
  return std::string_view(name_).substr(std::min(subtest_begin_, name_.size()));
}

/// As in Go: blanks become '_', a second "x" is "x#01", an empty name "#00".
std::string Level::unique_name(std::string_view name) {
  std::string clean;
  for (char c : name) {
    unsigned char byte = static_cast<unsigned char>(c);
    clean += byte <= 0x20 || byte == 0x7f ? '_' : c;
  }
  int& uses = names_[clean];
  int number = uses++;
  if (number == 0 && !clean.empty()) return clean;
  char suffix[16];
  std::snprintf(suffix, sizeof suffix, "#%02d", number);
  std::string numbered = clean + suffix;
  return names_.contains(numbered) ? unique_name(numbered) : (++names_[numbered], numbered);
}

Level* Level::current() { return t_top == nullptr ? g_innermost.load() : t_top; }

void Level::mark_failed() {
  for (Level* level = this; level != nullptr; level = level->parent_) level->failed_ = true;
}

void Level::say(dyad_severity severity, Place place, std::string_view text) {
  if (severity == DYAD_ERROR || severity == DYAD_FATAL) mark_failed();
  if (severity == DYAD_SKIPPED) mark_skipped();
  for (Level* level = is_on_stack() ? this : nullptr; level != nullptr; level = level->parent_) {
    if (level->helpers_ > 0) place = {level->helper_file_, level->helper_line_};
  }
  run_.message(severity, place, text, subtest());
}

void Level::enter_helper(Place place) {
  if (helpers_++ > 0) return;
  helper_file_ = place.file;
  helper_line_ = place.line;
}

void Level::leave_helper() {
  if (helpers_ > 0) --helpers_;
}

void Level::add_cleanup(Function function, void* argument) { cleanups_.emplace_back(function, argument); }

dyad_verdict Level::verdict() const { return failed_ ? DYAD_FAIL : skipped_ ? DYAD_SKIP : DYAD_PASS; }

bool Level::is_on_stack() const {
  for (const Level* level = t_top; level != nullptr; level = level->below_) {
    if (level == this) return true;
  }
  return false;
}

Level* Level::execute(Function function, void* context) {
  below_ = std::exchange(t_top, this);
  g_innermost = this;
  start_time_ = std::chrono::steady_clock::now();
  if (parent_ != nullptr) run_.sub_started(subtest());
  guard(function, context);
  end();
  return stop_next_;
}

/// Clean-ups, everything put back, verdict told; off the stack.
void Level::end() {
  if (!run_.in_test_process()) {
    // A child that the test forked has come out of the test function. It must not go on with the next test.
    std::fflush(nullptr);
    _exit(1);
  }
  while (!cleanups_.empty()) {
    auto [function, argument] = cleanups_.back();
    cleanups_.pop_back();
    helpers_ = 0;
    guard(function, argument);
  }
  std::vector<std::string> problems;
  restorer_.restore(problems);
  for (const std::string& problem : problems) run_.message(DYAD_LOG, {}, problem, subtest());
  if (parent_ != nullptr) run_.sub_finished(subtest(), verdict(), std::chrono::steady_clock::now() - start_time_);
  t_top = below_;
  g_innermost = t_top;
}

void Level::guard(Function function, void* context) {
  // No object with a destructor may live in this frame, nor in a frame that a jump skips (call() has none by then).
  if (setjmp(jump_) == 0) {
    call(function, context);
    return;
  }
  while (t_top != this) {
    Level* skipped = t_top;
    skipped->end();
    delete skipped;
  }
  g_innermost = this;
}

void Level::call(Function function, void* context) {
  try {
    function(context);
  } catch (const Stop& stop) {
    if (stop.level != this) stop_next_ = stop.level;
  } catch (abi::__forced_unwind&) {
    throw;  // pthread_exit or a cancellation: must go on
  } catch (const std::exception& exception) {
    say(DYAD_FATAL, {}, "threw " + type_name(&typeid(exception)) + ": " + exception.what());
  } catch (...) {
    say(DYAD_FATAL, {}, "threw " + type_name(abi::__cxa_current_exception_type()));
  }
}

void Level::stop_by_throw() {
  if (!is_on_stack()) pthread_exit(nullptr);
  throw Stop{this};
}

void Level::stop_by_jump() {
  if (!is_on_stack()) pthread_exit(nullptr);
  longjmp(jump_, 1);
}

}  // namespace dyad::runtime
