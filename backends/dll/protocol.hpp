/// What the plugin and dyad-worker say to each other, over a socket of type SOCK_SEQPACKET and a pipe per run. Both are
/// built together; the greeting makes sure of it. Native byte order: both ends are on one machine.
///
///   worker -> plugin   Greeting                       once, at start
///   plugin -> worker   Order kStart + descriptors     {request, event channel, capture file, end of the run's pipe,
///                                                      input log if there is one}
///   plugin -> worker   Order kKill
///   worker -> plugin   Ending                         through the run's pipe, then it is closed
///
/// The request is a memfd, so that no environment is too large for a message: NUL-terminated strings, in this order:
/// image, argv[0], cwd, the other arguments, an empty string, the environment, an empty string. An executor that cannot
/// load its image says why through the same pipe (Ending kLoadFailed), before its end.
#pragma once

#include <cstdint>

namespace dyad::dll {

inline constexpr char kWorkerName[] = "dyad-worker";
/// The worker's end of the socket.
inline constexpr int kWorkerSocket = 3;

struct Greeting {
  char version[64];
};

struct Order {
  enum Kind : std::uint32_t { kStart = 1, kKill = 2 };
  std::uint32_t kind;
  std::int32_t signal;  ///< kKill
  std::uint64_t run;    ///< chosen by the plugin, never used twice
};
enum { kRequestFd, kEventFd, kCaptureFd, kEndingFd, kInputFd, kMostStartFds };

/// Smaller than PIPE_BUF: written and read whole.
struct Ending {
  enum Kind : std::uint32_t { kLoadFailed = 1, kWaitStatus = 2, kNotStarted = 3 };
  std::uint32_t kind;
  std::int32_t status;  ///< kWaitStatus: as waitpid() gives it
  char text[256];       ///< kLoadFailed, kNotStarted
};

}  // namespace dyad::dll
