/// A backend for tests of the runner: its processes are forks of the test program, each of which plays a script.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backends/abi/backend.h"
#include "host/run/backend.hpp"

namespace dyad::run {

/// What the process of a script can do. In the child, after fork: no assertions here.
struct Child {
  std::string image;
  std::string directory;
  std::vector<std::string> arguments;
  int event_fd;
  int input_fd;

  bool has(const std::string& argument) const {
    return std::find(arguments.begin(), arguments.end(), argument) != arguments.end();
  }
  /// The value of "--name=value", or "".
  std::string value(const std::string& name) const {
    for (const std::string& argument : arguments)
      if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
    return "";
  }
  void send(const std::string& bytes) const { write_all(event_fd, bytes); }
  void print(const std::string& text) const { write_all(1, text); }
  static void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t done = write(fd, bytes.data(), bytes.size());
      if (done <= 0) _exit(99);
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  [[noreturn]] static void die(int signal) {
    std::signal(signal, SIG_DFL);
    raise(signal);
    _exit(98);
  }
  [[noreturn]] static void hang() {
    for (;;) pause();
  }
};

using Script = std::function<int(const Child&)>;

/// Scripts by the base name of the image. Calls and what they were given are recorded in the parent.
struct FakeBackend {
  std::map<std::string, Script> scripts;
  std::vector<std::string> starts;  ///< "name: arguments", without the paths
  std::vector<std::string> images;
  std::string start_error;  ///< not empty: start() fails with it
  std::size_t running = 0, most_running = 0;

  static FakeBackend& current() {
    static FakeBackend* backend = new FakeBackend;
    return *backend;
  }
  /// A new one, and the Backend that uses it.
  static Backend make() {
    current() = {};
    return std::move(*Backend::open(table(), "/nowhere"));
  }

  static const dyad_backend& table();
};

struct FakeProcess {
  pid_t pid;
  int pidfd;
};

inline dyad_process* fake_start(dyad_session*, const dyad_start* start, dyad_error* error) {
  FakeBackend& backend = FakeBackend::current();
  if (!backend.start_error.empty()) {
    std::snprintf(error->text, sizeof error->text, "%s", backend.start_error.c_str());
    return nullptr;
  }
  Child child{.image = start->image, .directory = start->cwd, .event_fd = start->event_fd, .input_fd = start->input_fd};
  std::string name = std::filesystem::path(start->image).stem();
  std::string line = name + ":";
  for (char* const* argument = start->argv; *argument; ++argument) {
    child.arguments.emplace_back(*argument);
    if (!child.arguments.back().starts_with("--temp-dir=") && !child.arguments.back().starts_with("--events-fd="))
      line += " " + child.arguments.back();
  }
  backend.starts.push_back(line);
  backend.images.push_back(start->image);
  Script script = backend.scripts.at(name);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(97);
    for (int number : {SIGQUIT, SIGTERM, SIGINT, SIGTSTP}) ::signal(number, SIG_DFL);
    dup2(start->capture_fd, 1);
    dup2(start->capture_fd, 2);
    _exit(script(child));
  }
  setpgid(pid, pid);
  backend.most_running = std::max(backend.most_running, ++backend.running);
  auto* process = new FakeProcess{pid, static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
  return reinterpret_cast<dyad_process*>(process);
}

inline const dyad_backend& FakeBackend::table() {
  static auto unwrap = [](dyad_process* process) { return reinterpret_cast<FakeProcess*>(process); };
  static const dyad_backend functions{
      .abi = DYAD_BACKEND_ABI,
      .size = sizeof(dyad_backend),
      .name = "fake",
      .version = "0",
      .artifact = DYAD_ARTIFACT_SHARED,
      .open = [](const dyad_host*, dyad_error*) { return reinterpret_cast<dyad_session*>(&FakeBackend::current()); },
      .start = fake_start,
      .ended_fd = [](dyad_process* process) { return unwrap(process)->pidfd; },
      .kill = [](dyad_process* process, int signal) { ::kill(-unwrap(process)->pid, signal); },
      .finish =
          [](dyad_process* handle, dyad_end* end) {
            FakeProcess* process = unwrap(handle);
            siginfo_t info{};
            waitid(P_PID, static_cast<id_t>(process->pid), &info, WEXITED | WNOWAIT);
            ::kill(-process->pid, SIGKILL);
            waitid(P_PID, static_cast<id_t>(process->pid), &info, WEXITED);
            end->kind = info.si_code == CLD_EXITED ? DYAD_END_EXITED : DYAD_END_SIGNALED;
            end->code = info.si_status;
            close(process->pidfd);
            delete process;
            --FakeBackend::current().running;
          },
      .close = [](dyad_session*) {},
  };
  return functions;
}

}  // namespace dyad::run
