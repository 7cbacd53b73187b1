/// Runs a piece of compiler work so that a crash in it ends that work and nothing else.
///
/// The work gets a large stack (deep templates), the caller's or that of a thread of its own, and an alternate stack
/// for signals, so that even a stack overflow is survived. What the crashed work held (memory, open files) is lost;
/// what it had locked stays locked, and what it was writing (a list of its thread's heap) stays half written: LLVM's
/// global locks are few and never held while user code is compiled. Knows nothing of what the work is.
///
/// The handlers of SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV and SIGTRAP are installed for the process by the first
/// call; on threads that do no guarded work they restore the former handlers and let the signal be raised again.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>

#include <signal.h>

#include <cstddef>
#include <optional>
#include <string>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// Returns nothing if `work` came to its end, else one line about how it crashed ("SIGSEGV", what LLVM said last).
/// An exception that leaves `work` is a crash. `stack`: bytes that it may need. On a thread with so much left it runs
/// there; else a thread is made for it.
std::optional<std::string> run_guarded(llvm::function_ref<void()> work, std::size_t stack = DYAD_CODEGEN_STACK);

/// Initialises LLVM's targets and crash recovery, once per process; cheap when done. Called by every entry function.
void initialise_llvm();

namespace platform {
/// Lets the handlers of crash signals run on the thread's alternate stack.
void use_alternate_stacks();
/// Bytes of stack that the calling thread has left; 0 if that is not known.
std::size_t stack_left();
/// Gives the calling thread another alternate stack, as long as the object lives.
class AlternateStack {
 public:
  AlternateStack();
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  void* memory_;
  stack_t before_{};
};
/// "SIGSEGV"; empty if it is no signal.
std::string signal_name(int signal);
}  // namespace platform

}  // namespace dyad::codegen
