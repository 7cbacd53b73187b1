#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <climits>
#include <iostream>
#include <iterator>
#include <utility>

#include "backends/runtime/capture.hpp"
#include "backends/runtime/kept_descriptors.hpp"
#include "backends/runtime/surroundings.hpp"

extern "C" char** environ;

namespace dyad::runtime {
namespace {

std::ostream* const kStreams[] = {&std::cout, &std::cerr, &std::clog};

}  // namespace

void Surroundings::begin(int descriptor, bool sanitized) {
  descriptor_ = descriptor;
  sanitized_ = sanitized;
  int tasks = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tasks < 0) return;
  tasks_ = move_out_of_the_way(tasks);
  ::close(tasks);
}

void Surroundings::end() {
  if (tasks_ >= 0) ::close(tasks_);
  descriptor_ = tasks_ = -1;
}

Surroundings::State Surroundings::look() const {
  State now{};
  struct stat status;
  if (tasks_ >= 0 && ::fstat(tasks_, &status) == 0) now.threads = static_cast<std::size_t>(status.st_nlink);
  siginfo_t child{};
  // One that has ended and was not waited for does no harm.
  now.children = ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid == 0;
  now.free_descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3);
  if (now.free_descriptor < 0 && restore_descriptor(descriptor_))
    now.free_descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3);
  if (now.free_descriptor >= 0) ::close(now.free_descriptor);
  itimerval timer{};
  now.timer = ::getitimer(ITIMER_REAL, &timer) == 0 && (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0);
  now.umask = ::umask(0);
  ::umask(now.umask);
  now.rounding = std::fegetround();
  for (std::size_t i = 0; i < std::size(kStreams); ++i)
    now.formats[i] = {kStreams[i]->flags(), kStreams[i]->precision(), kStreams[i]->width(), kStreams[i]->fill()};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    now.environment = now.environment * 31 + reinterpret_cast<std::uintptr_t>(*entry);
  if (const char* name = ::setlocale(LC_ALL, nullptr)) now.locale = name;
  char directory[PATH_MAX];
  if (::getcwd(directory, sizeof directory) != nullptr) now.directory = directory;
  return now;
}

void Surroundings::test_begins(bool at_once) {
  if (descriptor_ >= 0 && !(at_once && is_known_)) before_ = look();
}

std::vector<std::string> Surroundings::test_ended() {
  std::vector<std::string> left;
  if (descriptor_ < 0) return left;
  State now = look();
  if (now.directory != before_.directory && !before_.directory.empty() && ::chdir(before_.directory.c_str()) != 0)
    left.push_back("working directory");
  if (now.umask != before_.umask) ::umask(before_.umask);
  if (now.rounding != before_.rounding) std::fesetround(before_.rounding);
  for (std::size_t i = 0; i < std::size(kStreams); ++i) {
    const Format& format = before_.formats[i];
    if (now.formats[i] == format) continue;
    kStreams[i]->flags(format.flags);
    kStreams[i]->precision(format.precision);
    kStreams[i]->width(format.width);
    kStreams[i]->fill(format.fill);
  }
  if (now.timer && !before_.timer) {
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    left.push_back("timer");
  }
  if (!sanitized_) {
    if (now.threads > before_.threads) left.push_back("thread");
    if (now.children && !before_.children) left.push_back("process");
    if (now.free_descriptor > before_.free_descriptor) left.push_back("descriptor");
  }
  if (now.environment != before_.environment) left.push_back("environment");
  if (now.locale != before_.locale) left.push_back("locale");
  // What was put back is as before; a directory that could not be is looked at again.
  is_known_ = now.directory == before_.directory;
  now.umask = before_.umask;
  now.rounding = before_.rounding;
  std::copy(std::begin(before_.formats), std::end(before_.formats), std::begin(now.formats));
  now.timer = before_.timer;
  before_ = std::move(now);
  return left;
}

}  // namespace dyad::runtime
