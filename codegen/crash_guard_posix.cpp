#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <cstdint>
#include <cstdlib>

#include "codegen/crash_guard.hpp"

namespace dyad::codegen::platform {

namespace {
constexpr std::size_t kAlternateStackSize = 64 << 10;  // bytes
constexpr int kCrashSignals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
}  // namespace

void use_alternate_stacks() {
  for (int signal : kCrashSignals) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) != 0) continue;
    action.sa_flags |= SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
}

std::size_t stack_left() {
  static thread_local const auto end = [] {
    void* lowest = nullptr;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      std::size_t size = 0;
      if (pthread_attr_getstack(&attributes, &lowest, &size) != 0) lowest = nullptr;
      pthread_attr_destroy(&attributes);
    }
    return reinterpret_cast<std::uintptr_t>(lowest);
  }();
  return end == 0 ? 0 : reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - end;
}

AlternateStack::AlternateStack() : memory_(std::malloc(kAlternateStackSize)) {
  if (!memory_) return;
  stack_t stack{};
  stack.ss_sp = memory_;
  stack.ss_size = kAlternateStackSize;
  sigaltstack(&stack, &before_);
}

AlternateStack::~AlternateStack() {
  if (memory_) sigaltstack(&before_, nullptr);
  std::free(memory_);
}

std::string signal_name(int signal) {
  const char* name = signal > 0 ? sigabbrev_np(signal) : nullptr;
  return name ? std::string("SIG") + name : std::string();
}

}  // namespace dyad::codegen::platform
