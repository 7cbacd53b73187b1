#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "backends/abi/backend.h"
#include "backends/dll/audit.hpp"
#include "backends/dll/executor.hpp"
#include "backends/dll/request.hpp"
#include "backends/dll/shared_image.hpp"
#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

namespace dyad::dll {
namespace {

using inputs::real;

/// Where an executor has its socket: out of the way of tests, as the runtime's own descriptors are.
constexpr int kSocket = 199, kSocketIfFew = 9;

/// stdout's buffer. The C library's own would be made by the first package that prints, and one that a package sets
/// must be noticed.
char g_output_buffer[4096];

/// Set when an image has registered a function that stays for ever.
bool g_ends_with_process = false;

void copy_text(char (&to)[256], const std::string& text) { std::snprintf(to, sizeof to, "%s", text.c_str()); }

class Executor {
 public:
  /// The process becomes one that knows nothing of the zygote.
  Executor(int socket, std::uint64_t secret, pid_t zygote) : secret_(secret) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != zygote) _exit(1);
    // What tests leave running comes to us, so that it can be seen.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto move_socket = [&](int to) { return socket == to ? to : dup3(socket, to, O_CLOEXEC); };
    socket_ = move_socket(kSocket);
    if (socket_ < 0) socket_ = move_socket(kSocketIfFew);
    if (socket_ < 0) _exit(1);
    // Before anything is opened: the zygote may have as many as there is room for.
    close_range(3, static_cast<unsigned>(socket_) - 1, 0);
    close_range(static_cast<unsigned>(socket_) + 1, ~0u, 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) have_no_room(errno);
    for (int fd : {0, 1, 2}) dup2(null, fd);
    close(null);
    // The kernel shall take a test that has eaten all memory, not dyad.
    if (int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score >= 0) {
      [[maybe_unused]] ssize_t written = write(score, "800", 3);
      close(score);
    }
    signal(SIGPIPE, SIG_DFL);  // the zygote ignores it; all others have their defaults already
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::setvbuf(stdout, g_output_buffer, _IOLBF, sizeof g_output_buffer);
  }

  [[noreturn]] void serve() {
    std::optional<Audit> audit;
    for (;;) {
      RunOrder order{};
      int fds[kMostRunFds];
      if (!receive(order, fds)) _exit(0);
      if (!audit) {
        set_limits(order);
        audit.emplace(socket_);
      }
      Ending ending{Ending::kReturned, 0, secret_, {}};
      ending.status = run(order, fds);
      if (order.then == RunOrder::kAudit) copy_text(ending.text, audit->find_difference());
      Audit::put_back_unseen();
      tell(socket_, ending);
      if (ending.text[0] != '\0') _exit(0);
    }
  }

 private:
  static void set_limits(const RunOrder& order) {
    rlimit limit{};
    if (order.core == 0 && getrlimit(RLIMIT_CORE, &limit) == 0) {
      limit.rlim_cur = 0;
      setrlimit(RLIMIT_CORE, &limit);
    }
    if (order.memory == 0 || getrlimit(RLIMIT_DATA, &limit) != 0) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, order.memory);
    setrlimit(RLIMIT_DATA, &limit);
  }

  [[noreturn]] void have_no_room(int error) const {
    Ending ending{Ending::kNotStarted, error, secret_, {}};
    copy_text(ending.text, std::string("cannot prepare a process: ") + std::strerror(error));
    tell(socket_, ending);
    _exit(DYAD_EXIT_LOAD_FAILED);
  }

  /// False when nothing more is wanted.
  bool receive(RunOrder& order, int (&fds)[kMostRunFds]) const {
    iovec part{&order, sizeof order};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got;
    while ((got = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (got != sizeof order) return false;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    std::fill(std::begin(fds), std::end(fds), -1);
    const std::size_t size = header == nullptr ? 0 : header->cmsg_len - CMSG_LEN(0);
    if ((message.msg_flags & MSG_CTRUNC) != 0) have_no_room(EMFILE);
    if (size != sizeof fds && size != sizeof(int) * kInputFd) return false;  // without an input log
    std::memcpy(fds, CMSG_DATA(header), size);
    return true;
  }

  /// Descriptors as backend.h says, and the working directory. False if that is not possible.
  static bool settle_in(const Request& request, const int (&fds)[kMostRunFds]) {
    const int from[] = {-1, fds[kCaptureFd], fds[kCaptureFd], fds[kEventFd], fds[kInputFd]};
    static_assert(DYAD_CHILD_EVENT_FD == 3 && DYAD_CHILD_INPUT_FD == 4);
    // They may stand in each other's places: first all out of the way.
    int moved[std::size(from)];
    for (std::size_t i = 1; i < std::size(from); ++i) moved[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, 10);
    const int error = errno;
    for (int i = 0; i < kMostRunFds; ++i)
      if (fds[i] >= 0) close(fds[i]);
    bool ok = true;
    errno = error;
    for (int to = 1; to < static_cast<int>(std::size(from)); ++to) {
      const int fd = moved[static_cast<std::size_t>(to)];
      if (fd < 0 && to == DYAD_CHILD_INPUT_FD) continue;
      ok = ok && fd >= 0 && dup2(fd, to) == to;
      close(fd);
    }
    return ok && chdir(request.cwd) == 0;
  }

  /// Runs an image and unmaps it. Returns what its main returned, or ends the process as a program would.
  int run(const RunOrder& order, const int (&fds)[kMostRunFds]) const {
    // Kept beyond this run: an environment that another thread still reads.
    static Request request;
    std::string problem;
    SharedImage image;
    if (!request.read_from(fds[kRequestFd])) {
      problem = "a damaged request";
    } else if (!settle_in(request, fds)) {
      if (errno == EMFILE || errno == ENFILE) have_no_room(errno);
      problem = std::string("cannot prepare a process in ") + request.cwd + ": " + std::strerror(errno);
    } else {
      environ = request.envp.data();
      // What assert() and others call us.
      program_invocation_name = request.argv[0];
      char* slash = std::strrchr(request.argv[0], '/');
      program_invocation_short_name = slash == nullptr ? request.argv[0] : slash + 1;
      inputs::begin_inputs(request.argv.data(), environ);
      problem = image.load(request.image);
    }
    if (!problem.empty()) {
      Ending ending{Ending::kLoadFailed, 0, secret_, {}};
      copy_text(ending.text, problem);
      tell(socket_, ending);
      _exit(DYAD_EXIT_LOAD_FAILED);
    }
    if (order.then == RunOrder::kEnd) close(socket_);
    const int code = image.package()->main(static_cast<int>(request.argv.size()) - 1, request.argv.data());
    if (order.then == RunOrder::kEnd || g_ends_with_process || !image.unload()) exit(code);
    std::cout.flush();
    std::clog.flush();
    std::fflush(nullptr);
    inputs::end_inputs();
    return code;
  }

  std::uint64_t secret_;
  int socket_ = -1;
};

}  // namespace

void serve_as_executor(int socket, std::uint64_t secret, pid_t zygote) { Executor(socket, secret, zygote).serve(); }

void tell(int socket, const Ending& ending) {
  while (send(socket, &ending, sizeof ending, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace dyad::dll

// For the image that calls it, and then for good: the function would be gone when the image is. The C library takes
// handlers of the other kinds back when an image is unmapped.
extern "C" __attribute__((visibility("default"))) int on_exit(void (*function)(int, void*), void* argument) noexcept {
  dyad::dll::g_ends_with_process = true;
  static const auto next = reinterpret_cast<decltype(&on_exit)>(dyad::inputs::real().dlsym(RTLD_NEXT, "on_exit"));
  return next(function, argument);
}
