/// Runs a function in a child process, system call by system call, to fail or kill it at a chosen one.
#pragma once

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <iterator>
#include <string>

namespace dyad::cache {

/// What is done to the child at one of its system calls that touch files (opening, reading, writing, renaming, ...).
struct Intervention {
  int at = -1;         ///< the n-th such call, from 0; negative: none
  int error = 0;       ///< errno of the call, which is not carried out; 0: the child is killed instead
  bool after = false;  ///< killed after the call instead of before
};

struct TracedEnd {
  std::string skipped;  ///< why nothing was run: no permission, or a processor whose registers are not known here
  int calls = 0;        ///< calls that touch files, to the end or the kill
  bool intervened = false;
  bool killed = false;
  int exit_code = -1;
  std::string call;  ///< the number of the call that failed or was the last
};

#ifdef __x86_64__

inline constexpr long kFileCalls[] = {
    SYS_openat, SYS_read,    SYS_write,    SYS_close,     SYS_fstat,  SYS_newfstatat, SYS_mkdir,     SYS_mkdirat,
    SYS_fchmod, SYS_rename,  SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,   SYS_utimensat, SYS_flock,
    SYS_statfs, SYS_fstatfs, SYS_lstat,    SYS_stat,      SYS_open,   SYS_getdents64};

inline bool is_at_call(int status) { return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80); }

/// `work` runs in the child and returns its exit code.
inline TracedEnd run_traced(const std::function<int()>& work, const Intervention& intervention) {
  TracedEnd end;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(125);
    ::raise(SIGSTOP);
    ::_exit(work());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
    end.skipped = "a child cannot be traced here";
    return end;
  }
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  auto go_on = [&] {
    return ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 && ::waitpid(child, &status, 0) == child;
  };
  // Calls stop twice: before and after.
  while (go_on() && is_at_call(status)) {
    user_regs_struct registers;
    ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    const auto number = static_cast<long>(registers.orig_rax);
    const bool counts = std::ranges::find(kFileCalls, number) != std::end(kFileCalls);
    const bool chosen = counts && end.calls == intervention.at;
    if (counts) ++end.calls;
    if (counts && !end.intervened) end.call = "system call " + std::to_string(number);
    if (chosen) {
      end.intervened = true;
      if (intervention.error != 0) {
        registers.orig_rax = static_cast<unsigned long long>(-1);  // no call
        ::ptrace(PTRACE_SETREGS, child, nullptr, &registers);
      } else if (!intervention.after) {
        break;
      }
    }
    if (!go_on() || !is_at_call(status)) break;
    if (chosen && intervention.error == 0) break;
    if (chosen) {
      ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
      registers.rax = static_cast<unsigned long long>(-static_cast<long long>(intervention.error));
      ::ptrace(PTRACE_SETREGS, child, nullptr, &registers);
    }
  }
  if (WIFSTOPPED(status)) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  end.killed = WIFSIGNALED(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

#else

inline TracedEnd run_traced(const std::function<int()>&, const Intervention&) {
  return {.skipped = "only the registers of x86-64 are known here"};
}

#endif

}  // namespace dyad::cache
