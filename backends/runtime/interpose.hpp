/// Functions of the C library, defined anew in the program that runs an image: each does what the library's does and
/// says in the input log what it looked at. The program comes first in the search for symbols, so calls from the image
/// and from libstdc++ and other libraries all come here; calls inside the C library do not, so every public way in has
/// a function of its own.
///
/// Weak: a test program may define a function of such a name itself (a fake of `connect`); an executable image then has
/// that one, and the log says that it was blinded. Not compiled into images: the runtime (run loop, testing.h) is.
#pragma once

#include <aliases.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstab.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <gshadow.h>
#include <iconv.h>
#include <ifaddrs.h>
#include <libintl.h>
#include <locale.h>
#include <mntent.h>
#include <net/if.h>
#include <netdb.h>
#include <nl_types.h>
#include <pthread.h>
#include <pwd.h>
#include <rpc/netdb.h>
#include <sched.h>
#include <shadow.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#include <wchar.h>
#include <wordexp.h>

#include "backends/abi/interposed.h"

/// Defines the function that is called `name` by everybody, as dyad_own_name. Not noexcept where the library's is a
/// point of cancellation: that unwinds through it. Not declared by its own name, so that the header's attributes
/// (nonnull) do not bind us.
#define DYAD_INTERPOSE(result, name, parameters)                                    \
  extern "C" result dyad_own_##name parameters;                                     \
  extern "C" __attribute__((weak, visibility("default"), alias("dyad_own_" #name))) \
  result dyad_shown_##name parameters __asm__(#name);                               \
  result dyad_own_##name parameters

namespace dyad::inputs {

/// The library's functions.
struct RealFunctions {
#define X(name) decltype(&::name) name;
  DYAD_INTERPOSED_FUNCTIONS(X)
#undef X
};

extern RealFunctions g_real;
extern bool g_real_ready;

/// Looks all of them up. Early and at once: the look-up takes locks, which a signal handler or a child of a process
/// with threads must not.
void resolve_real_functions();
inline const RealFunctions& real() {
  if (!__atomic_load_n(&g_real_ready, __ATOMIC_ACQUIRE)) resolve_real_functions();
  return g_real;
}

/// The name of a function that is not ours in this program, or null.
const char* find_hidden_function();
bool is_interposed(const char* name);

}  // namespace dyad::inputs
