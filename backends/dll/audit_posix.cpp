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

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cfenv>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>
#include <utility>

#include "backends/runtime/interpose.hpp"
#include "backends/runtime/numbered_entries.hpp"

namespace dyad::dll {
namespace {

using inputs::real;

/// A process that holds so many KiB more than at its beginning is not used again.
constexpr long kMostGrowth = 128 << 10;

/// What is compared of /proc/self/status (man 5 proc_pid_status), in its order, and what a difference is called.
struct StatusLine {
  std::string_view field, word;
  bool is_optional = false;  ///< what a kernel without it does not tell cannot be changed there, or does not matter
};
constexpr StatusLine kIgnored{"\nSigIgn:\t", "signal"}, kCaught{"\nSigCgt:\t", "signal"};
constexpr StatusLine kStatus[] = {{"Name:\t", "identity"},
                                  {"\nUmask:\t", "umask"},
                                  {"\nUid:\t", "identity"},
                                  {"\nGid:\t", "identity"},
                                  {"\nGroups:\t", "identity", true},
                                  {"\nVmLck:\t", "locked memory", true},
                                  {"\nThreads:\t", "thread"},
                                  {"\nSigPnd:\t", "pending signal", true},
                                  {"\nShdPnd:\t", "pending signal", true},
                                  {"\nSigBlk:\t", "signal mask"},
                                  kIgnored,
                                  kCaught,
                                  {"\nCapInh:\t", "identity"},
                                  {"\nCapPrm:\t", "identity"},
                                  {"\nCapEff:\t", "identity"},
                                  {"\nCapBnd:\t", "identity"},
                                  {"\nCapAmb:\t", "identity", true},
                                  {"\nNoNewPrivs:\t", "identity"},
                                  {"\nSeccomp:\t", "identity", true},
                                  {"\nCpus_allowed:\t", "identity"}};
constexpr std::string_view kResident = "\nVmRSS:\t";

/// What stands behind `field` on its line, looked for from `from` on, which then is behind it; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view field, std::size_t& from) {
  const std::size_t at = text.find(field, from);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + field.size();
  from = std::min(text.find('\n', begin), text.size());
  return text.substr(begin, from - begin);
}
std::string_view value_of(std::string_view text, std::string_view field) {
  std::size_t from = 0;
  return value_of(text, field, from);
}

/// Bit N - 1 for each signal N, without those that the C library keeps for itself.
std::uint64_t signals_of(std::string_view text, const StatusLine& line) {
  std::uint64_t set = 0;
  const std::string_view value = value_of(text, line.field);
  std::from_chars(value.data(), value.data() + value.size(), set, 16);
  return set & ~(std::uint64_t{3} << (32 - 1));
}

std::string name_of_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("signal SIG") + name : "signal " + std::to_string(number);
}

/// For random(): what the C library begins with has this size.
char g_random_state[128];

template <class Array>
bool same_bytes(const Array& a, const Array& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same_handler(const struct sigaction& a, const struct sigaction& b) {
  return a.sa_handler == b.sa_handler && a.sa_flags == b.sa_flags;
}

/// Empty if both say the same. A signal that is handled, at least, is named.
std::string compare_status(std::string_view now, std::string_view before) {
  if (now == before) return {};
  for (const StatusLine& line : kStatus) {
    if (value_of(now, line.field) == value_of(before, line.field)) continue;
    if (line.field != kIgnored.field && line.field != kCaught.field) return std::string(line.word);
    if (const std::uint64_t different = signals_of(now, line) ^ signals_of(before, line); different != 0)
      return name_of_signal(std::countr_zero(different) + 1);
  }
  return {};
}

}  // namespace

Audit::Audit(int socket) : socket_(socket) {
  put_back_unseen();
  real().tzset();  // or the first to ask for a local time would change something
  has_timer();
  before_ = take_status();
  take_rest(before_);
}

void Audit::take_rest(State& now) {
  Identity& self = now.identity;
  self.group = ::getpgrp();
  self.session = ::getsid(0);
  self.priority = ::getpriority(PRIO_PROCESS, 0);
  self.scheduler = ::sched_getscheduler(0);
  self.personality = ::personality(0xffffffff);
  self.dumpable = ::prctl(PR_GET_DUMPABLE);
  ::prctl(PR_GET_PDEATHSIG, &self.death_signal);
  ::prctl(PR_GET_CHILD_SUBREAPER, &self.subreaper);
  self.keep_capabilities = ::prctl(PR_GET_KEEPCAPS);
  struct stat root;
  if (::syscall(SYS_newfstatat, AT_FDCWD, "/", &root, 0) == 0) {
    self.root_device = root.st_dev;
    self.root = root.st_ino;
  }

  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* images) {
        *static_cast<unsigned long long*>(images) = info->dlpi_adds - info->dlpi_subs;
        return 1;
      },
      &now.images);
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
}

std::string Audit::find_difference() {
  // First what would go on to change the rest.
  State now = take_status();
  if (!now.is_known || !before_.is_known) return "no process status";
  if (std::string different = compare_status(now.status, before_.status); !different.empty()) return different;
  siginfo_t child;
  if (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD) return "process";
  if (has_timer()) return "timer";

  take_rest(now);
  if (now.images != before_.images) return "image stays mapped";
  if (std::string open = find_open_descriptor(); !open.empty()) return open;
  if (!std::ranges::equal(now.handlers, before_.handlers, same_handler)) return "signal handler";
  stack_t stack;
  if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) return "signal stack";
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
  if (now.resident - before_.resident > kMostGrowth) return "memory";
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

Audit::State Audit::take_status() {
  State state{};
  const int file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC, 0));
  if (file < 0) return state;
  char bytes[16384];
  const long size = ::syscall(SYS_read, file, bytes, sizeof bytes);
  ::syscall(SYS_close, file);
  if (size <= 0) return state;
  const std::string_view text(bytes, static_cast<std::size_t>(size));
  state.is_known = true;
  std::size_t from = 0;
  for (const StatusLine& line : kStatus) {
    const std::string_view value = value_of(text, line.field, from);
    if (!value.empty())
      state.status.append(line.field).append(value);
    else
      state.is_known = state.is_known && line.is_optional;
  }
  for (std::uint64_t caught = signals_of(text, kCaught); caught != 0; caught &= caught - 1)
    ::sigaction(std::countr_zero(caught) + 1, nullptr, &state.handlers.emplace_back());
  std::string_view resident = value_of(text, kResident);
  resident.remove_prefix(std::min(resident.find_first_not_of(' '), resident.size()));
  std::from_chars(resident.data(), resident.data() + resident.size(), state.resident);
  return state;
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
