#include <cxxabi.h>
#include <fcntl.h>
#include <getopt.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "backends/dll/audit.hpp"
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cerrno>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

#include "backends/runtime/interpose.hpp"
#include "backends/runtime/numbered_entries.hpp"

namespace dyad::dll {
namespace {

using inputs::real;

/// A process that holds so much more memory than at its beginning is not used again.
constexpr long kMostGrowth = 128L << 20;

/// For random(): what the C library begins with has this size.
char g_random_state[128];

template <class Array>
bool same_bytes(const Array& a, const Array& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same_action(const struct sigaction& a, const struct sigaction& b) {
  // The C library adds a flag of its own to what was ever set.
  return a.sa_handler == b.sa_handler && (a.sa_handler == SIG_DFL || a.sa_flags == b.sa_flags);
}

}  // namespace

Audit::Audit(int socket) : socket_(socket) {
  put_back_unseen();
  real().tzset();  // or the first to ask for a local time would change something
  has_timer();
  before_ = take();
  resident_ = resident_pages();
}

Audit::State Audit::take() {
  State now{};
  Identity& self = now.identity;
  ::getresuid(&self.real_user, &self.effective_user, &self.saved_user);
  ::getresgid(&self.real_group, &self.effective_group, &self.saved_group);
  self.group = ::getpgrp();
  self.session = ::getsid(0);
  self.priority = ::getpriority(PRIO_PROCESS, 0);
  self.scheduler = ::sched_getscheduler(0);
  self.personality = ::personality(0xffffffff);
  self.dumpable = ::prctl(PR_GET_DUMPABLE);
  ::prctl(PR_GET_PDEATHSIG, &self.death_signal);
  ::prctl(PR_GET_CHILD_SUBREAPER, &self.subreaper);
  self.no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  self.keep_capabilities = ::prctl(PR_GET_KEEPCAPS);
  ::prctl(PR_GET_NAME, self.name);
  ::syscall(SYS_sched_getaffinity, 0, sizeof self.processors, self.processors);
  struct stat root;
  if (::syscall(SYS_newfstatat, AT_FDCWD, "/", &root, 0) == 0) {
    self.root_device = root.st_dev;
    self.root = root.st_ino;
  }

  now.umask = ::umask(0);
  ::umask(now.umask);
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* images) {
        *static_cast<unsigned long long*>(images) = info->dlpi_adds - info->dlpi_subs;
        return 1;
      },
      &now.images);
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, nullptr, &now.signals[static_cast<unsigned>(number)]);
  ::sigprocmask(SIG_SETMASK, nullptr, &now.mask);
  for (unsigned which = 0; which < now.limits.size(); ++which)
    ::prlimit(0, static_cast<__rlimit_resource>(which), nullptr, &now.limits[which]);
  now.rounding = std::fegetround();
  now.traps = ::fegetexcept();
#if defined(__x86_64__)
  now.sse_control = _mm_getcsr() & ~static_cast<unsigned>(_MM_EXCEPT_MASK);
#endif

  std::array<std::ios*, 8> streams{&std::cin, &std::cout, &std::cerr, &std::clog, nullptr, nullptr, nullptr, nullptr};
  for (std::size_t i = 0; i < streams.size() && streams[i] != nullptr; ++i)
    now.streams[i] = {streams[i]->rdbuf(),      streams[i]->flags(), streams[i]->precision(), streams[i]->width(),
                      streams[i]->exceptions(), streams[i]->tie(),   streams[i]->fill(),      streams[i]->getloc()};
  std::array<std::wios*, 4> wide{&std::wcin, &std::wcout, &std::wcerr, &std::wclog};
  for (std::size_t i = 0; i < wide.size(); ++i)
    now.streams[4 + i] = {nullptr,
                          wide[i]->flags(),
                          wide[i]->precision(),
                          wide[i]->width(),
                          wide[i]->exceptions(),
                          wide[i]->tie(),
                          static_cast<int>(wide[i]->fill()),
                          wide[i]->getloc()};
  std::array<std::FILE*, 3> files{stdin, stdout, stderr};
  for (std::size_t i = 0; i < files.size(); ++i) now.files[i] = {files[i], ::fileno(files[i]), files[i]->_IO_buf_base};
  now.c_locale = real().setlocale(LC_ALL, nullptr);
  if (::uselocale(nullptr) != LC_GLOBAL_LOCALE) now.c_locale += " of the thread";
  now.terminate = std::get_terminate();
  now.out_of_memory = std::get_new_handler();
  now.time_zone = ::timezone;
  now.time_zone_name = std::string(::tzname[0]) + " " + ::tzname[1];
  if (pthread_key_t key; ::pthread_key_create(&key, nullptr) == 0) {
    now.next_key = key;
    ::pthread_key_delete(key);
  }
  return now;
}

std::string Audit::find_difference() {
  // First what would go on to change the rest.
  struct stat threads;
  if (::syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &threads, 0) != 0 || threads.st_nlink != 3)
    return "thread";
  siginfo_t child;
  if (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD) return "process";
  if (has_timer()) return "timer";

  State now = take();
  if (now.images != before_.images) return "image stays mapped";
  if (std::string open = find_open_descriptor(); !open.empty()) return open;
  for (int number = 1; number < NSIG; ++number) {
    const auto at = static_cast<std::size_t>(number);
    if (same_action(now.signals[at], before_.signals[at])) continue;
    const char* name = ::sigabbrev_np(number);
    return name != nullptr ? std::string("signal SIG") + name : "signal " + std::to_string(number);
  }
  if (!same_bytes(now.mask, before_.mask)) return "signal mask";
  stack_t stack;
  if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) return "signal stack";
  if (now.umask != before_.umask) return "umask";
  if (!same_bytes(now.limits, before_.limits)) return "resource limit";
  if (now.identity != before_.identity) return "identity";
  if (now.rounding != before_.rounding || now.traps != before_.traps || now.sse_control != before_.sse_control)
    return "floating-point mode";
  if (now.locale != before_.locale || now.c_locale != before_.c_locale) return "locale";
  if (now.time_zone != before_.time_zone || now.time_zone_name != before_.time_zone_name) return "time zone";
  if (now.streams != before_.streams || now.files != before_.files) return "standard stream";
  if (::fwide(stdin, 0) > 0 || ::fwide(stdout, 0) > 0 || ::fwide(stderr, 0) > 0) return "standard stream";
  if (now.terminate != before_.terminate || now.out_of_memory != before_.out_of_memory) return "handler";
  if (now.next_key != before_.next_key) return "thread-specific key";
  if (resident_pages() - resident_ > kMostGrowth / ::getpagesize()) return "memory";
  return {};
}

std::string Audit::find_open_descriptor() const {
  runtime::NumberedEntries descriptors("/proc/self/fd");
  if (!descriptors.is_open()) return "descriptor";
  int known = 0;
  for (int fd; (fd = descriptors.next()) >= 0;) {
    if (fd == descriptors.descriptor()) continue;
    if (fd > 2 && fd != socket_) return "descriptor " + std::to_string(fd);
    ++known;
  }
  return known == 4 ? "" : "standard descriptor";
}

bool Audit::has_timer() {
  for (__itimer_which_t which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval value;
    if (::getitimer(which, &value) != 0 || value.it_value.tv_sec != 0 || value.it_value.tv_usec != 0) return true;
  }
  // The kernel numbers them on and on: if any was made since the last look, it may be there still.
  static int next = 0;
  sigevent quiet{};
  quiet.sigev_notify = SIGEV_NONE;
  int id = -1;
  if (::syscall(SYS_timer_create, CLOCK_MONOTONIC, &quiet, &id) != 0) return true;
  ::syscall(SYS_timer_delete, id);
  return std::exchange(next, id + 1) != id;
}

long Audit::resident_pages() {
  int file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC, 0));
  if (file < 0) return 0;
  char text[128];
  long size = ::syscall(SYS_read, file, text, sizeof text - 1);
  ::syscall(SYS_close, file);
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* second = std::strchr(text, ' ');
  return second == nullptr ? 0 : std::atol(second);
}

void Audit::put_back_unseen() {
  ::initstate(1, g_random_state, sizeof g_random_state);
  unsigned short zero[3] = {0, 0, 0};
  ::seed48(zero);
  // A scan of nothing makes getopt() forget where it was in an argument that is gone.
  char name[] = "";
  char* argv[] = {name, nullptr};
  optind = 0;
  opterr = 1;
  if (::getopt(1, argv, "") == -1) optind = 1;
  optarg = nullptr;
  optopt = '?';
  std::feclearexcept(FE_ALL_EXCEPT);
  ::clearerr(stdin);
  for (std::ios* stream : std::initializer_list<std::ios*>{&std::cin, &std::cout, &std::cerr, &std::clog})
    stream->clear();
  errno = 0;
}

}  // namespace dyad::dll
