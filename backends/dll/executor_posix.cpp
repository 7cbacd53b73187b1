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
#include <string_view>
#include <utility>

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
    bool is_first = true;
    for (;;) {
      Received received;
      if (!receive(received)) _exit(0);
      const RunOrder& order = received.order;
      if (std::exchange(is_first, false)) set_limits(order);
      if (order.then == RunOrder::kAudit && !audit) audit.emplace(socket_);
      Ending ending{Ending::kReturned, 0, secret_, {}};
      ending.status = run(received);
      if (audit) copy_text(ending.text, audit->find_difference());
      Audit::put_back_unseen();
      tell(socket_, ending);
      if (ending.text[0] != '\0') _exit(0);
    }
  }

 private:
  struct Received {
    RunOrder order{};
    std::string_view request;  ///< in a buffer that the next one overwrites
    int event = -1, capture = -1, input = -1, file = -1;
  };

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
  bool receive(Received& received) const {
    static char text[kMostRequest];
    int fds[kMostRunFds];
    iovec parts[]{{&received.order, sizeof received.order}, {text, sizeof text}};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got;
    while ((got = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    const RunOrder& order = received.order;
    if (got < 0 || static_cast<std::size_t>(got) != sizeof order + order.request_size) return false;
    received.request = {text, order.request_size};
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    const std::size_t size = header == nullptr ? 0 : header->cmsg_len - CMSG_LEN(0);
    if ((message.msg_flags & MSG_CTRUNC) != 0) have_no_room(EMFILE);
    int* wanted[kMostRunFds] = {&received.event, &received.capture};
    std::size_t count = 2;
    if (order.has_log != 0) wanted[count++] = &received.input;
    if (order.request_size == 0) wanted[count++] = &received.file;
    if (size != sizeof(int) * count) return false;
    std::memcpy(fds, CMSG_DATA(header), size);
    for (std::size_t i = 0; i < count; ++i) *wanted[i] = fds[i];
    return true;
  }

  /// Descriptors as backend.h says, and the working directory. False if that is not possible.
  static bool settle_in(const Request& request, Received& received) {
    static_assert(DYAD_CHILD_EVENT_FD == 3 && DYAD_CHILD_INPUT_FD == 4);
    // One that stands where another is put before it gets out of the way. It does not happen after a test that leaves
    // 0, 1 and 2 alone.
    for (auto [fd, first_free] : {std::pair{&received.event, 3}, {&received.capture, 3}, {&received.input, 4}}) {
      if (*fd < 0 || *fd >= first_free) continue;
      const int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 10);
      if (moved < 0) return false;
      close(std::exchange(*fd, moved));
    }
    auto place = [](int fd, int to) {
      if (fd == to) return fcntl(fd, F_SETFD, 0) == 0;
      const bool placed = dup2(fd, to) == to;
      close(fd);
      return placed;
    };
    return dup2(received.capture, STDOUT_FILENO) >= 0 && place(received.capture, STDERR_FILENO) &&
           place(received.event, DYAD_CHILD_EVENT_FD) &&
           (received.input < 0 || place(received.input, DYAD_CHILD_INPUT_FD)) && chdir(request.cwd) == 0;
  }

  /// Runs an image and unmaps it. Returns what its main returned, or ends the process as a program would.
  int run(Received& received) const {
    // Kept beyond this run: an environment that another thread still reads.
    static Request request;
    std::string problem;
    SharedImage image;
    const bool is_request = received.file < 0 ? request.read(received.request) : request.read_from(received.file);
    if (received.file >= 0) close(received.file);
    if (!is_request) {
      problem = "a damaged request";
    } else if (!settle_in(request, received)) {
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
    const bool is_last = received.order.then == RunOrder::kEnd;
    if (is_last) close(socket_);
    const int code = image.package()->main(static_cast<int>(request.argv.size()) - 1, request.argv.data());
    if (is_last || g_ends_with_process || !image.unload()) exit(code);
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
