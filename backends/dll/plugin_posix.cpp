// The dll backend (v1): each image is a shared library, loaded by a process that dyad-worker forks. The worker is
// started on the first start() and lives as long as the session.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "backends/abi/backend.h"
#include "backends/dll/protocol.hpp"

extern "C" char** environ;

namespace {

using namespace dyad::dll;

/// Milliseconds that a worker has to say who it is. A loaded machine is slow; a worker that says nothing is broken.
constexpr int kGreetingLimitMs = 30'000;

[[noreturn]] void throw_system_error(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
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

class Worker {
 public:
  explicit Worker(const std::string& program) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_system_error("socketpair");
    Descriptor ours(ends[0]), theirs(ends[1]);
    spawn(program, theirs.get());
    theirs = Descriptor();
    socket_ = std::move(ours);
    try {
      read_greeting(program);
    } catch (...) {
      stop();
      throw;
    }
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { stop(); }

  /// `fds`: `count` of them, kStart only.
  void send_order(const Order& order, const int* fds = nullptr, std::size_t count = 0) const {
    iovec part{const_cast<Order*>(&order), sizeof order};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostStartFds)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fds != nullptr) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * count);
      std::memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    while (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0)
      if (errno != EINTR) throw_system_error("dyad-worker does not listen");
  }

 private:
  void spawn(const std::string& program, int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    // dup2 onto itself would keep the close-on-exec flag; the socket is moved away first if it stands there.
    Descriptor moved(::fcntl(socket, F_DUPFD_CLOEXEC, kWorkerSocket + 1));
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
    if (std::string_view(greeting.version) != DYAD_VERSION)
      throw std::runtime_error(program + ": is of dyad " + greeting.version +
                               ", not " DYAD_VERSION "; install dyad again");
  }

  void stop() {
    socket_ = Descriptor();  // it ends, and its executors with it
    int status;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  Descriptor socket_;
  pid_t pid_ = -1;
};

/// As protocol.hpp says.
Descriptor write_request(const dyad_start& what, const std::string& program) {
  std::string bytes;
  auto add = [&](std::string_view text) { bytes.append(text).push_back('\0'); };
  add(what.image);
  add(program);
  add(what.cwd);
  for (char* const* list : {what.argv, what.envp}) {
    for (; *list != nullptr; ++list)
      if (**list != '\0') add(*list);
    add("");
  }
  Descriptor file(::memfd_create("dyad-request", MFD_CLOEXEC));
  if (file.get() < 0) throw_system_error("memfd_create");
  for (std::string_view rest = bytes; !rest.empty();) {
    ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR) throw_system_error("memfd");
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
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

struct dyad_session {
  std::string worker_program;
  std::unique_ptr<Worker> worker;
  std::uint64_t last_run = 0;
};

struct dyad_process {
  dyad_session* session;
  std::uint64_t run;
  Descriptor ending;
};

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

dyad_process* start(dyad_session* session, const dyad_start* what, dyad_error* error) try {
  if (!session->worker) session->worker = std::make_unique<Worker>(session->worker_program);
  std::string program = make_program_link(what->image, session->worker_program);
  Descriptor request = write_request(*what, program);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_system_error("pipe");
  auto started = std::make_unique<dyad_process>(dyad_process{session, ++session->last_run, Descriptor(ends[0])});
  Descriptor theirs(ends[1]);
  const bool has_log = what->size > offsetof(dyad_start, input_fd) && what->input_fd >= 0;
  const std::size_t count = has_log ? kMostStartFds : kInputFd;
  int fds[kMostStartFds];
  fds[kRequestFd] = request.get();
  fds[kEventFd] = what->event_fd;
  fds[kCaptureFd] = what->capture_fd;
  fds[kEndingFd] = theirs.get();
  fds[kInputFd] = has_log ? what->input_fd : -1;
  try {
    session->worker->send_order({Order::kStart, 0, started->run}, fds, count);
  } catch (const std::exception&) {
    // It is gone, and what it ran with it. A new one is tried once.
    session->worker.reset();
    session->worker = std::make_unique<Worker>(session->worker_program);
    session->worker->send_order({Order::kStart, 0, started->run}, fds, count);
  }
  return started.release();
} catch (const std::exception& problem) {
  say(error->text, problem.what());
  return nullptr;
}

int ended_fd(dyad_process* process) { return process->ending.get(); }

void kill_group(dyad_process* process, int signal) try {
  // Through the worker, the parent: it knows whether the id is still that process.
  if (process->session->worker) process->session->worker->send_order({Order::kKill, signal, process->run});
} catch (const std::exception&) {
  // The worker is gone, and its executors with it.
}

void finish(dyad_process* process, dyad_end* end) {
  std::unique_ptr<dyad_process> owner(process);
  end->kind = DYAD_END_LOST;
  end->code = 0;
  say(end->text, "dyad-worker ended");
  std::string load_problem;
  Ending ending{};
  for (;;) {
    ssize_t got = ::read(process->ending.get(), &ending, sizeof ending);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof ending) return;
    ending.text[sizeof ending.text - 1] = '\0';
    if (ending.kind == Ending::kLoadFailed) {
      load_problem = ending.text;
      continue;
    }
    break;
  }
  if (ending.kind == Ending::kNotStarted) {
    say(end->text, ending.text);
    return;
  }
  end->kind = WIFSIGNALED(ending.status) ? DYAD_END_SIGNALED : DYAD_END_EXITED;
  end->code = WIFSIGNALED(ending.status) ? WTERMSIG(ending.status) : WEXITSTATUS(ending.status);
  say(end->text, load_problem);
}

void close_session(dyad_session* session) { delete session; }

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
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const dyad_backend* dyad_backend_entry(std::uint32_t host_abi) {
  return host_abi == DYAD_BACKEND_ABI ? &kBackend : nullptr;
}
