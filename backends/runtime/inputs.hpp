/// What the interposed functions have to say to the input log: paths as the test wrote them, names of variables,
/// reasons.
///
/// A process has at most one log, from begin_inputs() to its end; without one nothing here may be called but begin and
/// is_logging. Like InputLog: usable in signal handlers and in children of vfork, no allocation; and no large buffer on
/// the stack but where said (GoogleTest executes its death tests on a stack of 8 KiB). errno is kept.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <string_view>

#include "backends/abi/input_log.h"
#include "backends/runtime/input_log.hpp"

namespace dyad::inputs {

/// Finds out whether the host (or this image, which has executed itself) has left a log for this process, and goes on
/// with it. Before any code of the image runs; `argv[0]` and the strings of `envp` stay where they are.
void begin_inputs(char** argv, char** envp);
/// The log that begin_inputs() found is let go: another run may begin in this process. One thread, no child of vfork.
void end_inputs();

extern InputLog* g_log;  ///< null: nothing is logged
inline bool is_logging() { return g_log != nullptr; }

class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  KeepErrno(const KeepErrno&) = delete;
  ~KeepErrno() { errno = saved_; }

 private:
  int saved_;
};

/// What a call that succeeded, or that failed with errno, has shown about its path.
inline dyad_input_seen seen(bool succeeded) {
  if (succeeded) return DYAD_INPUT_PRESENT;
  return errno == ENOENT || errno == ENOTDIR ? DYAD_INPUT_ABSENT : DYAD_INPUT_UNKNOWN;
}

/// `path` as it was given to a function together with `directory`: a descriptor (that takes 4 KiB of stack) or
/// AT_FDCWD. Null, empty, left out, or made by the test: nothing is recorded.
void note_path(dyad_record_kind kind, dyad_input_seen seen, int directory, const char* path);
inline void note_path(dyad_record_kind kind, dyad_input_seen seen, const char* path) {
  note_path(kind, seen, AT_FDCWD, path);
}
/// The directory that `path` stands in.
void note_parent(dyad_input_seen seen, int directory, const char* path);
/// `target` as a link in the place `path` has it. Takes 8 KiB of stack.
void note_link_target(dyad_record_kind kind, dyad_input_seen seen, int directory, const char* path, const char* target);
/// `name` in the directory of that absolute path.
void note_path_in(dyad_record_kind kind, const char* directory, const char* name);

/// Only if `value`, what getenv says now, comes from outside; null: so does that there is none.
void note_environment(const char* name, const char* value);
/// A reason, of the kind UNCACHEABLE, PROGRAM or NETWORK: "loads into a namespace of its own: " and `detail`.
void note_reason(dyad_record_kind kind, const char* what, const char* detail = "");
inline void note_uncacheable(const char* what, const char* detail = "") {
  note_reason(DYAD_RECORD_UNCACHEABLE, what, detail);
}
/// The program `name` is about to be run; a name without a slash is looked for in PATH if `searched`.
void note_program(const char* name, bool searched);
/// The shell is about to run `command`.
void note_shell(const char* command);
/// All shared objects of this moment, and the places where the loader looked for them before it found them. Takes some
/// kilobytes of stack, as loading does.
void note_loaded();
/// The places where the object that `address` belongs to has libraries looked for, up to the one where `name` is.
void note_search_for(const char* name, const void* address);
/// The working directory may be another one.
void renew_directory();
/// `path` is the name of the one that the process began in.
bool is_start_directory(const char* path);

/// Before a call of exec: true if `program` is this very image, which then finds the log.
bool hand_over_to(const char* program);
/// The exec failed.
void take_back();

}  // namespace dyad::inputs
