#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "host/plan/program.hpp"

namespace dyad::plan {
namespace {

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

struct Pipe {
  Descriptor read_end, write_end;
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end.fd = ends[0];
    write_end.fd = ends[1];
    return true;
  }
};

/// Appends what can be read now; closes the descriptor at the end of file.
void read_some(Descriptor& from, std::string& to) {
  std::array<char, 4096> buffer;
  ssize_t size = ::read(from.fd, buffer.data(), buffer.size());
  if (size > 0) {
    to.append(buffer.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    from.reset();
  }
}

void read_both(Descriptor& output, Descriptor& errors, Ended& ended) {
  while (output.fd >= 0 || errors.fd >= 0) {
    std::array<pollfd, 2> ends{{{output.fd, POLLIN, 0}, {errors.fd, POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (ends[0].revents != 0) read_some(output, ended.output);
    if (ends[1].revents != 0) read_some(errors, ended.errors);
  }
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Result<Ended> run_program(const std::vector<std::string>& argv) {
  std::vector<std::string> copies = argv;
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);

  Pipe output, errors;
  if (!output.open() || !errors.open()) return fail(fmt::format("cannot start {}: {}", argv[0], reason(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write_end.fd, 1);
  posix_spawn_file_actions_adddup2(&actions, errors.write_end.fd, 2);
  pid_t pid = -1;
  int error = ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) return fail(fmt::format("there is no program {}: install it", argv[0]));
  if (error != 0) return fail(fmt::format("cannot start {}: {}", argv[0], reason(error)));

  output.write_end.reset();
  errors.write_end.reset();
  Ended ended;
  read_both(output.read_end, errors.read_end, ended);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail(fmt::format("cannot wait for {}: {}", argv[0], reason(errno)));
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

}  // namespace dyad::plan
