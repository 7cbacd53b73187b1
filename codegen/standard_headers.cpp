#include "codegen/standard_headers.hpp"

#include <llvm/ADT/StringSet.h>
#include <llvm/Support/Path.h>

#include <string>

#include "codegen/driver_arguments.hpp"

namespace dyad::codegen {

namespace {

/// The C library's headers that lie in the open, beside everybody else's.
bool is_c_library_name(llvm::StringRef name) {
  static const llvm::StringSet<> names{
      "aio.h",          "aliases.h",  "alloca.h",  "ar.h",          "argp.h",     "argz.h",     "assert.h",
      "byteswap.h",     "complex.h",  "cpio.h",    "ctype.h",       "dirent.h",   "dlfcn.h",    "elf.h",
      "endian.h",       "envz.h",     "err.h",     "errno.h",       "error.h",    "execinfo.h", "fcntl.h",
      "features.h",     "fenv.h",     "fmtmsg.h",  "fnmatch.h",     "fstab.h",    "fts.h",      "ftw.h",
      "getopt.h",       "glob.h",     "grp.h",     "gshadow.h",     "iconv.h",    "ifaddrs.h",  "inttypes.h",
      "langinfo.h",     "lastlog.h",  "libgen.h",  "libintl.h",     "limits.h",   "link.h",     "locale.h",
      "malloc.h",       "math.h",     "mcheck.h",  "memory.h",      "mntent.h",   "monetary.h", "mqueue.h",
      "netdb.h",        "nl_types.h", "nss.h",     "obstack.h",     "paths.h",    "poll.h",     "printf.h",
      "proc_service.h", "pthread.h",  "pty.h",     "pwd.h",         "re_comp.h",  "regex.h",    "regexp.h",
      "resolv.h",       "sched.h",    "search.h",  "semaphore.h",   "setjmp.h",   "sgtty.h",    "shadow.h",
      "signal.h",       "spawn.h",    "stab.h",    "stdc-predef.h", "stdint.h",   "stdio.h",    "stdio_ext.h",
      "stdlib.h",       "string.h",   "strings.h", "syscall.h",     "sysexits.h", "syslog.h",   "tar.h",
      "termio.h",       "termios.h",  "tgmath.h",  "thread_db.h",   "threads.h",  "time.h",     "ttyent.h",
      "uchar.h",        "ucontext.h", "ulimit.h",  "unistd.h",      "utime.h",    "utmp.h",     "utmpx.h",
      "values.h",       "wait.h",     "wchar.h",   "wctype.h",      "wordexp.h"};
  return names.contains(name);
}

}  // namespace

bool is_standard_header(llvm::StringRef path) {
  static const std::string resources = resource_directory() + "/";
  if (path.starts_with(resources)) return true;
  llvm::SmallString<256> plain(path);
  llvm::sys::path::remove_dots(plain, /*remove_dot_dot=*/true);
  llvm::StringRef rest = plain;
  if (!rest.consume_front("/usr/include/")) return rest.starts_with("/usr/lib/gcc/") && rest.contains("/include/");
  // Debian's folder for an architecture has the same layout once more.
  const auto [first, behind] = rest.split('/');
  if (first.contains("-linux-gnu") && !behind.empty()) rest = behind;
  if (rest.starts_with("c++/")) return true;
  for (llvm::StringRef folder :
       {"bits/", "sys/", "gnu/", "asm/", "asm-generic/", "linux/", "arpa/", "net/", "netinet/", "rpc/", "scsi/"})
    if (rest.starts_with(folder)) return true;
  return !rest.contains('/') && is_c_library_name(rest);
}

}  // namespace dyad::codegen
