#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>

#include "host/run/keyboard.hpp"

namespace dyad::run {
namespace {

/// Runs `what` in a process whose terminal is a new one, to which `typed` is typed. Returns what it returned.
int in_terminal(const std::string& typed, const std::function<int()>& what) {
  const int keys = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (keys < 0 || ::grantpt(keys) != 0 || ::unlockpt(keys) != 0) return -1;
  const std::string name = ::ptsname(keys);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    const int terminal = ::open(name.c_str(), O_RDWR);  // becomes that of the session
    if (terminal < 0 || ::dup2(terminal, STDIN_FILENO) < 0) ::_exit(99);
    if (::write(keys, typed.data(), typed.size()) != static_cast<ssize_t>(typed.size())) ::_exit(98);
    ::_exit(what());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(keys);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 1000) > 0;
}

TEST(Keyboard, TakesLinesOfATerminal) {
  EXPECT_EQ(in_terminal("\nls\n",
                        [] {
                          Keyboard keyboard;
                          if (!is_readable(keyboard.fd())) return 1;
                          if (!keyboard.take_line()) return 2;
                          return keyboard.take_line() ? 3 : 0;  // both are taken
                        }),
            0);
}

TEST(Keyboard, HearsNothingBeforeEnter) {
  EXPECT_EQ(in_terminal("abc",
                        [] {
                          Keyboard keyboard;
                          return keyboard.fd() == STDIN_FILENO && !keyboard.take_line() ? 0 : 1;
                        }),
            0);
}

TEST(Keyboard, LeavesTheTerminalToWhoIsInFront) {
  EXPECT_EQ(in_terminal(
                "\n",
                [] {
                  const pid_t shell = ::getpgrp();
                  const pid_t pid = ::fork();
                  if (pid == 0) {
                    ::setpgid(0, 0);
                    Keyboard keyboard;
                    ::_exit(::tcgetpgrp(STDIN_FILENO) == shell && keyboard.fd() == -1 && !keyboard.take_line() ? 0 : 1);
                  }
                  int status = 0;
                  ::waitpid(pid, &status, 0);
                  // What was typed is still there.
                  return status == 0 && Keyboard().take_line() ? 0 : 1;
                }),
            0);
}

TEST(Keyboard, EndsWithItsInput) {
  EXPECT_EQ(in_terminal("\x04",
                        [] {
                          Keyboard keyboard;
                          return !keyboard.take_line() && keyboard.fd() == -1 ? 0 : 1;
                        }),
            0);
}

TEST(Keyboard, ReadsNothingElse) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "\n", 1), 1);
  const int before = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  ::dup2(ends[0], STDIN_FILENO);
  Keyboard keyboard;
  EXPECT_EQ(keyboard.fd(), -1);
  EXPECT_FALSE(keyboard.take_line());
  if (before >= 0) ::dup2(before, STDIN_FILENO);
  for (int fd : {before, ends[0], ends[1]}) ::close(fd);
}

}  // namespace
}  // namespace dyad::run
