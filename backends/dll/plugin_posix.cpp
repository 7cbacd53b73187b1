// The dll backend (v1): each image is a shared library, loaded by an executor, a process that dyad-worker forks. The
// worker is started by prepare() or the first start() and lives as long as the session; an executor that says that
// nothing is left of an image is given the next one.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "backends/abi/backend.h"
#include "backends/dll/outcome.hpp"
#include "backends/dll/protocol.hpp"
#include "backends/dll/request.hpp"

extern "C" char** environ;

namespace {

using namespace dyad::dll;

/// Milliseconds that a worker has to say who it is. A loaded machine is slow; a worker that says nothing is broken.
constexpr int kGreetingLimitMs = 30'000;
/// Milliseconds between the first and the last that a process which ends closes.
constexpr int kEndLimitMs = 100;
/// A worker that was ended is replaced once.
constexpr unsigned kMostWorkers = 2;

[[noreturn]] void throw_system_error(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Sends `message` and `text` behind it, with `count` descriptors. False and errno if nobody is there.
template <class Message>
bool send_message(int socket, const Message& message, std::string_view text, const int* fds, std::size_t count) {
  iovec parts[]{{const_cast<Message*>(&message), sizeof message}, {const_cast<char*>(text.data()), text.size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostRunFds)] = {};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = text.empty() ? 1 : 2;
  if (count > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return false;
  return true;
}

class Worker {
 public:
  explicit Worker(const std::string& program) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_system_error("socketpair");
    Descriptor ours(ends[0]), theirs(ends[1]);
    spawn(program, theirs.get());
    theirs = Descriptor();
    socket_ = std::move(ours);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { stop(); }

  /// Waits until it has said, once, that it is dyad's worker, of this build.
  void await_greeting(const std::string& program) {
    if (!std::exchange(has_greeted_, true)) read_greeting(program);
  }
  /// `socket`: kFork only, or -1.
  void send_order(const Order& order, int socket = -1) const {
    if (!send_message(socket_.get(), order, {}, &socket, socket < 0 ? 0 : 1))
      throw_system_error("dyad-worker does not listen");
  }

  /// Takes kEndLimitMs to say yes: the kernel may close its socket last of all that it had open.
  bool is_there() const {
    pollfd polled{socket_.get(), 0, 0};
    return ::poll(&polled, 1, kEndLimitMs) == 0;
  }

 private:
  void spawn(const std::string& program, int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    // dup2 onto itself would keep the close-on-exec flag; the socket is moved away first if it stands there.
    Descriptor moved(::fcntl(socket, F_DUPFD_CLOEXEC, kWorkerSocket + 1));
    if (moved.get() < 0) throw_system_error("fcntl");
    ::posix_spawn_file_actions_adddup2(&actions, moved.get(), kWorkerSocket);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    // A group of its own: Ctrl-C is for the host to pass on.
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    char name[] = "dyad-worker";
    char* argv[] = {name, nullptr};
    int failed = ::posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (failed == EAGAIN || failed == ENOMEM) throw std::system_error(failed, std::generic_category(), program);
    if (failed != 0) throw std::runtime_error(program + ": " + std::strerror(failed) + "; install dyad again");
  }

  void read_greeting(const std::string& program) {
    pollfd polled{socket_.get(), POLLIN, 0};
    int ready;
    while ((ready = ::poll(&polled, 1, kGreetingLimitMs)) < 0 && errno == EINTR) {
    }
    Greeting greeting{};
    if (ready <= 0 || ::recv(socket_.get(), &greeting, sizeof greeting, 0) != sizeof greeting)
      throw std::runtime_error(program + ": did not start as dyad's worker; install dyad again");
    greeting.version[sizeof greeting.version - 1] = '\0';
    if (std::string_view(greeting.version) != DYAD_VERSION " " DYAD_PROTOCOL)
      throw std::runtime_error(program + ": is of another build of dyad (" + greeting.version +
                               ", not " DYAD_VERSION " " DYAD_PROTOCOL "); install dyad again");
  }

  void stop() {
    socket_ = Descriptor();  // it ends, and its executors with it
    int status;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  Descriptor socket_;
  pid_t pid_ = -1;
  bool has_greeted_ = false;
};

Descriptor hold_in_memory(std::string_view bytes) {
  Descriptor file(::memfd_create("dyad-request", MFD_CLOEXEC));
  if (file.get() < 0) throw_system_error("memfd_create");
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) throw_system_error("memfd");
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

/// Sends a run to an executor, the request with it or, if it is too large for a message, as a file. False and errno if
/// nobody is there. `fds` has room for one more than `count`.
bool send_run(int socket, RunOrder order, const std::string& request, int* fds, std::size_t count) {
  if (request.size() <= kMostRequest) {
    order.request_size = static_cast<std::uint32_t>(request.size());
    if (send_message(socket, order, request, fds, count)) return true;
    if (errno != EMSGSIZE) return false;  // the system may allow less
  }
  const Descriptor file = hold_in_memory(request);
  fds[count++] = file.get();
  order.request_size = 0;
  return send_message(socket, order, {}, fds, count);
}

/// The path that, executed, runs the image again: a link to the worker beside it.
std::string make_program_link(const std::string& image, const std::string& worker) {
  constexpr std::string_view kSuffix = ".so";
  if (!image.ends_with(kSuffix)) throw std::runtime_error(image + ": a shared image must be called *.so");
  std::string link = image.substr(0, image.size() - kSuffix.size());
  if (::symlink(worker.c_str(), link.c_str()) != 0 && errno != EEXIST) throw_system_error(link);
  return link;
}

template <std::size_t kSize>
void say(char (&to)[kSize], const std::string& text) {
  std::snprintf(to, kSize, "%s", text.c_str());
}

}  // namespace

namespace {

struct Executor {
  std::uint64_t id;
  std::uint64_t secret;
  Descriptor socket;
  unsigned runs = 0;       ///< that have begun
  std::string last_image;  ///< file name

  bool is_quiet() const {
    pollfd polled{socket.get(), POLLIN, 0};
    return ::poll(&polled, 1, 0) == 0;
  }
};

}  // namespace

struct dyad_session {
  std::string worker_program;
  std::unique_ptr<Worker> worker;
  unsigned workers = 0;  ///< that were started
  std::vector<std::unique_ptr<Executor>> idle;
  std::set<dyad_process*> processes;  ///< started and not finished
  std::uint64_t last_executor = 0;

  /// A new one is tried once: whatever ends it may do so again and again.
  void spawn_worker() {
    if (worker) return;
    if (workers == kMostWorkers) throw std::runtime_error("dyad-worker was ended from outside, twice");
    worker = std::make_unique<Worker>(worker_program);
    ++workers;
  }
  void need_worker() {
    spawn_worker();
    try {
      worker->await_greeting(worker_program);
    } catch (...) {
      worker.reset();
      --workers;
      throw;
    }
  }
  /// Is the one still there that was to fork this process' executor?
  bool has_worker_of(const dyad_process& process) const;
  /// It is gone, and all that it ran with it.
  void lose_worker() {
    idle.clear();
    worker.reset();
  }
};

struct dyad_process {
  dyad_session* session;
  std::unique_ptr<Executor> executor;
  unsigned worker;  ///< which one forked the executor
  bool shared;
  bool listens;  ///< the executor, as far as start() could tell
  std::string ran_before;
  bool signalled = false, killed = false;
};

bool dyad_session::has_worker_of(const dyad_process& process) const {
  return process.worker == workers && worker && worker->is_there();
}

namespace {

dyad_session* open_session(const dyad_host* host, dyad_error* error) {
  auto session = std::make_unique<dyad_session>();
  session->worker_program = std::string(host->lib_dir) + "/" + kWorkerName;
  if (::access(session->worker_program.c_str(), X_OK) != 0) {
    say(error->text, session->worker_program + ": " + std::strerror(errno) + "; install dyad again");
    return nullptr;
  }
  return session.release();
}

void prepare(dyad_session* session) try {
  session->spawn_worker();
} catch (const std::exception&) {
  // start() tries again, and says why.
}

std::unique_ptr<Executor> fork_executor(dyad_session& session) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_system_error("socketpair");
  auto executor = std::make_unique<Executor>(Executor{++session.last_executor, 0, Descriptor(ends[0]), 0, {}});
  if (::getrandom(&executor->secret, sizeof executor->secret, 0) != sizeof executor->secret)
    throw_system_error("getrandom");
  Descriptor theirs(ends[1]);
  const Order order{Order::kFork, 0, executor->id, executor->secret};
  session.need_worker();
  try {
    session.worker->send_order(order, theirs.get());
  } catch (const std::exception&) {
    session.lose_worker();
    session.need_worker();
    session.worker->send_order(order, theirs.get());
  }
  return executor;
}

/// One that waits for an image, if there is one that has not died meanwhile.
std::unique_ptr<Executor> take_idle(dyad_session& session) {
  while (!session.idle.empty()) {
    std::unique_ptr<Executor> executor = std::move(session.idle.back());
    session.idle.pop_back();
    if (executor->is_quiet()) return executor;
  }
  return nullptr;
}

dyad_process* start(dyad_session* session, const dyad_start* what, dyad_error* error) try {
  const std::uint32_t sharing =
      what->size > offsetof(dyad_start, sharing) ? what->sharing : std::uint32_t{DYAD_OWN_PROCESS};
  const bool shared = sharing != DYAD_OWN_PROCESS;
  std::string program = make_program_link(what->image, session->worker_program);
  const std::string request = write_request(*what, program);
  const bool has_log = what->size > offsetof(dyad_start, input_fd) && what->input_fd >= 0;
  int fds[kMostRunFds] = {what->event_fd, what->capture_fd};
  std::size_t count = 2;
  if (has_log) fds[count++] = what->input_fd;
  std::uint32_t then = RunOrder::kEnd;
  if (shared) then = sharing == DYAD_ANY_PROCESS ? RunOrder::kNext : RunOrder::kAudit;
  RunOrder order{.then = then, .core = 0, .memory = 0, .has_log = has_log, .request_size = 0};
  if (what->size > offsetof(dyad_start, memory)) {
    order.core = what->core;
    order.memory = what->memory;
  }

  bool listens = true;
  std::unique_ptr<Executor> executor = shared ? take_idle(*session) : nullptr;
  if (executor != nullptr && !send_run(executor->socket.get(), order, request, fds, count)) executor.reset();
  if (executor == nullptr) {
    executor = fork_executor(*session);
    // One that was not forked, for which finish() has the reason, does not listen.
    listens = send_run(executor->socket.get(), order, request, fds, count);
    if (!listens && errno != EPIPE && errno != ECONNRESET) throw_system_error("an executor does not listen");
  }
  ++executor->runs;
  std::string_view image = what->image;
  std::string before = std::exchange(executor->last_image, std::string(image.substr(image.rfind('/') + 1)));
  auto process = std::make_unique<dyad_process>(session, std::move(executor), session->workers, shared, listens,
                                                std::move(before));
  session->processes.insert(process.get());
  return process.release();
} catch (const std::system_error& problem) {
  say(error->text, problem.what());
  errno = problem.code().value();
  return nullptr;
} catch (const std::exception& problem) {
  say(error->text, problem.what());
  errno = 0;
  return nullptr;
}

int ended_fd(dyad_process* process) { return process->executor->socket.get(); }

void kill_group(dyad_process* process, int signal) try {
  process->signalled = true;
  process->killed = process->killed || signal == SIGKILL;
  // Through the worker, the parent: it knows whether the id is still that process.
  if (process->session->worker) process->session->worker->send_order({Order::kKill, signal, process->executor->id, 0});
} catch (const std::exception&) {
  // The worker is gone, and its executors with it.
}

void finish(dyad_process* process, dyad_end* end) {
  std::unique_ptr<dyad_process> owner(process);
  process->session->processes.erase(process);
  Executor& executor = *process->executor;
  const Outcome outcome =
      read_outcome(executor.socket.get(), executor.secret, process->killed, [&] { kill_group(process, SIGKILL); });
  auto tell = [&](std::uint32_t kind, int code, const std::string& text) {
    end->kind = kind;
    end->code = code;
    say(end->text, text);
  };
  using Kind = Outcome::Kind;
  switch (outcome.kind) {
    case Kind::kReturned:
      tell(DYAD_END_EXITED, outcome.code, "");
      break;
    case Kind::kEnded:
      if (WIFSIGNALED(outcome.code))
        tell(DYAD_END_SIGNALED, WTERMSIG(outcome.code), outcome.text);
      else
        tell(DYAD_END_EXITED, WEXITSTATUS(outcome.code), outcome.text);
      break;
    case Kind::kNotStarted:
      tell(DYAD_END_NOT_STARTED, outcome.code, outcome.text);
      break;
    case Kind::kSpoilt:
      tell(DYAD_END_LOST, 0, "it has written into dyad's own descriptors");
      break;
    case Kind::kSilent:
      if (!process->session->has_worker_of(*process)) {
        tell(DYAD_END_LOST, 0, "dyad-worker ended");
        if (process->worker == process->session->workers) process->session->lose_worker();
      } else if (outcome.unread || !process->listens) {
        tell(DYAD_END_NOT_STARTED, EMFILE, "dyad-worker has no room for a descriptor");
      } else {
        tell(DYAD_END_LOST, 0, "it has shut down dyad's own connections");
        kill_group(process, SIGKILL);
      }
      break;
  }
  const bool returned = outcome.kind == Kind::kReturned;
  const std::string retired = returned ? outcome.text : "";
  if (end->size > offsetof(dyad_end, retired)) {
    end->runs_before = executor.runs - 1;
    say(end->ran_before, process->ran_before);
    say(end->retired, retired);
  }
  if (returned && process->shared && retired.empty() && !process->signalled)
    process->session->idle.push_back(std::move(process->executor));
}

int lost(dyad_session* session) { return !session->worker && session->workers == kMostWorkers ? 1 : 0; }

void close_session(dyad_session* session) {
  session->lose_worker();
  for (dyad_process* process : session->processes) delete process;
  delete session;
}

constexpr dyad_backend kBackend{
    .abi = DYAD_BACKEND_ABI,
    .size = sizeof(dyad_backend),
    .name = "dll",
    .version = DYAD_VERSION,
    .artifact = DYAD_ARTIFACT_SHARED,
    .open = open_session,
    .start = start,
    .ended_fd = ended_fd,
    .kill = kill_group,
    .finish = finish,
    .close = close_session,
    .lost = lost,
    .prepare = prepare,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const dyad_backend* dyad_backend_entry(std::uint32_t host_abi) {
  return host_abi == DYAD_BACKEND_ABI ? &kBackend : nullptr;
}
