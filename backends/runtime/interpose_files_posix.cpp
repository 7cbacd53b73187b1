// Interposed: opening files and asking about them.
#include <limits.h>
#include <stdarg.h>

#include <cstring>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

using namespace dyad::inputs;

namespace {

/// What an open says, from before the call to after it.
class Opening {
 public:
  Opening(int directory, const char* path, int flags) : directory_(directory), path_(path), flags_(flags) {
    // Does it make the file, or find one?
    constexpr int kDecides = O_EXCL | O_TRUNC;
    if (!is_logging() || path == nullptr || (flags & O_CREAT) == 0 || (flags & kDecides) != 0) return;
    KeepErrno keep;
    existed_ = real().faccessat(directory, path, F_OK, 0) == 0;
  }

  /// Returns `result`, with errno as it is.
  template <class T>
  T opened(T result, bool ok) const {
    if (is_logging()) note(ok);
    return result;
  }

 private:
  void note(bool ok) const {
    if ((flags_ & O_TMPFILE) == O_TMPFILE) return note_path(DYAD_RECORD_STAT, seen(ok), directory_, path_);
    const bool creates = (flags_ & O_CREAT) != 0 && (flags_ & (O_PATH | O_DIRECTORY)) == 0;
    if (!creates) {
      dyad_record_kind kind = (flags_ & O_PATH) != 0        ? DYAD_RECORD_STAT
                              : (flags_ & O_DIRECTORY) != 0 ? DYAD_RECORD_DIRECTORY
                              : (flags_ & O_TRUNC) != 0     ? DYAD_RECORD_STAT
                                                            : DYAD_RECORD_CONTENT;
      note_path(kind, seen(ok), directory_, path_);
      if ((flags_ & O_NOFOLLOW) != 0 && kind != DYAD_RECORD_DIRECTORY)
        note_path(DYAD_RECORD_STAT, DYAD_INPUT_UNKNOWN, directory_, path_);
      // What is reached through it is recorded by where it leads to.
      if ((flags_ & O_PATH) != 0) note_path(DYAD_RECORD_LINK, DYAD_INPUT_UNKNOWN, directory_, path_);
    } else {
      note_parent(seen(ok), directory_, path_);
      if (!ok || (flags_ & O_EXCL) != 0)
        note_path(DYAD_RECORD_STAT,
                  ok                ? DYAD_INPUT_ABSENT
                  : errno == EEXIST ? DYAD_INPUT_PRESENT
                                    : seen(ok),
                  directory_, path_);
      else if ((flags_ & O_TRUNC) == 0)
        note_path(existed_ ? DYAD_RECORD_CONTENT : DYAD_RECORD_STAT, existed_ ? DYAD_INPUT_PRESENT : DYAD_INPUT_ABSENT,
                  directory_, path_);
    }
    if ((flags_ & (O_WRONLY | O_RDWR)) != 0 && (flags_ & (O_PATH | O_EXCL)) == 0)
      note_path(DYAD_RECORD_OUTPUT, DYAD_INPUT_UNKNOWN, directory_, path_);
    const bool makes = (flags_ & O_TRUNC) != 0 || (creates && !existed_);
    if (ok && makes && (flags_ & O_PATH) == 0) note_path(DYAD_RECORD_WRITTEN, DYAD_INPUT_UNKNOWN, directory_, path_);
  }

  int directory_;
  const char* path_;
  int flags_;
  bool existed_ = false;
};

bool has_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

/// The flags that fopen opens with.
int flags_of(const char* mode) {
  const bool exclusive = std::strchr(mode, 'x') != nullptr;
  switch (mode[0]) {
    case 'w':
      return O_WRONLY | O_CREAT | O_TRUNC | (exclusive ? O_EXCL : 0);
    case 'a':
      return O_WRONLY | O_CREAT | O_APPEND | (exclusive ? O_EXCL : 0);
    default:
      return std::strchr(mode, '+') != nullptr ? O_RDWR : O_RDONLY;
  }
}

/// After a call that asked about `path`: 0 is success.
template <class T>
T asked(T result, int directory, const char* path) {
  if (is_logging()) note_path(DYAD_RECORD_STAT, seen(result >= 0), directory, path);
  return result;
}

/// Whether the path is there is a part of where it leads to.
template <class T>
T followed(T result, int directory, const char* path) {
  if (is_logging()) note_path(DYAD_RECORD_LINK, DYAD_INPUT_UNKNOWN, directory, path);
  return result;
}

FILE* opened(FILE* file, const Opening& opening) { return opening.opened(file, file != nullptr); }
int opened(int fd, const Opening& opening) { return opening.opened(fd, fd >= 0); }

}  // namespace

#define DYAD_MODE_OF(flags, last) \
  mode_t mode = 0;                \
  if (has_mode(flags)) {          \
    va_list list;                 \
    va_start(list, last);         \
    mode = va_arg(list, mode_t);  \
    va_end(list);                 \
  }

DYAD_INTERPOSE(int, open, (const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  Opening opening(AT_FDCWD, path, flags);
  return opened(real().open(path, flags, mode), opening);
}
DYAD_INTERPOSE(int, open64, (const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  Opening opening(AT_FDCWD, path, flags);
  return opened(real().open64(path, flags, mode), opening);
}
DYAD_INTERPOSE(int, openat, (int directory, const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  Opening opening(directory, path, flags);
  return opened(real().openat(directory, path, flags, mode), opening);
}
DYAD_INTERPOSE(int, openat64, (int directory, const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  Opening opening(directory, path, flags);
  return opened(real().openat64(directory, path, flags, mode), opening);
}
DYAD_INTERPOSE(int, __open, (const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  return dyad_own_open(path, flags, mode);
}
DYAD_INTERPOSE(int, __open64, (const char* path, int flags, ...)) {
  DYAD_MODE_OF(flags, flags)
  return dyad_own_open64(path, flags, mode);
}
DYAD_INTERPOSE(int, __open_2, (const char* path, int flags)) { return dyad_own_open(path, flags); }
DYAD_INTERPOSE(int, __open64_2, (const char* path, int flags)) { return dyad_own_open64(path, flags); }
DYAD_INTERPOSE(int, __openat_2, (int directory, const char* path, int flags)) {
  return dyad_own_openat(directory, path, flags);
}
DYAD_INTERPOSE(int, __openat64_2, (int directory, const char* path, int flags)) {
  return dyad_own_openat64(directory, path, flags);
}
DYAD_INTERPOSE(int, creat, (const char* path, mode_t mode)) {
  Opening opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC);
  return opened(real().creat(path, mode), opening);
}
DYAD_INTERPOSE(int, creat64, (const char* path, mode_t mode)) {
  Opening opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC);
  return opened(real().creat64(path, mode), opening);
}

DYAD_INTERPOSE(FILE*, fopen, (const char* path, const char* mode)) {
  Opening opening(AT_FDCWD, path, flags_of(mode));
  return opened(real().fopen(path, mode), opening);
}
DYAD_INTERPOSE(FILE*, fopen64, (const char* path, const char* mode)) {
  Opening opening(AT_FDCWD, path, flags_of(mode));
  return opened(real().fopen64(path, mode), opening);
}
DYAD_INTERPOSE(FILE*, _IO_fopen, (const char* path, const char* mode)) { return dyad_own_fopen(path, mode); }
DYAD_INTERPOSE(FILE*, setmntent, (const char* path, const char* mode)) {
  Opening opening(AT_FDCWD, path, flags_of(mode));
  return opened(real().setmntent(path, mode), opening);
}
DYAD_INTERPOSE(FILE*, __setmntent, (const char* path, const char* mode)) { return dyad_own_setmntent(path, mode); }
DYAD_INTERPOSE(FILE*, freopen, (const char* path, const char* mode, FILE* file)) {
  Opening opening(AT_FDCWD, path, flags_of(mode));
  return opened(real().freopen(path, mode, file), opening);
}
DYAD_INTERPOSE(FILE*, freopen64, (const char* path, const char* mode, FILE* file)) {
  Opening opening(AT_FDCWD, path, flags_of(mode));
  return opened(real().freopen64(path, mode, file), opening);
}

#define DYAD_STAT(name, structure)                                          \
  DYAD_INTERPOSE(int, name, (const char* path, struct structure* status)) { \
    return asked(real().name(path, status), AT_FDCWD, path);                \
  }
DYAD_STAT(stat, stat)
DYAD_STAT(stat64, stat64)
DYAD_STAT(lstat, stat)
DYAD_STAT(lstat64, stat64)
DYAD_STAT(statfs, statfs)
DYAD_STAT(statfs64, statfs64)
DYAD_STAT(statvfs, statvfs)
DYAD_STAT(statvfs64, statvfs64)

DYAD_INTERPOSE(int, fstatat, (int directory, const char* path, struct stat* status, int flags)) {
  return asked(real().fstatat(directory, path, status, flags), directory, path);
}
DYAD_INTERPOSE(int, fstatat64, (int directory, const char* path, struct stat64* status, int flags)) {
  return asked(real().fstatat64(directory, path, status, flags), directory, path);
}
DYAD_INTERPOSE(int, statx, (int directory, const char* path, int flags, unsigned mask, struct statx* status)) {
  return asked(real().statx(directory, path, flags, mask, status), directory, path);
}
// From objects that were compiled against a C library before 2.33. There is only one version on 64 bits.
DYAD_INTERPOSE(int, __xstat, (int, const char* path, struct stat* status)) { return dyad_own_stat(path, status); }
DYAD_INTERPOSE(int, __xstat64, (int, const char* path, struct stat64* status)) { return dyad_own_stat64(path, status); }
DYAD_INTERPOSE(int, __lxstat, (int, const char* path, struct stat* status)) { return dyad_own_lstat(path, status); }
DYAD_INTERPOSE(int, __lxstat64, (int, const char* path, struct stat64* status)) {
  return dyad_own_lstat64(path, status);
}
DYAD_INTERPOSE(int, __fxstatat, (int, int directory, const char* path, struct stat* status, int flags)) {
  return dyad_own_fstatat(directory, path, status, flags);
}
DYAD_INTERPOSE(int, __fxstatat64, (int, int directory, const char* path, struct stat64* status, int flags)) {
  return dyad_own_fstatat64(directory, path, status, flags);
}

DYAD_INTERPOSE(int, access, (const char* path, int mode)) { return asked(real().access(path, mode), AT_FDCWD, path); }
DYAD_INTERPOSE(int, eaccess, (const char* path, int mode)) { return asked(real().eaccess(path, mode), AT_FDCWD, path); }
DYAD_INTERPOSE(int, euidaccess, (const char* path, int mode)) {
  return asked(real().euidaccess(path, mode), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, faccessat, (int directory, const char* path, int mode, int flags)) {
  return asked(real().faccessat(directory, path, mode, flags), directory, path);
}

DYAD_INTERPOSE(key_t, ftok, (const char* path, int project)) {
  return asked(real().ftok(path, project), AT_FDCWD, path);
}
DYAD_INTERPOSE(long, pathconf, (const char* path, int name)) {
  return asked(real().pathconf(path, name), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, inotify_add_watch, (int fd, const char* path, uint32_t events)) {
  return asked(real().inotify_add_watch(fd, path, events), AT_FDCWD, path);
}

DYAD_INTERPOSE(ssize_t, getxattr, (const char* path, const char* name, void* value, size_t size)) {
  return asked(real().getxattr(path, name, value, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(ssize_t, lgetxattr, (const char* path, const char* name, void* value, size_t size)) {
  return asked(real().lgetxattr(path, name, value, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(ssize_t, listxattr, (const char* path, char* list, size_t size)) {
  return asked(real().listxattr(path, list, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(ssize_t, llistxattr, (const char* path, char* list, size_t size)) {
  return asked(real().llistxattr(path, list, size), AT_FDCWD, path);
}

DYAD_INTERPOSE(ssize_t, readlink, (const char* path, char* target, size_t size)) {
  return followed(real().readlink(path, target, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(ssize_t, readlinkat, (int directory, const char* path, char* target, size_t size)) {
  return followed(real().readlinkat(directory, path, target, size), directory, path);
}
DYAD_INTERPOSE(ssize_t, __readlink_chk, (const char* path, char* target, size_t size, size_t room)) {
  if (size > room) abort();
  return dyad_own_readlink(path, target, size);
}
DYAD_INTERPOSE(ssize_t, __readlinkat_chk, (int directory, const char* path, char* target, size_t size, size_t room)) {
  if (size > room) abort();
  return dyad_own_readlinkat(directory, path, target, size);
}
DYAD_INTERPOSE(char*, realpath, (const char* path, char* resolved)) {
  return followed(real().realpath(path, resolved), AT_FDCWD, path);
}
DYAD_INTERPOSE(char*, __realpath_chk, (const char* path, char* resolved, size_t room)) {
  if (room < PATH_MAX) abort();
  return dyad_own_realpath(path, resolved);
}
DYAD_INTERPOSE(char*, canonicalize_file_name, (const char* path)) { return dyad_own_realpath(path, nullptr); }

// Those that change a file, its owner, mode or times depend on its being there; the host sees that it has changed.

DYAD_INTERPOSE(int, truncate, (const char* path, off_t size)) {
  return asked(real().truncate(path, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, truncate64, (const char* path, off64_t size)) {
  return asked(real().truncate64(path, size), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, chmod, (const char* path, mode_t mode)) { return asked(real().chmod(path, mode), AT_FDCWD, path); }
DYAD_INTERPOSE(int, fchmodat, (int directory, const char* path, mode_t mode, int flags)) {
  return asked(real().fchmodat(directory, path, mode, flags), directory, path);
}
DYAD_INTERPOSE(int, chown, (const char* path, uid_t user, gid_t group)) {
  return asked(real().chown(path, user, group), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, lchown, (const char* path, uid_t user, gid_t group)) {
  return asked(real().lchown(path, user, group), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, fchownat, (int directory, const char* path, uid_t user, gid_t group, int flags)) {
  return asked(real().fchownat(directory, path, user, group, flags), directory, path);
}
DYAD_INTERPOSE(int, utime, (const char* path, const utimbuf* times)) {
  return asked(real().utime(path, times), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, utimes, (const char* path, const timeval* times)) {
  return asked(real().utimes(path, times), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, lutimes, (const char* path, const timeval* times)) {
  return asked(real().lutimes(path, times), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, utimensat, (int directory, const char* path, const timespec* times, int flags)) {
  return asked(real().utimensat(directory, path, times, flags), directory, path);
}
