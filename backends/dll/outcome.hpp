/// What has become of a run, as an executor's socket tells it: the executor, behind it the worker, and perhaps a test,
/// which finds the socket among its descriptors but does not know the secret.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace dyad::dll {

struct Outcome {
  enum class Kind {
    kReturned,    ///< the image's main has
    kEnded,       ///< the process has, before that
    kNotStarted,  ///< there was no room for it
    kSpoilt,      ///< the process has ended, and said something that dyad does not say
    kSilent       ///< the socket has ended, and nothing said why
  };
  Kind kind = Kind::kSilent;
  int code = 0;         ///< kReturned: of main; kEnded: as waitpid() gives it; kNotStarted: errno
  std::string text;     ///< kReturned: why the process takes no other image, or empty; kEnded: why the image was not
                        ///< loaded, or empty; kNotStarted: why
  bool unread = false;  ///< what was sent to the executor was never read: there was none
};

/// Reads `socket`, which is readable, until it knows. Waits for the process to end unless it takes another image; one
/// that was `killed` does not. `kill` is called, once, when something comes that does not have `secret`.
Outcome read_outcome(int socket, std::uint64_t secret, bool killed, const std::function<void()>& kill);

}  // namespace dyad::dll
