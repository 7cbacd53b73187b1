// A library for LD_PRELOAD that makes one call of dyad fail, or kills dyad at it; edits a file at a chosen moment; or
// sets dyad's clock. Only the program itself is affected: its children, the worker and the tests, are left alone.
//
//   FAULT_ROOT   calls count that use a path below this directory, or a descriptor of one
//   FAULT_CALLS  their names with commas, ",create,write,"; unset: all
//   FAULT_AT     the number, from 1, of the call to intervene at; 0 or unset: none
//   FAULT_DO     "kill" before the call, "kill-after" it, or the number of an errno to fail with
//   FAULT_ON     "one" call (default), or "all" from that one on
//   FAULT_LOG    a file that gets a line for each call that counts: "write v2/temporary/0123", "!" before those that failed
//   FAULT_EDIT   a file: when dyad has read and closed it for the first time, FAULT_EDIT_FROM is renamed to it
//   FAULT_CLOCK  seconds that are added to the clock
//
// strace's injection counts the calls of each thread, whatever file they are about; here the n-th call is the same one
// in every run, as far as dyad's own order is.
#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

static const char *root, *only, *edit, *edit_from;
static int at, on_all, do_kill, do_kill_after, do_error, log_file = -1;
static long long clock_offset_s;
static atomic_int calls, edited;

__attribute__((constructor)) static void start(void) {
  char self[PATH_MAX] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !strrchr(self, '/') || strcmp(strrchr(self, '/'), "/dyad") != 0)
    return;
  const char *text;
  root = getenv("FAULT_ROOT");
  only = getenv("FAULT_CALLS");
  edit = getenv("FAULT_EDIT");
  edit_from = getenv("FAULT_EDIT_FROM");
  at = (text = getenv("FAULT_AT")) ? atoi(text) : 0;
  on_all = (text = getenv("FAULT_ON")) && strcmp(text, "all") == 0;
  clock_offset_s = (text = getenv("FAULT_CLOCK")) ? atoll(text) : 0;
  text = getenv("FAULT_DO");
  do_kill = text && strcmp(text, "kill") == 0;
  do_kill_after = text && strcmp(text, "kill-after") == 0;
  do_error = text && !do_kill && !do_kill_after ? atoi(text) : 0;
  if ((text = getenv("FAULT_LOG")))
    log_file = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int path_of_descriptor(int fd, char *to) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long size = syscall(SYS_readlinkat, AT_FDCWD, link, to, PATH_MAX - 1);
  to[size < 0 ? 0 : size] = 0;
  return size > 0;
}

static const char *below_root(const char *path) {
  size_t size = strlen(root);
  if (strncmp(path, root, size) != 0) return 0;
  return path[size] == '/' ? path + size + 1 : path[size] == 0 ? "." : 0;
}

// Whether the call must fail. `path` or, without one, `directory` as a descriptor.
static int intervene(const char *call, int directory, const char *path, int *kill_after) {
  char full[2 * PATH_MAX] = "";
  const char *place;
  int saved = errno, number, fails;
  char name[32];
  if (!root) return 0;
  snprintf(name, sizeof name, ",%s,", call);
  if (only && !strstr(only, name)) return 0;
  if (path && path[0] == '/') {
    snprintf(full, sizeof full, "%s", path);
  } else {
    if (directory == AT_FDCWD || !path_of_descriptor(directory, full)) return errno = saved, 0;
    if (path) snprintf(full + strlen(full), sizeof full - strlen(full), "/%s", path);
  }
  if (!(place = below_root(full))) return errno = saved, 0;
  number = ++calls;
  fails = at > 0 && (on_all ? number >= at : number == at);
  if (log_file >= 0) {
    char line[2 * PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%s%s %s\n", fails ? "!" : "", call, place);
    syscall(SYS_write, log_file, line, (size_t)size);
  }
  if (fails && do_kill) syscall(SYS_kill, getpid(), SIGKILL);
  *kill_after = fails && do_kill_after;
  errno = saved;
  return fails && do_error ? (errno = do_error, 1) : 0;
}

#define REAL(result, name, ...)                                   \
  static result (*real)(__VA_ARGS__);                             \
  int kill_after = 0;                                             \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)
#define END(type, call)                                           \
  type result = call;                                             \
  if (kill_after) syscall(SYS_kill, getpid(), SIGKILL);           \
  return result

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

#define OPEN(name)                                                                              \
  int name(const char *path, int flags, ...) {                                                  \
    va_list rest;                                                                               \
    va_start(rest, flags);                                                                      \
    mode_t mode = mode_of(flags, rest);                                                         \
    va_end(rest);                                                                               \
    REAL(int, #name, const char *, int, ...);                                                   \
    if (intervene(flags & O_CREAT ? "create" : "open", AT_FDCWD, path, &kill_after)) return -1; \
    END(int, real(path, flags, mode));                                                          \
  }
#define OPENAT(name)                                                                             \
  int name(int directory, const char *path, int flags, ...) {                                    \
    va_list rest;                                                                                \
    va_start(rest, flags);                                                                       \
    mode_t mode = mode_of(flags, rest);                                                          \
    va_end(rest);                                                                                \
    REAL(int, #name, int, const char *, int, ...);                                               \
    if (intervene(flags & O_CREAT ? "create" : "open", directory, path, &kill_after)) return -1; \
    END(int, real(directory, path, flags, mode));                                                \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  if (intervene("write", fd, 0, &kill_after)) return -1;
  END(ssize_t, real(fd, bytes, size));
}
ssize_t read(int fd, void *bytes, size_t size) {
  REAL(ssize_t, "read", int, void *, size_t);
  if (intervene("read", fd, 0, &kill_after)) return -1;
  END(ssize_t, real(fd, bytes, size));
}
int fstat(int fd, struct stat *to) {
  REAL(int, "fstat", int, struct stat *);
  if (intervene("stat", fd, 0, &kill_after)) return -1;
  END(int, real(fd, to));
}
int fstat64(int fd, struct stat64 *to) {
  REAL(int, "fstat64", int, struct stat64 *);
  if (intervene("stat", fd, 0, &kill_after)) return -1;
  END(int, real(fd, to));
}
int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  if (intervene("rename", AT_FDCWD, to, &kill_after)) return -1;
  END(int, real(from, to));
}
int renameat(int a, const char *from, int b, const char *to) {
  REAL(int, "renameat", int, const char *, int, const char *);
  if (intervene("rename", b, to, &kill_after)) return -1;
  END(int, real(a, from, b, to));
}
int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  if (intervene("mkdir", AT_FDCWD, path, &kill_after)) return -1;
  END(int, real(path, mode));
}
int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(int, "mkdirat", int, const char *, mode_t);
  if (intervene("mkdir", directory, path, &kill_after)) return -1;
  END(int, real(directory, path, mode));
}
int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  if (intervene("unlink", AT_FDCWD, path, &kill_after)) return -1;
  END(int, real(path));
}
int unlinkat(int directory, const char *path, int flags) {
  REAL(int, "unlinkat", int, const char *, int);
  if (intervene("unlink", directory, path, &kill_after)) return -1;
  END(int, real(directory, path, flags));
}
int fchmod(int fd, mode_t mode) {
  REAL(int, "fchmod", int, mode_t);
  if (intervene("chmod", fd, 0, &kill_after)) return -1;
  END(int, real(fd, mode));
}
int fchmodat(int directory, const char *path, mode_t mode, int flags) {
  REAL(int, "fchmodat", int, const char *, mode_t, int);
  if (intervene("chmod", directory, path, &kill_after)) return -1;
  END(int, real(directory, path, mode, flags));
}
int futimens(int fd, const struct timespec times[2]) {
  REAL(int, "futimens", int, const struct timespec *);
  if (intervene("utime", fd, 0, &kill_after)) return -1;
  END(int, real(fd, times));
}
int flock(int fd, int operation) {
  REAL(int, "flock", int, int);
  if (intervene("lock", fd, 0, &kill_after)) return -1;
  END(int, real(fd, operation));
}

int close(int fd) {
  char path[PATH_MAX];
  int is_edited = edit && !edited && path_of_descriptor(fd, path) && strcmp(path, edit) == 0;
  REAL(int, "close", int);
  if (intervene("close", fd, 0, &kill_after)) return (void)real(fd), errno = do_error, -1;
  int result = real(fd);
  if (is_edited && ++edited == 1) syscall(SYS_renameat2, AT_FDCWD, edit_from, AT_FDCWD, edit, 0);
  if (kill_after) syscall(SYS_kill, getpid(), SIGKILL);
  return result;
}

int clock_gettime(clockid_t clock, struct timespec *to) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(clock, to);
  if (result == 0 && clock == CLOCK_REALTIME) to->tv_sec += clock_offset_s;
  return kill_after ? -1 : result;
}
time_t time(time_t *to) {
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}

// For tests that write entries of their own: the digest that the store uses, as 16 bytes.
void fault_digest(const void *bytes, size_t size, unsigned char to[16]) {
  XXH128_hash_t hash = XXH3_128bits(bytes, size);
  for (int i = 0; i < 8; ++i) {
    to[i] = (unsigned char)(hash.high64 >> (56 - 8 * i));
    to[8 + i] = (unsigned char)(hash.low64 >> (56 - 8 * i));
  }
}
