// The exe backend (v2): each image is a program of its own. Boost.Process v2 starts it with vfork, never with a fork of
// the host, which is large and has many threads.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Not included by 1.81's own headers, which use them.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/optional.hpp>
#include <boost/process/v2/posix/vfork_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "backends/abi/backend.h"

namespace process = boost::process::v2;

struct dyad_session {
  int null = -1;                      // /dev/null
  std::set<dyad_process*> processes;  // started and not finished
  std::set<pid_t> children_before;    // of the host, none of ours
};

struct dyad_process {
  explicit dyad_process(dyad_session* owner) : session(owner) {}
  dyad_session* session;
  // A context for each process: vfork_launcher tells the context of a fork in the child, which shares our memory; a
  // context that has no reactor yet has nothing to spoil.
  boost::asio::io_context context{1};
  std::unique_ptr<process::process> child;
  int ended_fd = -1;
};

namespace {

constexpr int kCrashCode = DYAD_EXIT_LOAD_FAILED;

constexpr int kBusyTries = 1000;  ///< a millisecond each

/// What happens between vfork and exec. The child shares our memory: only system calls are allowed.
struct ChildSetup {
  int null, event_fd, capture_fd, input_fd;
  bool core;
  std::uint64_t memory;  // 0: no limit
  const char* cwd;
  pid_t host;

  template <class Launcher, class Path, class Arguments>
  process::error_code on_exec_setup(Launcher&, const Path&, const Arguments&) const {
    ::setpgid(0, 0);
    // Bound to the thread that started us: the host's dispatcher, which lives as long as its processes.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != host) return process::error_code(ESRCH, process::system_category());
    // What tests leave running comes to the process, so that it can be seen.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    limit(RLIMIT_CORE, 0, !core);
    limit(RLIMIT_DATA, memory, memory != 0);
    // The kernel shall take a test that has eaten all memory, not dyad.
    if (int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score >= 0) {
      [[maybe_unused]] ssize_t written = ::write(score, "800", 3);
      ::close(score);
    }
    // Handlers go before signals are let through: they would run here, in the host's memory.
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // The descriptors may stand in each other's places: first all out of the way.
    int events = ::fcntl(event_fd, F_DUPFD, 10), capture = ::fcntl(capture_fd, F_DUPFD, 10),
        in = ::fcntl(null, F_DUPFD, 10), inputs = input_fd < 0 ? -1 : ::fcntl(input_fd, F_DUPFD, 10);
    bool ok = events >= 0 && capture >= 0 && in >= 0 && (input_fd < 0 || inputs >= 0) && ::dup2(in, 0) >= 0 &&
              ::dup2(capture, 1) >= 0 && ::dup2(capture, 2) >= 0 && ::dup2(events, DYAD_CHILD_EVENT_FD) >= 0 &&
              (input_fd < 0 || ::dup2(inputs, DYAD_CHILD_INPUT_FD) >= 0) && ::chdir(cwd) == 0;
    return ok ? process::error_code() : process::error_code(errno, process::system_category());
  }
  static void limit(__rlimit_resource which, rlim_t most, bool wanted) {
    rlimit limits{};
    if (!wanted || ::getrlimit(which, &limits) != 0) return;
    limits.rlim_cur = std::min(limits.rlim_max, most);
    ::setrlimit(which, &limits);
  }
  /// The launcher would go on to exit(), and run the host's exit handlers.
  template <class... Ignored>
  void on_exec_error(Ignored&&...) const {
    ::_exit(kCrashCode);
  }
};

template <std::size_t kSize>
void say(char (&to)[kSize], const std::string& text) {
  std::snprintf(to, kSize, "%s", text.c_str());
}

/// Calls `each` for the children of this process, whichever thread has made them.
template <class Each>
void for_each_child(Each each) {
  std::error_code failed;
  for (std::filesystem::directory_iterator task("/proc/self/task", failed), end; !failed && task != end;
       task.increment(failed)) {
    std::ifstream children(task->path() / "children");
    for (pid_t pid; children >> pid;) each(pid);
  }
}

/// Whether the host itself has started this child for its own purposes: it is in its group, or is the other backend's.
bool is_of_host(pid_t pid) {
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  return ::getpgid(pid) == ::getpgrp() || (std::getline(comm, name) && name == "dyad-worker");
}

/// Kills what processes that have ended have left behind in groups and sessions of their own, and their children. It
/// has come to the host, which is a subreaper.
void kill_orphans(const dyad_session& session) {
  for (bool any = true; any;) {
    any = false;
    for_each_child([&](pid_t pid) {
      bool known = session.children_before.contains(pid) || is_of_host(pid);
      for (const dyad_process* process : session.processes) known = known || process->child->id() == pid;
      if (known) return;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      any = true;
    });
  }
}

dyad_session* open_session(const dyad_host*, dyad_error* error) {
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) {
    say(error->text, std::string("/dev/null: ") + std::strerror(errno));
    return nullptr;
  }
  auto session = std::make_unique<dyad_session>();
  session->null = null;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for_each_child([&](pid_t pid) { session->children_before.insert(pid); });
  return session.release();
}

dyad_process* start(dyad_session* session, const dyad_start* what, dyad_error* error) try {
  std::vector<std::string> arguments;
  for (char* const* argument = what->argv; *argument != nullptr; ++argument) arguments.emplace_back(*argument);
  auto started = std::make_unique<dyad_process>(session);
  const int input_fd = what->size > offsetof(dyad_start, input_fd) ? what->input_fd : -1;
  process::error_code failed;
  pid_t pid = -1;
  const bool has_limits = what->size > offsetof(dyad_start, memory);
  ChildSetup setup{session->null,
                   what->event_fd,
                   what->capture_fd,
                   input_fd,
                   has_limits && what->core != 0,
                   has_limits ? what->memory : 0,
                   what->cwd,
                   ::getpid()};
  auto launch = [&] {
    process::posix::vfork_launcher launcher;  // a new one each time: launching uses its white list up
    launcher.env = what->envp;
    launcher.fd_whitelist.push_back(DYAD_CHILD_EVENT_FD);
    if (input_fd >= 0) launcher.fd_whitelist.push_back(DYAD_CHILD_INPUT_FD);
    failed.clear();
    auto child = launcher(started->context.get_executor(), failed, what->image, arguments, setup);
    pid = launcher.pid;
    return child;
  };
  auto child = launch();
  // A child that another thread is just forking may hold the file that the linker wrote open, until it executes.
  for (int tries = 0; failed.value() == ETXTBSY && tries < kBusyTries; ++tries) {
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    ::usleep(1000);
    child = launch();
  }
  if (failed) {
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    say(error->text, std::string(what->image) + ": " + failed.message());
    errno = failed.value();
    return nullptr;
  }
  started->child = std::make_unique<process::process>(std::move(child));
  started->ended_fd = static_cast<int>(::syscall(SYS_pidfd_open, started->child->id(), 0));
  if (started->ended_fd < 0) {
    const int problem = errno;
    say(error->text, std::string("pidfd_open: ") + std::strerror(problem));
    started->child->terminate();
    errno = problem;
    return nullptr;
  }
  session->processes.insert(started.get());
  return started.release();
} catch (const boost::system::system_error& problem) {
  say(error->text, std::string(what->image) + ": " + problem.what());
  errno = problem.code().value();
  return nullptr;
} catch (const std::exception& problem) {
  say(error->text, std::string(what->image) + ": " + problem.what());
  errno = 0;
  return nullptr;
}

int ended_fd(dyad_process* child) { return child->ended_fd; }

void kill_group(dyad_process* child, int signal) {
  // Not reaped before finish(): the id is still ours, also of its group.
  if (::kill(-child->child->id(), signal) != 0) ::kill(child->child->id(), signal);
}

void finish(dyad_process* child, dyad_end* end) {
  std::unique_ptr<dyad_process> owner(child);
  child->session->processes.erase(child);
  ::kill(-child->child->id(), SIGKILL);  // what the process left behind in its group
  int status = 0;
  while (::waitpid(child->child->id(), &status, 0) < 0 && errno == EINTR) {
  }
  child->child->detach();
  kill_orphans(*child->session);
  ::close(child->ended_fd);
  if (WIFSIGNALED(status)) {
    end->kind = DYAD_END_SIGNALED;
    end->code = WTERMSIG(status);
  } else {
    end->kind = DYAD_END_EXITED;
    end->code = WEXITSTATUS(status);
  }
  end->text[0] = '\0';
  if (end->size > offsetof(dyad_end, retired)) {
    end->runs_before = 0;
    end->ran_before[0] = end->retired[0] = '\0';
  }
}

void close_session(dyad_session* session) {
  while (!session->processes.empty()) {
    dyad_process* child = *session->processes.begin();
    dyad_end ignored{};
    kill_group(child, SIGKILL);
    finish(child, &ignored);
  }
  ::close(session->null);
  delete session;
}

constexpr dyad_backend kBackend{
    .abi = DYAD_BACKEND_ABI,
    .size = sizeof(dyad_backend),
    .name = "exe",
    .version = DYAD_VERSION,
    .artifact = DYAD_ARTIFACT_EXECUTABLE,
    .open = open_session,
    .start = start,
    .ended_fd = ended_fd,
    .kill = kill_group,
    .finish = finish,
    .close = close_session,
    .lost = nullptr,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const dyad_backend* dyad_backend_entry(std::uint32_t host_abi) {
  return host_abi == DYAD_BACKEND_ABI ? &kBackend : nullptr;
}
