#include "codegen/crash_guard.hpp"

#include <clang/Basic/Stack.h>
#include <llvm/Support/CrashRecoveryContext.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/PrettyStackTrace.h>
#include <llvm/Support/TargetSelect.h>

#include <mutex>

namespace dyad::codegen {

namespace {

// What LLVM said before it gave up, for the thread that does the work. A plain buffer: it is written while the process
// is in an unknown state.
thread_local char* fatal_text = nullptr;
constexpr std::size_t kFatalTextSize = 1024;

void on_fatal_error(void*, const char* reason, bool) {
  if (fatal_text) {
    std::size_t i = 0;
    for (; reason[i] && i + 1 < kFatalTextSize; ++i) fatal_text[i] = reason[i];
    fatal_text[i] = 0;
  }
  if (auto* context = llvm::CrashRecoveryContext::GetCurrent()) context->HandleExit(1);
}

}  // namespace

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
    llvm::install_fatal_error_handler(on_fatal_error);
    llvm::CrashRecoveryContext::Enable();
    platform::use_alternate_stacks();
  });
}

std::optional<std::string> run_guarded(llvm::function_ref<void()> work, std::size_t stack) {
  initialise_llvm();
  char text[kFatalTextSize] = "";
  llvm::CrashRecoveryContext context;
  auto guarded = [&]() noexcept {  // an exception is a crash
    static thread_local const platform::AlternateStack signal_stack;
    clang::noteBottomOfStack(/*ForceSet=*/true);
    fatal_text = text;
    work();
  };
  bool done = false;
  if (platform::stack_left() >= stack) {
    const void* doing = llvm::SavePrettyStackState();
    done = context.RunSafely(guarded);
    llvm::RestorePrettyStackState(doing);
    fatal_text = nullptr;
  } else {
    done = context.RunSafelyOnThread(guarded, static_cast<unsigned>(stack));
  }
  if (done) return std::nullopt;
  if (text[0]) return std::string(text);
  std::string name = platform::signal_name(context.RetCode - 128);
  return name.empty() ? "exit code " + std::to_string(context.RetCode) : name;
}

}  // namespace dyad::codegen
