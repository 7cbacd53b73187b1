#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "backends/abi/backend.h"
#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

namespace dyad::inputs {

InputLog* g_log = nullptr;

namespace {

constinit InputLog g_storage(nullptr);
struct {
  dev_t device;
  ino_t inode;
} g_file;                         // the log's memory, to know it again
const char* g_program = nullptr;  // argv[0]
struct {
  const char *begin, *end;
} g_environment;  // the strings that the process was started with

/// The working directory as the kernel names it: no symbolic links. Read without a lock; who reads one while four
/// changes of directory go by gets a wrong one, but then nobody could have said which one is right.
struct Directory {
  std::size_t size;
  char path[PATH_MAX];
};
Directory g_directories[4];
unsigned g_directory_count = 0;
Directory* g_directory = nullptr;  // null: it has no name (it was removed)
std::size_t g_start_size = 0;
char g_start[PATH_MAX];
pid_t* g_owner = nullptr;  // whose memory this is; in a child of fork it is empty at first

bool is_log(int fd, struct stat& status) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kSeals) == kSeals && fstat(fd, &status) == 0 && status.st_size == DYAD_INPUT_SIZE;
}

bool map(int fd) {
  struct stat status;
  if (!is_log(fd, status)) return false;
  void* memory = mmap(nullptr, DYAD_INPUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  g_storage = InputLog(static_cast<unsigned char*>(memory));
  if (!g_storage.is_valid()) {
    munmap(memory, DYAD_INPUT_SIZE);
    g_storage = InputLog(nullptr);
    return false;
  }
  g_file = {status.st_dev, status.st_ino};
  return true;
}

/// Takes `word` from the front of `rest`, up to a slash or the end.
bool take(std::string_view& rest, std::string_view word) {
  if (rest.substr(0, word.size()) != word || (rest.size() > word.size() && rest[word.size()] != '/')) return false;
  rest.remove_prefix(word.size());
  return true;
}

/// `path` without what says nothing: slashes at both ends, "." and ".." at the beginning. No ".." behind a name: the
/// name may be a symbolic link.
Text tidy(std::string_view base, std::string_view path) {
  for (;;) {
    if (path.substr(0, 1) == "/") {
      path.remove_prefix(1);
    } else if (take(path, "..")) {
      base = base.substr(0, base.rfind('/') == std::string_view::npos ? 0 : base.rfind('/'));
    } else if (!take(path, ".")) {
      break;
    }
  }
  while (path.substr(path.empty() ? 0 : path.size() - 1) == "/") path.remove_suffix(1);
  if (path.empty()) return whole(base.empty() ? "/" : base);
  return {base, path};
}

bool is_at_or_below(std::string_view directory, const Text& text) {
  if (directory.empty()) return false;
  for (std::string_view piece : {text.base, std::string_view(text.joined ? "" : "/"), text.rest}) {
    std::size_t size = std::min(piece.size(), directory.size());
    if (piece.substr(0, size) != directory.substr(0, size)) return false;
    directory.remove_prefix(size);
    piece.remove_prefix(size);
    if (!piece.empty()) return piece.front() == '/';
  }
  return directory.empty();
}

bool has_parent_step(std::string_view path) {
  for (std::size_t at = path.find("/.."); at != std::string_view::npos; at = path.find("/..", at + 1))
    if (at + 3 == path.size() || path[at + 3] == '/') return true;
  return false;
}

/// The kernel's own, and the host's. Not the file system in memory, nor where the tests live.
bool is_left_out(const Text& text) {
  for (std::string_view paths = g_log->left_out(); !paths.empty();) {
    const std::size_t end = std::min(paths.find('\0'), paths.size());
    if (is_at_or_below(paths.substr(0, end), text)) return !has_parent_step(text.rest);
    paths.remove_prefix(std::min(end + 1, paths.size()));
  }
  for (std::string_view directory : {"/proc", "/dev", "/sys"})
    if (is_at_or_below(directory, text))
      return !has_parent_step(text.rest) && !is_at_or_below("/dev/shm", text) &&
             !is_at_or_below({g_start, g_start_size}, text);
  return false;
}

/// Is this a way through the kernel's files to what is none of the kernel's: another directory, the environment, the
/// terminal?
bool leads_out(dyad_record_kind kind, const Text& text) {
  if (!is_at_or_below("/proc", text)) return is_at_or_below("/dev/tty", text);
  std::string_view before, name;
  bool behind = false;  // a name that stands for a file or directory
  for (std::string_view rest : {text.base, text.rest})
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      if (end > 0) {
        if (behind) return true;
        before = name;
        name = rest.substr(0, end);
        behind = name == "cwd" || name == "root" || before == "fd" || before == "map_files";
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  if (name == "environ") return true;
  return (name == "cwd" || name == "root") && (kind == DYAD_RECORD_CONTENT || kind == DYAD_RECORD_DIRECTORY);
}

void add_path(dyad_record_kind kind, dyad_input_seen seen, std::string_view base, std::string_view path) {
  Text text = tidy(base, path);
  if (leads_out(kind, text)) return note_uncacheable("goes through /proc or /dev to something else");
  if (is_left_out(text)) return;
  if (g_log->contains(kind, seen, text)) return;
  if (kind != DYAD_RECORD_WRITTEN && g_log->contains(DYAD_RECORD_WRITTEN, DYAD_INPUT_UNKNOWN, text)) return;
  g_log->add(kind, seen, text);
}

[[gnu::noinline]] void add_path_at(dyad_record_kind kind, dyad_input_seen seen, int directory, std::string_view path) {
  char link[32], base[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  ssize_t size = real().readlink(link, base, sizeof base);
  if (size > 0 && base[0] == '/') return add_path(kind, seen, {base, static_cast<std::size_t>(size)}, path);
  if (fcntl(directory, F_GETFD) >= 0) note_uncacheable("reaches a file by a directory that has no name");
}

void add_path(dyad_record_kind kind, dyad_input_seen seen, int directory, std::string_view path) {
  if (path.empty()) return;
  if (path.front() == '/') return add_path(kind, seen, std::string_view(""), path);
  if (directory != AT_FDCWD) return add_path_at(kind, seen, directory, path);
  const Directory* current = __atomic_load_n(&g_directory, __ATOMIC_ACQUIRE);
  if (current == nullptr) return note_uncacheable("works in a directory that has no name");
  add_path(kind, seen, {current->path, current->size}, path);
}

/// Everything up to the last slash, "." if there is none.
std::string_view parent_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

/// Whether the process was started with a variable of this name.
bool was_set(std::string_view name) {
  for (const char* entry = g_environment.begin; entry < g_environment.end; entry += std::strlen(entry) + 1)
    if (std::strncmp(entry, name.data(), name.size()) == 0 && entry[name.size()] == '=') return true;
  return false;
}

}  // namespace

void begin_inputs(char** argv, char** envp) {
  real();
  if (map(DYAD_CHILD_INPUT_FD)) {
    // Kept for hand_over_to(). A test may close it.
    dup3(DYAD_CHILD_INPUT_FD, DYAD_INPUT_EXEC_FD, O_CLOEXEC);
    close(DYAD_CHILD_INPUT_FD);
  } else if (map(DYAD_INPUT_EXEC_FD)) {
    fcntl(DYAD_INPUT_EXEC_FD, F_SETFD, FD_CLOEXEC);
  } else {
    return;
  }
  g_program = argv[0];
  for (char** entry = envp; entry != nullptr && *entry != nullptr; ++entry) {
    const char* end = *entry + std::strlen(*entry) + 1;
    if (g_environment.begin == nullptr || *entry < g_environment.begin) g_environment.begin = *entry;
    if (end > g_environment.end) g_environment.end = end;
  }
  g_log = &g_storage;
  void* page = mmap(nullptr, sizeof *g_owner, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED && madvise(page, sizeof *g_owner, MADV_WIPEONFORK) == 0) g_owner = static_cast<pid_t*>(page);
  renew_directory();
  if (g_directory != nullptr) {
    g_start_size = g_directory->size;
    std::memcpy(g_start, g_directory->path, g_start_size);
  }
  if (const char* name = find_hidden_function()) note_uncacheable("brings a C library function of its own: ", name);
}

void end_inputs() {
  if (g_log == nullptr) return;
  g_log = nullptr;
  munmap(g_storage.memory(), DYAD_INPUT_SIZE);
  g_storage = InputLog(nullptr);
  close(DYAD_INPUT_EXEC_FD);
  if (g_owner != nullptr) munmap(g_owner, sizeof *g_owner);
  g_owner = nullptr;
  g_program = nullptr;
  g_environment = {nullptr, nullptr};
  g_directory = nullptr;
  g_start_size = 0;
}

void note_path(dyad_record_kind kind, dyad_input_seen seen, int directory, const char* path) {
  if (path == nullptr) return;
  KeepErrno keep;
  add_path(kind, seen, directory, std::string_view(path));
}

void note_parent(dyad_input_seen seen, int directory, const char* path) {
  if (path == nullptr || *path == '\0') return;
  KeepErrno keep;
  add_path(DYAD_RECORD_STAT, seen, directory, parent_of(path));
}

void note_link_target(dyad_record_kind kind, dyad_input_seen seen, int directory, const char* path,
                      const char* target) {
  if (target[0] == '/') return note_path(kind, seen, AT_FDCWD, target);
  char joined[2 * PATH_MAX];
  std::string_view parent = parent_of(path);
  int size = std::snprintf(joined, sizeof joined, "%.*s/%s", static_cast<int>(parent.size()), parent.data(), target);
  if (size > 0 && size < static_cast<int>(sizeof joined)) note_path(kind, seen, directory, joined);
}

void note_path_in(dyad_record_kind kind, const char* directory, const char* name) {
  KeepErrno keep;
  add_path(kind, DYAD_INPUT_UNKNOWN, std::string_view(directory), std::string_view(name));
}

void note_environment(const char* name, const char* value) {
  if (name == nullptr || *name == '\0') return;
  KeepErrno keep;
  // A value that is not among the strings of the start was set by the test; one that is gone was removed by it.
  if (value != nullptr && (value < g_environment.begin || value >= g_environment.end)) return;
  const dyad_input_seen seen = value != nullptr ? DYAD_INPUT_PRESENT : DYAD_INPUT_ABSENT;
  if (g_log->contains(DYAD_RECORD_ENVIRONMENT, seen, whole(name)) || (value == nullptr && was_set(name))) return;
  g_log->add(DYAD_RECORD_ENVIRONMENT, seen, whole(name));
}

void note_reason(dyad_record_kind kind, const char* what, const char* detail) {
  constexpr std::size_t kMost = 200;
  KeepErrno keep;
  Text text{what, std::string_view(detail == nullptr ? "" : detail).substr(0, kMost), true};
  g_log->add(kind, DYAD_INPUT_UNKNOWN, text);
}

namespace {

constexpr char kRuns[] = "runs a program: ";

/// Whatever of this name the directories of PATH hold: the first counts, and that the ones before it lack it.
void note_search_path(const char* name) {
  const char* path = real().getenv("PATH");
  note_environment("PATH", path);
  for (std::string_view rest = path == nullptr ? "/bin:/usr/bin" : path; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (rest.front() == '/') add_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, rest.substr(0, end), name);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

void note_program(const char* name, bool searched) {
  note_reason(DYAD_RECORD_PROGRAM, kRuns, name);
  if (name == nullptr || *name == '\0') return;
  KeepErrno keep;
  if (searched && std::strchr(name, '/') == nullptr)
    note_search_path(name);
  else
    note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, name);
}

void note_shell(const char* command) {
  note_reason(DYAD_RECORD_PROGRAM, kRuns, command == nullptr ? "a shell" : command);
  KeepErrno keep;
  note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, "/bin/sh");
  note_environment("PATH", real().getenv("PATH"));
}

void renew_directory() {
  KeepErrno keep;
  // A child of vfork has a directory of its own, but its parent's memory.
  if (g_owner != nullptr) {
    const pid_t self = getpid();
    if (*g_owner != 0 && *g_owner != self) return note_uncacheable("changes directory in a child of vfork");
    *g_owner = self;
  }
  Directory& next = g_directories[__atomic_fetch_add(&g_directory_count, 1, __ATOMIC_RELAXED) % 4];
  bool named = getcwd(next.path, sizeof next.path) != nullptr && next.path[0] == '/';
  next.size = named ? std::strlen(next.path) : 0;
  if (next.size == 1) next.size = 0;  // "/": everything is below the empty path
  __atomic_store_n(&g_directory, named ? &next : nullptr, __ATOMIC_RELEASE);
}

bool is_start_directory(const char* path) {
  return path != nullptr && path[0] == '/' && std::string_view(path) == std::string_view(g_start, g_start_size);
}

bool hand_over_to(const char* program) {
  if (program == nullptr || g_program == nullptr || std::strcmp(program, g_program) != 0) return false;
  KeepErrno keep;
  struct stat status;
  return is_log(DYAD_INPUT_EXEC_FD, status) && status.st_dev == g_file.device && status.st_ino == g_file.inode &&
         fcntl(DYAD_INPUT_EXEC_FD, F_SETFD, 0) == 0;
}

void take_back() {
  KeepErrno keep;
  fcntl(DYAD_INPUT_EXEC_FD, F_SETFD, FD_CLOEXEC);
}

}  // namespace dyad::inputs

void dyad_input_uncacheable(const char* why) {
  if (dyad::inputs::is_logging()) dyad::inputs::note_uncacheable(why);
}

void dyad_input_complete(void) {
  using namespace dyad::inputs;
  if (!is_logging()) return;
  // Read by the dynamic linker and the C library themselves.
  for (const char* name : {"LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES"})
    note_environment(name, real().getenv(name));
  note_loaded();
  g_log->set(DYAD_INPUT_COMPLETE);
}
