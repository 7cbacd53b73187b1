// Interposed: what leaves the process behind: other programs, the network, shared objects, bare system calls.
#include <alloca.h>
#include <link.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include <cstring>
#include <iterator>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

extern "C" char** environ;

using namespace dyad::inputs;

namespace {

enum Search : bool { kAsNamed = false, kInPath = true };

/// An exec of `program`, which comes back only if it fails.
template <class Exec>
int execute(const char* program, Search search, Exec real_exec) {
  if (!is_logging()) return real_exec();
  const bool ours = hand_over_to(program);
  if (!ours) note_program(program, search == kInPath);
  int result = real_exec();
  if (ours) take_back();
  return result;
}

/// The number of arguments of execl and its like, `first` included, without the null behind them.
std::size_t count_arguments(const char* first, va_list& list) {
  std::size_t count = 0;
  for (const char* argument = first; argument != nullptr; argument = va_arg(list, const char*)) ++count;
  return count;
}

/// Whether `caller` belongs to an object that says itself where its libraries are to be looked for.
bool has_search_path(const void* caller) {
  Dl_info info;
  void* found = nullptr;
  if (dladdr1(caller, &info, &found, RTLD_DL_LINKMAP) == 0 || found == nullptr) return true;
  for (const ElfW(Dyn)* entry = static_cast<link_map*>(found)->l_ld; entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH) return true;
  return false;
}

/// `caller`: an address in the code that calls dlopen.
void* open_library(const char* name, int mode, const void* caller) {
  void* library = real().dlopen(name, mode);
  KeepErrno keep;
  if (library != nullptr) {
    note_loaded();  // now: it may be gone at the end
    if (name != nullptr && *name != '\0') note_search_for(name, caller);
  } else if (name != nullptr && std::strchr(name, '/') != nullptr && real().access(name, F_OK) != 0) {
    note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_ABSENT, name);
  } else if (name != nullptr) {
    note_uncacheable("cannot load ", name);
  }
  return library;
}

/// Those that ask for nothing but time, identity and memory, and those that work on descriptors: how a descriptor came
/// about has been seen.
bool is_harmless(long number) {
  constexpr short kHarmless[] = {SYS_brk,
                                 SYS_clock_getres,
                                 SYS_clock_gettime,
                                 SYS_clock_nanosleep,
                                 SYS_clone,
                                 SYS_clone3,
                                 SYS_close,
                                 SYS_close_range,
                                 SYS_copy_file_range,
                                 SYS_dup,
                                 SYS_dup3,
                                 SYS_epoll_create1,
                                 SYS_epoll_ctl,
                                 SYS_epoll_pwait,
                                 SYS_eventfd2,
                                 SYS_exit,
                                 SYS_exit_group,
                                 SYS_fallocate,
                                 SYS_fchmod,
                                 SYS_fcntl,
                                 SYS_fdatasync,
                                 SYS_flock,
                                 SYS_fstat,
                                 SYS_fsync,
                                 SYS_ftruncate,
                                 SYS_futex,
                                 SYS_get_mempolicy,
                                 SYS_get_robust_list,
                                 SYS_getcpu,
                                 SYS_getegid,
                                 SYS_geteuid,
                                 SYS_getgid,
                                 SYS_getpgid,
                                 SYS_getpid,
                                 SYS_getppid,
                                 SYS_getpriority,
                                 SYS_getrandom,
                                 SYS_getrusage,
                                 SYS_getsid,
                                 SYS_gettid,
                                 SYS_gettimeofday,
                                 SYS_getuid,
                                 SYS_kill,
                                 SYS_lseek,
                                 SYS_madvise,
                                 SYS_mbind,
                                 SYS_membarrier,
                                 SYS_memfd_create,
                                 SYS_mincore,
                                 SYS_mlock,
                                 SYS_mlock2,
                                 SYS_mmap,
                                 SYS_mprotect,
                                 SYS_mremap,
                                 SYS_msync,
                                 SYS_munlock,
                                 SYS_munmap,
                                 SYS_nanosleep,
                                 SYS_pidfd_open,
                                 SYS_pidfd_send_signal,
                                 SYS_pipe2,
                                 SYS_pkey_alloc,
                                 SYS_pkey_free,
                                 SYS_pkey_mprotect,
                                 SYS_ppoll,
                                 SYS_prctl,
                                 SYS_pread64,
                                 SYS_prlimit64,
                                 SYS_pselect6,
                                 SYS_pwrite64,
                                 SYS_read,
                                 SYS_readv,
                                 SYS_rt_sigaction,
                                 SYS_rt_sigpending,
                                 SYS_rt_sigprocmask,
                                 SYS_rt_sigqueueinfo,
                                 SYS_rt_sigsuspend,
                                 SYS_rt_sigtimedwait,
                                 SYS_rt_tgsigqueueinfo,
                                 SYS_sched_getaffinity,
                                 SYS_sched_getparam,
                                 SYS_sched_getscheduler,
                                 SYS_sched_setaffinity,
                                 SYS_sched_yield,
                                 SYS_sendfile,
                                 SYS_set_mempolicy,
                                 SYS_set_robust_list,
                                 SYS_set_tid_address,
                                 SYS_setpriority,
                                 SYS_sigaltstack,
                                 SYS_signalfd4,
                                 SYS_socketpair,
                                 SYS_splice,
                                 SYS_sysinfo,
                                 SYS_tee,
                                 SYS_tgkill,
                                 SYS_timerfd_create,
                                 SYS_timerfd_gettime,
                                 SYS_timerfd_settime,
                                 SYS_times,
                                 SYS_tkill,
                                 SYS_umask,
                                 SYS_uname,
                                 SYS_userfaultfd,
                                 SYS_vmsplice,
                                 SYS_wait4,
                                 SYS_waitid,
                                 SYS_write,
                                 SYS_writev};
  for (short harmless : kHarmless)
    if (number == harmless) return true;
  return false;
}

void note_system_call(long number) {
  if (number == SYS_futex || number == SYS_gettid || is_harmless(number)) return;
  char digits[24];
  char* at = std::end(digits);
  *--at = '\0';
  for (unsigned long rest = static_cast<unsigned long>(number); at > digits; rest /= 10) {
    *--at = static_cast<char>('0' + rest % 10);
    if (rest < 10) break;
  }
  note_uncacheable("makes system call ", at);
}

}  // namespace

DYAD_INTERPOSE(int, execve, (const char* path, char* const* argv, char* const* envp)) {
  return execute(path, kAsNamed, [=] { return real().execve(path, argv, envp); });
}
DYAD_INTERPOSE(int, execv, (const char* path, char* const* argv)) {
  return execute(path, kAsNamed, [=] { return real().execv(path, argv); });
}
DYAD_INTERPOSE(int, execvp, (const char* file, char* const* argv)) {
  return execute(file, kInPath, [=] { return real().execvp(file, argv); });
}
DYAD_INTERPOSE(int, execvpe, (const char* file, char* const* argv, char* const* envp)) {
  return execute(file, kInPath, [=] { return real().execvpe(file, argv, envp); });
}
DYAD_INTERPOSE(int, execveat, (int directory, const char* path, char* const* argv, char* const* envp, int flags)) {
  return execute(path, kAsNamed, [=] { return real().execveat(directory, path, argv, envp, flags); });
}
DYAD_INTERPOSE(int, fexecve, (int fd, char* const* argv, char* const* envp)) {
  if (is_logging()) note_reason(DYAD_RECORD_PROGRAM, "runs a program: ", "by a descriptor");
  return real().fexecve(fd, argv, envp);
}

/// char* argv[]: `first` and the arguments behind it, with their null.
#define DYAD_COLLECT_ARGUMENTS(first)                                     \
  va_list list;                                                           \
  va_start(list, first);                                                  \
  std::size_t count = count_arguments(first, list);                       \
  va_end(list);                                                           \
  char** argv = static_cast<char**>(alloca((count + 1) * sizeof(char*))); \
  argv[0] = const_cast<char*>(first);                                     \
  va_start(list, first);                                                  \
  for (std::size_t i = 1; i <= count; ++i) argv[i] = const_cast<char*>(va_arg(list, const char*));

DYAD_INTERPOSE(int, execl, (const char* path, const char* first, ...)) {
  DYAD_COLLECT_ARGUMENTS(first)
  va_end(list);
  return dyad_own_execv(path, argv);
}
DYAD_INTERPOSE(int, execlp, (const char* file, const char* first, ...)) {
  DYAD_COLLECT_ARGUMENTS(first)
  va_end(list);
  return dyad_own_execvp(file, argv);
}
DYAD_INTERPOSE(int, execle, (const char* path, const char* first, ...)) {
  DYAD_COLLECT_ARGUMENTS(first)
  char* const* envp = va_arg(list, char* const*);
  va_end(list);
  return dyad_own_execve(path, argv, envp);
}

DYAD_INTERPOSE(int, posix_spawn,
               (pid_t * pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* argv, char* const* envp)) {
  if (is_logging()) note_program(path, kAsNamed);
  return real().posix_spawn(pid, path, actions, attributes, argv, envp);
}
DYAD_INTERPOSE(int, posix_spawnp,
               (pid_t * pid, const char* file, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* argv, char* const* envp)) {
  if (is_logging()) note_program(file, kInPath);
  return real().posix_spawnp(pid, file, actions, attributes, argv, envp);
}
DYAD_INTERPOSE(int, system, (const char* command)) {
  if (is_logging()) note_shell(command);
  return real().system(command);
}
DYAD_INTERPOSE(FILE*, popen, (const char* command, const char* mode)) {
  if (is_logging()) note_shell(command);
  return real().popen(command, mode);
}

// Nothing can be done with the network but by a socket; a pair of sockets leads nowhere else.
DYAD_INTERPOSE(int, socket, (int domain, int type, int protocol)) {
  if (is_logging()) note_reason(DYAD_RECORD_NETWORK, "opens a socket");
  return real().socket(domain, type, protocol);
}

#define DYAD_NETWORK(result, name, parameters, arguments)                                             \
  DYAD_INTERPOSE(result, name, parameters) {                                                          \
    if (is_logging()) note_reason(DYAD_RECORD_NETWORK, "asks for names or addresses of the network"); \
    return real().name arguments;                                                                     \
  }
DYAD_NETWORK(int, getaddrinfo, (const char* host, const char* service, const addrinfo* hints, addrinfo** found),
             (host, service, hints, found))
DYAD_NETWORK(int, getnameinfo,
             (const sockaddr* address, socklen_t size, char* host, socklen_t host_size, char* service,
              socklen_t service_size, int flags),
             (address, size, host, host_size, service, service_size, flags))
DYAD_NETWORK(int, getifaddrs, (ifaddrs * *found), (found))
DYAD_NETWORK(struct if_nameindex*, if_nameindex, (), ())
DYAD_NETWORK(hostent*, gethostbyname, (const char* name), (name))
DYAD_NETWORK(hostent*, gethostbyname2, (const char* name, int family), (name, family))
DYAD_NETWORK(hostent*, gethostbyaddr, (const void* address, socklen_t size, int family), (address, size, family))
DYAD_NETWORK(int, gethostbyname_r,
             (const char* name, hostent* entry, char* buffer, size_t size, hostent** found, int* error),
             (name, entry, buffer, size, found, error))
DYAD_NETWORK(int, gethostbyname2_r,
             (const char* name, int family, hostent* entry, char* buffer, size_t size, hostent** found, int* error),
             (name, family, entry, buffer, size, found, error))
DYAD_NETWORK(int, gethostbyaddr_r,
             (const void* address, socklen_t length, int family, hostent* entry, char* buffer, size_t size,
              hostent** found, int* error),
             (address, length, family, entry, buffer, size, found, error))

// The library looks at its caller, for the caller's own search path. A tail call leaves it that caller.
DYAD_INTERPOSE(void*, dlopen, (const char* name, int mode)) {
  if (!is_logging()) return real().dlopen(name, mode);
  if ((mode & RTLD_DEEPBIND) != 0) note_uncacheable("loads what does not come to the log first: ", name);
  if (name != nullptr && std::strchr(name, '/') == nullptr && has_search_path(__builtin_return_address(0))) {
    note_uncacheable("loads by a search path of its own: ", name);
    return real().dlopen(name, mode);
  }
  return open_library(name, mode, __builtin_return_address(0));
}
DYAD_INTERPOSE(void*, dlmopen, (Lmid_t space, const char* name, int mode)) {
  if (is_logging()) note_uncacheable("loads into a namespace of its own: ", name);
  return real().dlmopen(space, name, mode);
}
// The library looks at its caller, too: what is "next" depends on it.
DYAD_INTERPOSE(void*, dlsym, (void* library, const char* name)) {
  if (is_logging() && library != RTLD_DEFAULT && is_interposed(name)) note_uncacheable("calls past the log: ", name);
  return real().dlsym(library, name);
}
DYAD_INTERPOSE(int, dlclose, (void* library)) {
  if (is_logging()) note_loaded();
  return real().dlclose(library);
}

#define DYAD_REFUSED(what, result, name, parameters, arguments) \
  DYAD_INTERPOSE(result, name, parameters) {                    \
    if (is_logging()) note_uncacheable(what);                   \
    return real().name arguments;                               \
  }
DYAD_REFUSED("leaves its namespace", int, unshare, (int flags), (flags))
DYAD_REFUSED("leaves its namespace", int, setns, (int fd, int type), (fd, type))
DYAD_REFUSED("mounts", int, mount,
             (const char* from, const char* to, const char* type, unsigned long flags, const void* data),
             (from, to, type, flags, data))
DYAD_REFUSED("unmounts", int, umount, (const char* path), (path))
DYAD_REFUSED("unmounts", int, umount2, (const char* path, int flags), (path, flags))
DYAD_REFUSED("opens by a handle", int, open_by_handle_at, (int mount, file_handle* handle, int flags),
             (mount, handle, flags))
DYAD_NETWORK(hostent*, gethostent, (), ())
DYAD_NETWORK(int, gethostent_r, (hostent * entry, char* buffer, size_t size, hostent** found, int* error),
             (entry, buffer, size, found, error))

// Of six parameters instead of any number: the same for the caller, and a tail call for the library.
DYAD_INTERPOSE(long, syscall, (long number, long a, long b, long c, long d, long e, long f)) {
  if (is_logging()) note_system_call(number);
  return real().syscall(number, a, b, c, d, e, f);
}
