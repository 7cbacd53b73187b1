// dyad-worker: a slim, single-threaded zygote. It forks executors, each of which runs one image after the other
// (executor.hpp). Slim, because a fork costs what the process has mapped: no LLVM, no TBB. Single-threaded, because a
// fork copies one thread only.
//
// Under any other name (a link beside an image) it is that image as a program: it loads NAME.so and runs it with its
// own arguments. So a test can execute argv[0], as GoogleTest's death tests do.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "backends/abi/backend.h"
#include "backends/abi/package.h"
#include "backends/dll/executor.hpp"
#include "backends/dll/protocol.hpp"
#include "backends/dll/shared_image.hpp"
#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

namespace {

using namespace dyad::dll;

class Zygote {
 public:
  int run() {
    signal(SIGPIPE, SIG_IGN);
    // What executors leave behind comes to us, not to init.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    int child_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    Greeting greeting{};
    std::snprintf(greeting.version, sizeof greeting.version, "%s", DYAD_VERSION " " DYAD_PROTOCOL);
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
    for (auto& [id, executor] : executors_) kill_group(executor.pid, SIGKILL);
    while (!executors_.empty()) {
      poll(polled + 1, 1, -1);
      signalfd_siginfo ignored;
      while (read(child_fd, &ignored, sizeof ignored) > 0) {
      }
      reap();
    }
    return 0;
  }

 private:
  struct Executor {
    pid_t pid;
    int socket;  ///< a copy of its own
    std::uint64_t secret;
  };

  static void kill_group(pid_t pid, int signal) {
    if (kill(-pid, signal) != 0) kill(pid, signal);
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
        kill_orphans();
        tell(it->second.socket, {Ending::kWaitStatus, status, it->second.secret, {}});
        close(it->second.socket);
        executors_.erase(it);
        break;
      }
    }
  }

  /// Kills what executors that have ended have left to us, daemons with groups and sessions of their own included, and
  /// then their children, until there are none.
  void kill_orphans() const {
    for (bool any = true; any;) {
      any = false;
      std::FILE* children = std::fopen("/proc/thread-self/children", "re");
      if (children == nullptr) return;
      int pid;
      while (std::fscanf(children, "%d", &pid) == 1) {
        bool ours = false;
        for (const auto& [id, executor] : executors_) ours = ours || executor.pid == pid;
        if (ours) continue;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        any = true;
      }
      std::fclose(children);
    }
  }

  /// False when the host has closed its end.
  bool take_order() {
    Order order{};
    iovec part{&order, sizeof order};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got = recvmsg(kWorkerSocket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return errno == EINTR;
    if (got != sizeof order) return false;
    if (order.kind == Order::kKill) {
      auto executor = executors_.find(order.executor);
      if (executor != executors_.end()) kill_group(executor->second.pid, order.signal);
      return true;
    }
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    // There was no room for the descriptor: the plugin sees its end of the socket end.
    if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(int))) return true;
    int socket;
    std::memcpy(&socket, CMSG_DATA(header), sizeof socket);
    start(order.executor, order.secret, socket);
    return true;
  }

  void start(std::uint64_t id, std::uint64_t secret, int socket) {
    pid_t zygote = getpid();
    pid_t pid = fork();
    if (pid == 0) serve_as_executor(socket, secret, zygote);
    if (pid > 0) {
      setpgid(pid, pid);  // here too: a kill may come before the child gets there
      executors_[id] = {pid, socket, secret};
      return;
    }
    Ending ending{Ending::kNotStarted, errno, secret, {}};
    std::snprintf(ending.text, sizeof ending.text, "fork: %s", std::strerror(errno));
    tell(socket, ending);
    close(socket);
  }

  std::map<std::uint64_t, Executor> executors_;
};

int run_as_program(int argc, char** argv) {
  dyad::inputs::begin_inputs(argv, environ);
  SharedImage image;
  std::string problem = image.load((std::string(argv[0]) + ".so").c_str());
  if (problem.empty()) return image.package()->main(argc, argv);
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
