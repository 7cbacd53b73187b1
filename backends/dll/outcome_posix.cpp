#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/dll/outcome.hpp"
#include "backends/dll/protocol.hpp"

namespace dyad::dll {
namespace {

enum class Received { kEnding, kForeign, kEnd };

/// Behind an empty message, or at the end, which looks like one?
bool is_at_end(int socket) {
  pollfd polled{socket, POLLIN, 0};
  if (::poll(&polled, 1, 0) >= 0 && (polled.revents & POLLHUP) == 0) return false;
  int bytes = 0;  // in all messages that are still there; no more can come
  return ::ioctl(socket, FIONREAD, &bytes) != 0 || bytes == 0;
}

Received receive(int socket, std::uint64_t secret, Ending& ending, bool& unread) {
  for (;;) {
    const ssize_t got = ::recv(socket, &ending, sizeof ending, MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    // A peer that has gone with something unread is told of once, before what it has said.
    if (got < 0 && errno == ECONNRESET) {
      unread = true;
      continue;
    }
    if (got < 0 || (got == 0 && is_at_end(socket))) return Received::kEnd;
    ending.text[sizeof ending.text - 1] = '\0';
    return got == sizeof ending && ending.secret == secret ? Received::kEnding : Received::kForeign;
  }
}

}  // namespace

Outcome read_outcome(int socket, std::uint64_t secret, bool killed, const std::function<void()>& kill) {
  Outcome outcome;
  bool returned = false, foreign = false;
  std::string load_problem;
  Ending ending;
  for (;;) {
    switch (receive(socket, secret, ending, outcome.unread)) {
      case Received::kEnd:
        return outcome;
      case Received::kForeign:
        if (!std::exchange(foreign, true)) kill();
        continue;
      case Received::kEnding:
        break;
    }
    switch (ending.kind) {
      case Ending::kLoadFailed:
        load_problem = ending.text;
        break;
      case Ending::kReturned:
        returned = true;
        outcome.kind = Outcome::Kind::kReturned;
        outcome.code = ending.status;
        outcome.text = ending.text;
        if (outcome.text.empty() && !killed && !foreign) return outcome;
        break;
      case Ending::kNotStarted:
      case Ending::kWaitStatus:
        if (returned) return outcome;
        outcome.code = ending.status;
        if (foreign) {
          outcome.kind = Outcome::Kind::kSpoilt;
        } else if (ending.kind == Ending::kNotStarted) {
          outcome.kind = Outcome::Kind::kNotStarted;
          outcome.text = ending.text;
        } else {
          outcome.kind = Outcome::Kind::kEnded;
          outcome.text = load_problem;
        }
        return outcome;
    }
  }
}

}  // namespace dyad::dll
