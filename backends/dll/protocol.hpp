/// What the plugin, dyad-worker and its executors say to each other. All of them are built together; the greeting makes
/// sure of it. Native byte order: all ends are on one machine.
///
/// dyad-worker is the zygote: its socket carries orders to fork an executor and to send signals to one. Each executor
/// has a socket of its own (both SOCK_SEQPACKET), over which the plugin hands it one image after the other, without a
/// detour. The zygote keeps a copy of the executor's end: what becomes of the process is told there too, behind all
/// that the process said itself.
///
///   worker   -> plugin    Greeting               once, at start
///   plugin   -> worker    Order kFork            + descriptor: the executor's end of its socket
///   plugin   -> worker    Order kKill
///   plugin   -> executor  RunOrder, request      + descriptors: event channel, capture file, the input log if there
///                                                is one, and the request if it is too large for the message
///   executor -> plugin    Ending kReturned       the run has ended, and the executor waits for the next, unless `text`
///                                                says why it does not: then it exits
///   executor -> plugin    Ending kLoadFailed     why the image was not loaded; the executor exits
///   executor -> plugin    Ending kNotStarted     there was no room for a run (descriptors); the executor exits
///   worker   -> plugin    Ending kNotStarted     there was no room for an executor
///   worker   -> plugin    Ending kWaitStatus     the executor has ended, and its socket with it
///
/// A socket that ends without a word is that of an executor that was never forked: there was no room for its descriptor
/// in the worker.
///
/// The request is text behind the RunOrder, or a memfd, so that no environment is too large: NUL-terminated strings, in
/// this order: image, argv[0], cwd, the other arguments, an empty string, the environment, an empty string.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::dll {

inline constexpr char kWorkerName[] = "dyad-worker";
/// The worker's end of its socket.
inline constexpr int kWorkerSocket = 3;

struct Greeting {
  char version[64];  ///< of dyad, and a digest of this file
};

struct Order {
  enum Kind : std::uint32_t { kFork = 1, kKill = 2 };
  std::uint32_t kind;
  std::int32_t signal;     ///< kKill
  std::uint64_t executor;  ///< chosen by the plugin, never used twice
  std::uint64_t secret;    ///< kFork: what every Ending of this executor must hold
};

struct RunOrder {
  enum Then : std::uint32_t {
    kEnd = 0,    ///< the process ends with this image, as a program would
    kAudit = 1,  ///< it waits for the next if nothing is left of this one
    kNext = 2    ///< it waits for the next
  };
  std::uint32_t then;  ///< of an executor that waits for the next, the same for all its runs
  std::uint32_t core;
  std::uint64_t memory;  ///< as dyad_start has them; the same for all runs of an executor
  std::uint32_t has_log;
  std::uint32_t request_size;  ///< bytes behind this in the message; 0: the request is a file
};
inline constexpr std::size_t kMostRequest = 32 << 10;  ///< bytes that a message takes
inline constexpr std::size_t kMostRunFds = 4;

struct Ending {
  enum Kind : std::uint32_t { kLoadFailed = 1, kWaitStatus = 2, kNotStarted = 3, kReturned = 4 };
  std::uint32_t kind;
  std::int32_t status;  ///< kWaitStatus: as waitpid() gives it; kReturned: what the image's main returned; kNotStarted:
                        ///< errno
  /// A test that writes into all descriptors it finds does not know it; other messages are not looked at.
  std::uint64_t secret;
  char text[256];  ///< kLoadFailed, kNotStarted: why; kReturned: what the audit found, or empty
};

}  // namespace dyad::dll
