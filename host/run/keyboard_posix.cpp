#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "host/run/keyboard.hpp"

namespace dyad::run {

Keyboard::Keyboard() : ended_(::isatty(STDIN_FILENO) != 1) {}

int Keyboard::fd() const {
  // Fails for a terminal that is not ours.
  return !ended_ && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp() ? STDIN_FILENO : -1;
}

bool Keyboard::take_line() {
  if (fd() < 0) return false;
  bool any = false;
  // Who is put into the background at this moment shall get an error, and not be stopped.
  sigset_t background, before;
  ::sigemptyset(&background);
  ::sigaddset(&background, SIGTTIN);
  ::pthread_sigmask(SIG_BLOCK, &background, &before);
  char typed[256];
  for (pollfd polled{fd(), POLLIN, 0}; polled.fd >= 0 && ::poll(&polled, 1, 0) > 0; polled.fd = fd()) {
    const ssize_t got = ::read(STDIN_FILENO, typed, sizeof typed);
    if (got > 0) any = any || typed[got - 1] == '\n';
    // Ctrl-D, or the terminal is gone.
    if (got == 0 || (got < 0 && errno != EINTR)) ended_ = ended_ || fd() >= 0;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return any;
}

}  // namespace dyad::run
