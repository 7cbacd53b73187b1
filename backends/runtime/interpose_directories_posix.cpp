// Interposed: what reads directories, and what makes, moves and removes names in them.
#include <sys/sysmacros.h>

#include <cstring>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

using namespace dyad::inputs;

namespace {

/// A name that was to be made where none was.
int made(int result, int directory, const char* path) {
  if (!is_logging()) return result;
  note_parent(seen(result == 0), directory, path);
  if (result == 0) {
    note_path(DYAD_RECORD_STAT, DYAD_INPUT_ABSENT, directory, path);
    note_path(DYAD_RECORD_WRITTEN, DYAD_INPUT_UNKNOWN, directory, path);
  } else {
    note_path(DYAD_RECORD_STAT, errno == EEXIST ? DYAD_INPUT_PRESENT : seen(false), directory, path);
  }
  return result;
}

/// A name that the library chose. Whether it was there before says nothing.
void made_unique(bool ok, const char* path) {
  if (!is_logging()) return;
  note_parent(seen(ok), AT_FDCWD, path);
  if (ok) note_path(DYAD_RECORD_WRITTEN, DYAD_INPUT_UNKNOWN, path);
}
int made_unique(int fd, const char* path) {
  made_unique(fd >= 0, path);
  return fd;
}

int removed(int result, int directory, const char* path) {
  if (is_logging()) note_path(DYAD_RECORD_STAT, seen(result == 0), directory, path);
  return result;
}

int renamed(int result, int from_directory, const char* from, int to_directory, const char* to) {
  if (!is_logging()) return result;
  note_path(DYAD_RECORD_STAT, seen(result == 0), from_directory, from);
  note_parent(seen(result == 0), to_directory, to);
  if (result == 0) note_path(DYAD_RECORD_OUTPUT, DYAD_INPUT_UNKNOWN, to_directory, to);
  note_path(result == 0 ? DYAD_RECORD_WRITTEN : DYAD_RECORD_STAT, DYAD_INPUT_UNKNOWN, to_directory, to);
  return result;
}

int linked(int result, int from_directory, const char* from, int to_directory, const char* to) {
  if (is_logging()) note_path(DYAD_RECORD_CONTENT, seen(result == 0), from_directory, from);
  return made(result, to_directory, to);
}

/// What is read through the link bears the link's name, which is the test's own: its target is an input from now on.
int symlinked(int result, const char* target, int directory, const char* path) {
  if (!is_logging()) return result;
  if (result == 0) {
    KeepErrno keep;
    struct stat status;
    bool there = real().fstatat(directory, path, &status, 0) == 0;
    note_link_target(there && S_ISDIR(status.st_mode) ? DYAD_RECORD_TREE : DYAD_RECORD_CONTENT, seen(there), directory,
                     path, target);
  }
  return made(result, directory, path);
}

template <class T>
T listed(T result, bool ok, int directory, const char* path) {
  if (is_logging()) note_path(DYAD_RECORD_DIRECTORY, seen(ok), directory, path);
  return result;
}

int moved(int result) {
  if (is_logging() && result == 0) renew_directory();
  return result;
}

/// The caller's function, for those that the library calls on its way through a tree. The library has no place for a
/// context of ours.
template <class Function>
thread_local Function t_visit = nullptr;

void visit(const char* path, int type) {
  if (type == FTW_D || type == FTW_DP)
    note_path(DYAD_RECORD_DIRECTORY, DYAD_INPUT_PRESENT, path);
  else
    note_path(DYAD_RECORD_STAT, type == FTW_NS ? DYAD_INPUT_UNKNOWN : DYAD_INPUT_PRESENT, path);
}

/// `real(..., function)`, where `function` hears of every entry after the log.
template <class... More, class Status, class Walk>
int walk(const char* root, int (*function)(const char*, const Status*, int, More...), Walk real_walk) {
  using Function = decltype(function);
  if (!is_logging()) return real_walk(function);
  Function outer = t_visit<Function>;
  t_visit<Function> = function;
  int result = real_walk([](const char* path, const Status* status, int type, More... more) {
    visit(path, type);
    return t_visit<Function>(path, status, type, more...);
  });
  t_visit<Function> = outer;
  if (result < 0) note_path(DYAD_RECORD_DIRECTORY, seen(false), root);
  return result;
}

}  // namespace

DYAD_INTERPOSE(DIR*, opendir, (const char* path)) {
  DIR* result = real().opendir(path);
  return listed(result, result != nullptr, AT_FDCWD, path);
}
DYAD_INTERPOSE(DIR*, fdopendir, (int fd)) {
  DIR* result = real().fdopendir(fd);
  return result == nullptr ? result : listed(result, true, fd, ".");
}
DYAD_INTERPOSE(ssize_t, getdents64, (int fd, void* entries, size_t size)) {
  ssize_t result = real().getdents64(fd, entries, size);
  return listed(result, result >= 0, fd, ".");
}
extern "C" {
typedef int DyadFilter(const dirent*);
typedef int DyadOrder(const dirent**, const dirent**);
typedef int DyadFilter64(const dirent64*);
typedef int DyadOrder64(const dirent64**, const dirent64**);
}
DYAD_INTERPOSE(int, scandir, (const char* path, dirent*** names, DyadFilter* filter, DyadOrder* order)) {
  int result = real().scandir(path, names, filter, order);
  return listed(result, result >= 0, AT_FDCWD, path);
}
DYAD_INTERPOSE(int, scandir64, (const char* path, dirent64*** names, DyadFilter64* filter, DyadOrder64* order)) {
  int result = real().scandir64(path, names, filter, order);
  return listed(result, result >= 0, AT_FDCWD, path);
}
DYAD_INTERPOSE(int, scandirat,
               (int directory, const char* path, dirent*** names, DyadFilter* filter, DyadOrder* order)) {
  int result = real().scandirat(directory, path, names, filter, order);
  return listed(result, result >= 0, directory, path);
}
DYAD_INTERPOSE(int, scandirat64,
               (int directory, const char* path, dirent64*** names, DyadFilter64* filter, DyadOrder64* order)) {
  int result = real().scandirat64(directory, path, names, filter, order);
  return listed(result, result >= 0, directory, path);
}

DYAD_INTERPOSE(int, ftw, (const char* root, __ftw_func_t function, int descriptors)) {
  return walk(root, function, [&](__ftw_func_t each) { return real().ftw(root, each, descriptors); });
}
DYAD_INTERPOSE(int, ftw64, (const char* root, __ftw64_func_t function, int descriptors)) {
  return walk(root, function, [&](__ftw64_func_t each) { return real().ftw64(root, each, descriptors); });
}
// With FTW_CHDIR the library changes the directory without telling us.
DYAD_INTERPOSE(int, nftw, (const char* root, __nftw_func_t function, int descriptors, int flags)) {
  if (is_logging() && (flags & FTW_CHDIR) != 0) note_uncacheable("walks through ", root);
  return walk(root, function, [&](__nftw_func_t each) { return real().nftw(root, each, descriptors, flags); });
}
DYAD_INTERPOSE(int, nftw64, (const char* root, __nftw64_func_t function, int descriptors, int flags)) {
  if (is_logging() && (flags & FTW_CHDIR) != 0) note_uncacheable("walks through ", root);
  return walk(root, function, [&](__nftw64_func_t each) { return real().nftw64(root, each, descriptors, flags); });
}
DYAD_INTERPOSE(FTS*, fts_open, (char* const* roots, int options, int (*order)(const FTSENT**, const FTSENT**))) {
  if (is_logging()) note_uncacheable("walks through ", roots[0]);
  return real().fts_open(roots, options, order);
}
DYAD_INTERPOSE(FTS64*, fts64_open,
               (char* const* roots, int options, int (*order)(const FTSENT64**, const FTSENT64**))) {
  if (is_logging()) note_uncacheable("walks through ", roots[0]);
  return real().fts64_open(roots, options, order);
}

// The library reads directories through functions that its caller may set: ours.
DYAD_INTERPOSE(int, glob, (const char* pattern, int flags, int (*failed)(const char*, int), glob_t* found)) {
  if (!is_logging() || (flags & GLOB_ALTDIRFUNC) != 0) return real().glob(pattern, flags, failed, found);
  if (pattern[0] == '~') note_uncacheable("looks for ", pattern);
  found->gl_closedir = [](void* open) { closedir(static_cast<DIR*>(open)); };
  found->gl_readdir = [](void* open) { return readdir(static_cast<DIR*>(open)); };
  found->gl_opendir = [](const char* path) -> void* { return dyad_own_opendir(path); };
  found->gl_lstat = [](const char* path, struct stat* status) { return lstat(path, status); };
  found->gl_stat = [](const char* path, struct stat* status) { return stat(path, status); };
  int result = real().glob(pattern, flags | GLOB_ALTDIRFUNC, failed, found);
  found->gl_flags &= ~GLOB_ALTDIRFUNC;
  return result;
}
DYAD_INTERPOSE(int, glob64, (const char* pattern, int flags, int (*failed)(const char*, int), glob64_t* found)) {
  // The same on 64 bits.
  static_assert(sizeof(glob_t) == sizeof(glob64_t) && sizeof(dirent) == sizeof(dirent64));
  return dyad_own_glob(pattern, flags, failed, reinterpret_cast<glob_t*>(found));
}
DYAD_INTERPOSE(int, wordexp, (const char* words, wordexp_t* found, int flags)) {
  if (is_logging()) note_uncacheable("expands as a shell does: ", words);
  return real().wordexp(words, found, flags);
}

DYAD_INTERPOSE(int, mkdir, (const char* path, mode_t mode)) { return made(real().mkdir(path, mode), AT_FDCWD, path); }
DYAD_INTERPOSE(int, mkdirat, (int directory, const char* path, mode_t mode)) {
  return made(real().mkdirat(directory, path, mode), directory, path);
}
DYAD_INTERPOSE(int, mkfifo, (const char* path, mode_t mode)) { return made(real().mkfifo(path, mode), AT_FDCWD, path); }
DYAD_INTERPOSE(int, mkfifoat, (int directory, const char* path, mode_t mode)) {
  return made(real().mkfifoat(directory, path, mode), directory, path);
}
DYAD_INTERPOSE(int, mknod, (const char* path, mode_t mode, dev_t device)) {
  return made(real().mknod(path, mode, device), AT_FDCWD, path);
}
DYAD_INTERPOSE(int, mknodat, (int directory, const char* path, mode_t mode, dev_t device)) {
  return made(real().mknodat(directory, path, mode, device), directory, path);
}

DYAD_INTERPOSE(char*, mkdtemp, (char* path)) {
  char* result = real().mkdtemp(path);
  made_unique(result != nullptr, path);
  return result;
}
DYAD_INTERPOSE(int, mkstemp, (char* path)) { return made_unique(real().mkstemp(path), path); }
DYAD_INTERPOSE(int, mkstemp64, (char* path)) { return made_unique(real().mkstemp64(path), path); }
DYAD_INTERPOSE(int, mkostemp, (char* path, int flags)) { return made_unique(real().mkostemp(path, flags), path); }
DYAD_INTERPOSE(int, mkostemp64, (char* path, int flags)) { return made_unique(real().mkostemp64(path, flags), path); }
DYAD_INTERPOSE(int, mkstemps, (char* path, int suffix)) { return made_unique(real().mkstemps(path, suffix), path); }
DYAD_INTERPOSE(int, mkstemps64, (char* path, int suffix)) { return made_unique(real().mkstemps64(path, suffix), path); }
DYAD_INTERPOSE(int, mkostemps, (char* path, int suffix, int flags)) {
  return made_unique(real().mkostemps(path, suffix, flags), path);
}
DYAD_INTERPOSE(int, mkostemps64, (char* path, int suffix, int flags)) {
  return made_unique(real().mkostemps64(path, suffix, flags), path);
}

DYAD_INTERPOSE(int, remove, (const char* path)) { return removed(real().remove(path), AT_FDCWD, path); }
DYAD_INTERPOSE(int, rmdir, (const char* path)) { return removed(real().rmdir(path), AT_FDCWD, path); }
DYAD_INTERPOSE(int, unlink, (const char* path)) { return removed(real().unlink(path), AT_FDCWD, path); }
DYAD_INTERPOSE(int, unlinkat, (int directory, const char* path, int flags)) {
  return removed(real().unlinkat(directory, path, flags), directory, path);
}
DYAD_INTERPOSE(int, rename, (const char* from, const char* to)) {
  return renamed(real().rename(from, to), AT_FDCWD, from, AT_FDCWD, to);
}
DYAD_INTERPOSE(int, renameat, (int from_directory, const char* from, int to_directory, const char* to)) {
  return renamed(real().renameat(from_directory, from, to_directory, to), from_directory, from, to_directory, to);
}
DYAD_INTERPOSE(int, renameat2,
               (int from_directory, const char* from, int to_directory, const char* to, unsigned flags)) {
  if (is_logging() && flags != 0) note_path(DYAD_RECORD_STAT, DYAD_INPUT_UNKNOWN, to_directory, to);
  return renamed(real().renameat2(from_directory, from, to_directory, to, flags), from_directory, from, to_directory,
                 to);
}
DYAD_INTERPOSE(int, link, (const char* from, const char* to)) {
  return linked(real().link(from, to), AT_FDCWD, from, AT_FDCWD, to);
}
DYAD_INTERPOSE(int, linkat, (int from_directory, const char* from, int to_directory, const char* to, int flags)) {
  return linked(real().linkat(from_directory, from, to_directory, to, flags), from_directory, from, to_directory, to);
}
DYAD_INTERPOSE(int, symlink, (const char* target, const char* path)) {
  return symlinked(real().symlink(target, path), target, AT_FDCWD, path);
}
DYAD_INTERPOSE(int, symlinkat, (const char* target, int directory, const char* path)) {
  return symlinked(real().symlinkat(target, directory, path), target, directory, path);
}

DYAD_INTERPOSE(int, chdir, (const char* path)) {
  // Relative to where we are still. What is read from there on is recorded by where the path leads to.
  if (is_logging() && !is_start_directory(path)) note_path(DYAD_RECORD_LINK, DYAD_INPUT_UNKNOWN, path);
  return moved(real().chdir(path));
}
DYAD_INTERPOSE(int, fchdir, (int directory)) { return moved(real().fchdir(directory)); }
DYAD_INTERPOSE(int, chroot, (const char* path)) {
  if (is_logging()) note_uncacheable("changes its root directory");
  return real().chroot(path);
}
