/// Whether a process in which a package has run is as it was before: only then may the next one run in it.
///
/// Compares, and repairs nothing. What cannot be seen, the state of rand(), drand48() and getopt(), and the sticky
/// floating-point flags, is to be put back each time. The working directory and the environment are not looked at,
/// since each run gets its own. Not seen: what tests have written into the memory of others, memory that they still
/// hold (but for its amount), that memory yet to come is to be locked, namespaces. A test that fails because of such
/// things is tried again in a new process.
///
/// It is done after every package and so has to take microseconds: the kernel says much of it in one text,
/// /proc/self/status, in less time than 30 calls take, and much of that is compared as it stands.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <ios>
#include <locale>
#include <new>
#include <streambuf>
#include <string>
#include <vector>

namespace dyad::dll {

class Audit {
 public:
  /// As this process is now it shall be. `socket`: its only descriptor besides 0, 1 and 2.
  explicit Audit(int socket);

  /// Empty, or one word or two for the first thing that is not as it was: "thread", "signal SIGALRM".
  std::string find_difference();
  static void put_back_unseen();

 private:
  struct Identity {
    pid_t group, session;
    int priority, scheduler;
    dev_t root_device;
    ino_t root;
    int dumpable, death_signal, keep_capabilities, subreaper;
    int personality;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Stream {
    std::streambuf* buffer;
    std::ios_base::fmtflags flags;
    std::streamsize precision, width;
    std::ios_base::iostate exceptions;
    void* tie;
    int fill;
    std::locale locale;
    friend bool operator==(const Stream&, const Stream&) = default;
  };
  struct File {
    std::FILE* file;
    int descriptor;
    const char* buffer;
    friend bool operator==(const File&, const File&) = default;
  };
  /// What is compared as a whole, a member a word.
  struct State {
    bool is_known;       ///< the kernel tells enough to compare
    std::string status;  ///< lines of /proc/self/status
    long resident;       ///< memory in KiB; the only one that may be another
    std::vector<struct sigaction> handlers;  ///< of the signals that are caught, by number
    Identity identity;
    unsigned long long images;  ///< objects that the dynamic loader has mapped
    std::array<rlimit, RLIM_NLIMITS> limits;
    int rounding, traps;
    unsigned sse_control;
    std::array<Stream, 8> streams;
    std::array<File, 3> files;
    std::locale locale;
    std::string c_locale;
    std::terminate_handler terminate;
    std::new_handler out_of_memory;
    long time_zone;
    std::string time_zone_name;
    unsigned next_key;  ///< what pthread_key_create would return
  };
  /// The first four members.
  static State take_status();
  static void take_rest(State& state);
  std::string find_open_descriptor() const;
  static bool has_timer();

  int socket_;
  State before_;
};

}  // namespace dyad::dll
