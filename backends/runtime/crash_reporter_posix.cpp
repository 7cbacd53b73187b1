#include <link.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "backends/runtime/crash_reporter.hpp"
#include "backends/runtime/numbered_entries.hpp"
#include "backends/runtime/raw_frame.hpp"

namespace dyad::runtime {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
constexpr int kQuery = SIGQUIT;
constexpr std::size_t kSignals = std::size(kFatal) + 1;
constexpr std::size_t kFirstFrames = 96, kLastFrames = 24;  // what is between is counted
constexpr unsigned kMostFrames = 400'000;
constexpr std::size_t kMostPlace = 1024;  // bytes of a line about one
constexpr int kMostThreads = 64;
constexpr long kThreadWaitNs = 200'000'000;

int g_channel = -1;
pid_t g_pid = 0, g_parent = 0;
struct sigaction g_before[kSignals];
bool g_installed[kSignals];
stack_t g_stack_before;
alignas(16) char g_stack[64 << 10];
std::atomic<bool> g_crashing{false};
/// The thread whose stack is being asked for, 0: none.
std::atomic<pid_t> g_asked{0};

pid_t thread_id() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

struct Walk {
  std::uintptr_t pc;  // where the signal came; frames before it are the handler's
  bool begun;
  unsigned count;
  std::uintptr_t first[kFirstFrames], last[kLastFrames];

  void add(std::uintptr_t address) {
    if (count < kFirstFrames)
      first[count] = address;
    else
      last[(count - kFirstFrames) % kLastFrames] = address;
    ++count;
  }
};

_Unwind_Reason_Code visit(_Unwind_Context* context, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  int is_exact = 0;
  std::uintptr_t pc = _Unwind_GetIPInfo(context, &is_exact);
  if (pc == 0 || walk.count >= kMostFrames) return _URC_END_OF_STACK;
  walk.begun = walk.begun || pc == walk.pc;
  // A return address is that of the next instruction, perhaps of the next function.
  if (walk.begun) walk.add(is_exact != 0 || walk.count == 0 ? pc : pc - 1);
  return _URC_NO_REASON;
}

struct Place {
  std::uintptr_t pc;
  const char* module;
  std::uintptr_t offset;
};

int find_module(dl_phdr_info* info, std::size_t, void* data) {
  Place& place = *static_cast<Place*>(data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || place.pc < begin || place.pc >= begin + header.p_memsz) continue;
    place.offset = place.pc - info->dlpi_addr;
    place.module = info->dlpi_name;
    if (place.module == nullptr || place.module[0] == '\0')
      place.module = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    return 1;
  }
  return 0;
}

void add_place(RawFrame& frame, std::uintptr_t pc) {
  Place place{pc, nullptr, pc};
  ::dl_iterate_phdr(find_module, &place);
  frame.hex(place.offset);
  frame.text(" ");
  frame.text(place.module == nullptr ? "" : place.module);
  frame.text("\n");
}

std::uintptr_t program_counter(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return machine.pc;
#else
  return 0;
#endif
}

/// A call of an address that is no code has left only its return address, on the stack.
std::uintptr_t caller_of_nowhere(const void* context) {
#if defined(__x86_64__)
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
  const auto* stack = reinterpret_cast<const std::uintptr_t*>(machine.gregs[REG_RSP]);
  return *stack - 1;
#else
  return 0;
#endif
}

void send_stack(const void* context, bool more) {
  static Walk walk;
  static char room[24 << 10];
  walk.pc = program_counter(context);
  walk.begun = false;
  walk.count = 0;
  _Unwind_Backtrace(visit, &walk);
  if (walk.count == 0) {
    walk.add(walk.pc);
    Place place{walk.pc, nullptr, 0};
    if (::dl_iterate_phdr(find_module, &place) == 0)
      if (std::uintptr_t caller = caller_of_nowhere(context); caller != 0) walk.add(caller);
  }
  RawFrame frame(room, DYAD_FRAME_STACK);
  frame.number(static_cast<std::uint64_t>(thread_id()), 4);
  frame.number(more ? 1 : 0, 1);
  const unsigned kept = std::min<unsigned>(walk.count, kFirstFrames + kLastFrames);
  frame.number(walk.count - kept, 4);
  frame.number(std::min<unsigned>(walk.count, kFirstFrames), 4);
  frame.begin_text();
  for (unsigned i = 0; i < std::min<unsigned>(walk.count, kFirstFrames) && frame.has_room(kMostPlace); ++i)
    add_place(frame, walk.first[i]);
  if (walk.count > kFirstFrames) {
    const unsigned last = kept - kFirstFrames, begin = walk.count - kFirstFrames - last;
    for (unsigned i = 0; i < last && frame.has_room(kMostPlace); ++i)
      add_place(frame, walk.last[(begin + i) % kLastFrames]);
  }
  frame.send(g_channel);
}

void send_crash(int number, const siginfo_t& info) {
  char room[32];
  RawFrame frame(room, DYAD_FRAME_CRASHED);
  const bool by_fault = info.si_code > 0 && (number == SIGSEGV || number == SIGBUS);
  frame.number(static_cast<std::uint64_t>(number), 4);
  frame.number(by_fault ? 1 : 0, 1);
  frame.number(by_fault ? reinterpret_cast<std::uint64_t>(info.si_addr) : 0, 8);
  frame.send(g_channel);
}

void wait_a_moment() {
  const timespec moment{0, 1'000'000};
  ::nanosleep(&moment, nullptr);
}

/// Asks every other thread for its stack, one after the other; one that blocks the signal is left out.
void ask_other_threads() {
  const pid_t self = thread_id();
  NumberedEntries threads("/proc/self/task");
  int asked = 0;
  for (pid_t thread; (thread = threads.next()) >= 0;) {
    if (thread == self || ++asked > kMostThreads) continue;
    g_asked = thread;
    if (::syscall(SYS_tgkill, g_pid, thread, kQuery) != 0) continue;
    for (long waited = 0; g_asked == thread && waited < kThreadWaitNs; waited += 1'000'000) wait_a_moment();
  }
  g_asked = 0;
}

void end_as_without_handler(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);  // blocked as long as this handler runs
}

extern "C" void dyad_on_fatal_signal(int number, siginfo_t* info, void* context) {
  const int saved = errno;
  if (::getpid() == g_pid && g_channel >= 0) {
    // Another thread is at it, and will end this one.
    while (g_crashing.exchange(true)) wait_a_moment();
    send_crash(number, *info);
    send_stack(context, false);
  }
  end_as_without_handler(number);
  errno = saved;
}

extern "C" void dyad_on_query(int number, siginfo_t* info, void* context) {
  const int saved = errno;
  if (::getpid() != g_pid || g_channel < 0) return end_as_without_handler(number);
  if (info->si_code == SI_TKILL && info->si_pid == g_pid) {
    pid_t self = thread_id();
    if (g_asked == self) {
      send_stack(context, true);
      g_asked.compare_exchange_strong(self, 0);
    } else {
      dyad_on_fatal_signal(number, info, context);
    }
  } else if (info->si_pid != g_parent) {
    dyad_on_fatal_signal(number, info, context);
  } else if (!g_crashing.exchange(true)) {
    ask_other_threads();
    send_stack(context, false);
    g_crashing = false;
  }
  errno = saved;
}

int signal_at(std::size_t place) { return place < std::size(kFatal) ? kFatal[place] : kQuery; }

}  // namespace

void begin_crash_reports(int channel) {
  g_channel = channel;
  g_pid = ::getpid();
  g_parent = ::getppid();
  g_crashing = false;
  stack_t ours{};
  ours.ss_sp = g_stack;
  ours.ss_size = sizeof g_stack;
  // A sanitizer has its own.
  ::sigaltstack(nullptr, &g_stack_before);
  if ((g_stack_before.ss_flags & SS_DISABLE) != 0) ::sigaltstack(&ours, nullptr);
  for (std::size_t i = 0; i < kSignals; ++i) {
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    action.sa_sigaction = signal_at(i) == kQuery ? dyad_on_query : dyad_on_fatal_signal;
    g_installed[i] = ::sigaction(signal_at(i), &action, &g_before[i]) == 0;
    if (!g_installed[i] || g_before[i].sa_handler == SIG_DFL) continue;
    ::sigaction(signal_at(i), &g_before[i], nullptr);
    g_installed[i] = false;
  }
}

void end_crash_reports() {
  if (g_channel < 0) return;
  g_channel = -1;
  for (std::size_t i = 0; i < kSignals; ++i) {
    struct sigaction now;
    if (!g_installed[i] || ::sigaction(signal_at(i), &g_before[i], &now) != 0) continue;
    const bool ours = now.sa_sigaction == dyad_on_query || now.sa_sigaction == dyad_on_fatal_signal;
    if (!ours) ::sigaction(signal_at(i), &now, nullptr);  // a test's own, which stays
  }
  stack_t now;
  ::sigaltstack(nullptr, &now);
  if (now.ss_sp != g_stack) return;
  now.ss_flags = SS_DISABLE;
  ::sigaltstack(&now, nullptr);
}

}  // namespace dyad::runtime
