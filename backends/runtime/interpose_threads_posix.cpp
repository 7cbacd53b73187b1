// Interposed: the making of threads, so that each has an alternate stack and an overflow of its own one can be reported
// (crash_reporter.hpp). Nothing is logged.
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <new>

#include "backends/runtime/interpose.hpp"

using namespace dyad::inputs;

// Of the address and thread sanitizers, which must learn of every thread.
extern "C" __attribute__((weak)) int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                                                  void*);

namespace {

constexpr std::size_t kStackSize = 64 << 10;

/// While it lives, the thread has an alternate stack, unless it cannot be made or somebody gives it another one.
class AlternateStack {
 public:
  AlternateStack() : memory_(mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) return;
    stack_t stack{};
    stack.ss_sp = memory_;
    stack.ss_size = kStackSize;
    sigaltstack(&stack, nullptr);
  }
  AlternateStack(const AlternateStack&) = delete;
  ~AlternateStack() {
    if (memory_ == MAP_FAILED) return;
    stack_t now;
    if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) {
      now.ss_flags = SS_DISABLE;
      sigaltstack(&now, nullptr);
    }
    munmap(memory_, kStackSize);
  }

 private:
  void* memory_;
};

struct Start {
  void* (*function)(void*);
  void* argument;
};

/// Left by returning, by pthread_exit() or by a cancellation, which unwind.
void* run_thread(void* data) {
  Start* given = static_cast<Start*>(data);
  const Start start = *given;
  delete given;
  AlternateStack stack;
  return start.function(start.argument);
}

}  // namespace

DYAD_INTERPOSE(int, pthread_create,
               (pthread_t * thread, const pthread_attr_t* attributes, void* (*function)(void*), void* argument)) {
  const auto create = __interceptor_pthread_create != nullptr ? __interceptor_pthread_create : real().pthread_create;
  Start* start = new (std::nothrow) Start{function, argument};
  if (start == nullptr) return create(thread, attributes, function, argument);
  const int failed = create(thread, attributes, run_thread, start);
  if (failed != 0) delete start;
  return failed;
}
