// dyad-worker: a slim, single-threaded zygote. It forks executors; an executor loads one image and runs it. Slim,
// because a fork costs what the process has mapped: no LLVM, no TBB. Single-threaded, because a fork copies one thread
// only.
//
// Under any other name (a link beside an image) it is that image as a program: it loads NAME.so and runs it with its
// own arguments. So a test can execute argv[0], as GoogleTest's death tests do.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "backends/abi/backend.h"
#include "backends/abi/package.h"
#include "backends/dll/protocol.hpp"
#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

namespace {

using namespace dyad::dll;

void copy_text(char (&to)[256], const char* text) { std::snprintf(to, sizeof to, "%s", text); }

/// The package in `image`, or null and why.
const dyad_package* load(const char* image, std::string& problem) {
  void* library = dlopen(image, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    problem = dlerror();
    return nullptr;
  }
  auto entry = reinterpret_cast<dyad_package_entry_fn>(dlsym(library, DYAD_PACKAGE_SYMBOL));
  const dyad_package* package = entry == nullptr ? nullptr : entry(DYAD_PACKAGE_ABI);
  if (package == nullptr) problem = std::string(image) + ": not a package image of this version of dyad";
  return package;
}

struct Request {
  std::string bytes;
  char* image = nullptr;
  char* cwd = nullptr;
  std::vector<char*> argv, envp;  ///< into `bytes`, NULL-terminated

  /// False if the bytes are not a request.
  bool read_from(int fd) {
    char buffer[1 << 16];
    for (off_t at = 0;;) {
      ssize_t got = pread(fd, buffer, sizeof buffer, at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return false;
      if (got == 0) break;
      bytes.append(buffer, static_cast<std::size_t>(got));
      at += got;
    }
    if (bytes.empty() || bytes.back() != '\0') return false;
    char* next = bytes.data();
    char* const end = next + bytes.size();
    auto take = [&]() -> char* {
      if (next == end) return nullptr;
      char* text = next;
      next += std::strlen(next) + 1;
      return text;
    };
    image = take();
    argv.push_back(take());
    cwd = take();
    if (cwd == nullptr) return false;
    for (auto* list : {&argv, &envp}) {
      char* text = take();
      for (; text != nullptr && *text != '\0'; text = take()) list->push_back(text);
      if (text == nullptr) return false;
      list->push_back(nullptr);
    }
    return true;
  }
};

/// The end of the run's pipe in an executor, until the image is loaded.
constexpr int kEnding = 5;

/// In the executor: becomes the process that backend.h describes. False if that is not possible.
bool settle_in(const Request& request, const int (&fds)[kMostStartFds], pid_t zygote) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != zygote) return false;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int from[] = {null, fds[kCaptureFd], fds[kCaptureFd], fds[kEventFd], fds[kInputFd], fds[kEndingFd]};
  static_assert(DYAD_CHILD_EVENT_FD == 3 && DYAD_CHILD_INPUT_FD == 4 && std::size(from) == kEnding + 1);
  // They may stand in each other's places: first all out of the way.
  for (int& fd : from)
    if (fd >= 0) fd = fcntl(fd, F_DUPFD_CLOEXEC, 64);
  for (int to = 0; to <= kEnding; ++to) {
    if (to == DYAD_CHILD_INPUT_FD && from[to] < 0)
      close(to);
    else if (from[to] < 0 || dup2(from[to], to) < 0)
      return false;
  }
  fcntl(kEnding, F_SETFD, FD_CLOEXEC);
  close_range(kEnding + 1, ~0u, 0);
  signal(SIGPIPE, SIG_DFL);  // the zygote ignores it; all others have their defaults already
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  return chdir(request.cwd) == 0;
}

[[noreturn]] void execute(Request& request, const int (&fds)[kMostStartFds], pid_t zygote) {
  Ending ending{Ending::kLoadFailed, 0, {}};
  std::string problem;
  const dyad_package* package = nullptr;
  if (settle_in(request, fds, zygote)) {
    environ = request.envp.data();
    dyad::inputs::begin_inputs(request.argv.data(), environ);
    package = load(request.image, problem);
  } else {
    problem = std::string("cannot prepare a process in ") + request.cwd + ": " + std::strerror(errno);
  }
  if (package == nullptr) {
    copy_text(ending.text, problem.c_str());
    if (write(kEnding, &ending, sizeof ending) < 0) _exit(DYAD_EXIT_LOAD_FAILED);
    _exit(DYAD_EXIT_LOAD_FAILED);
  }
  close(kEnding);
  exit(package->main(static_cast<int>(request.argv.size()) - 1, request.argv.data()));
}

class Zygote {
 public:
  int run() {
    signal(SIGPIPE, SIG_IGN);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    int child_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    Greeting greeting{};
    std::snprintf(greeting.version, sizeof greeting.version, "%s", DYAD_VERSION);
    if (child_fd < 0 || send(kWorkerSocket, &greeting, sizeof greeting, MSG_NOSIGNAL) < 0) return 1;
    pollfd polled[] = {{kWorkerSocket, POLLIN, 0}, {child_fd, POLLIN, 0}};
    for (;;) {
      if (poll(polled, 2, -1) < 0 && errno != EINTR) break;
      if (polled[1].revents != 0) {
        signalfd_siginfo ignored;
        while (read(child_fd, &ignored, sizeof ignored) > 0) {
        }
        reap();
      }
      if (polled[0].revents != 0 && !take_order()) break;
    }
    // The host has gone, however it went.
    for (auto& [run, executor] : executors_) kill_group(executor.pid, SIGKILL);
    return 0;
  }

 private:
  struct Executor {
    pid_t pid;
    int ending_fd;
  };

  static void kill_group(pid_t pid, int signal) {
    if (kill(-pid, signal) != 0) kill(pid, signal);
  }

  static void tell(int fd, Ending::Kind kind, int status, const char* text) {
    Ending ending{kind, status, {}};
    copy_text(ending.text, text);
    // Nobody is there to be told if the pipe is gone.
    if (write(fd, &ending, sizeof ending) < 0) return;
  }

  void reap() {
    for (;;) {
      // Not reaped yet: what it left in its group can still be found by its id.
      siginfo_t info{};
      if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
      kill(-info.si_pid, SIGKILL);
      int status = 0;
      waitpid(info.si_pid, &status, 0);
      for (auto it = executors_.begin(); it != executors_.end(); ++it) {
        if (it->second.pid != info.si_pid) continue;
        tell(it->second.ending_fd, Ending::kWaitStatus, status, "");
        close(it->second.ending_fd);
        executors_.erase(it);
        break;
      }
    }
  }

  /// False when the host has closed its end.
  bool take_order() {
    Order order{};
    iovec part{&order, sizeof order};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostStartFds)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got = recvmsg(kWorkerSocket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return errno == EINTR;
    if (got != sizeof order) return false;
    if (order.kind == Order::kKill) {
      auto executor = executors_.find(order.run);
      if (executor != executors_.end()) kill_group(executor->second.pid, order.signal);
      return true;
    }
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return false;
    int fds[kMostStartFds];
    std::fill(std::begin(fds), std::end(fds), -1);
    if (header->cmsg_len == CMSG_LEN(sizeof fds))
      std::memcpy(fds, CMSG_DATA(header), sizeof fds);
    else if (header->cmsg_len == CMSG_LEN(sizeof(int) * kInputFd))  // without an input log
      std::memcpy(fds, CMSG_DATA(header), sizeof(int) * kInputFd);
    else
      return false;
    start(order.run, fds);
    return true;
  }

  void start(std::uint64_t run, const int (&fds)[kMostStartFds]) {
    Request request;
    pid_t zygote = getpid();
    pid_t pid = -1;
    if (request.read_from(fds[kRequestFd])) pid = fork();
    if (pid == 0) execute(request, fds, zygote);
    if (pid > 0) {
      setpgid(pid, pid);  // here too: a kill may come before the child gets there
      executors_[run] = {pid, fds[kEndingFd]};
    } else {
      tell(fds[kEndingFd], Ending::kNotStarted, 0, (std::string("fork: ") + std::strerror(errno)).c_str());
      close(fds[kEndingFd]);
    }
    for (int i = 0; i < kMostStartFds; ++i)
      if (i != kEndingFd && fds[i] >= 0) close(fds[i]);
  }

  std::map<std::uint64_t, Executor> executors_;
};

int run_as_program(int argc, char** argv) {
  dyad::inputs::begin_inputs(argv, environ);
  std::string problem;
  const dyad_package* package = load((std::string(argv[0]) + ".so").c_str(), problem);
  if (package != nullptr) return package->main(argc, argv);
  std::fprintf(stderr, "%s: %s\n", kWorkerName, problem.c_str());
  return DYAD_EXIT_LOAD_FAILED;
}

}  // namespace

int main(int argc, char** argv) {
  const char* slash = argc > 0 ? std::strrchr(argv[0], '/') : nullptr;
  const char* name = slash != nullptr ? slash + 1 : argc > 0 ? argv[0] : kWorkerName;
  if (std::strcmp(name, kWorkerName) != 0) return run_as_program(argc, argv);
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kWorkerSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    std::fprintf(stderr, "%s %s is a part of dyad and is started by it\n", kWorkerName, DYAD_VERSION);
    return 2;
  }
  fcntl(kWorkerSocket, F_SETFD, FD_CLOEXEC);
  // Here and not in every executor.
  dyad::inputs::resolve_real_functions();
  return Zygote().run();
}
