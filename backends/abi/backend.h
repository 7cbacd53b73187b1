/* The boundary between the host and a backend plugin.
 *
 * A backend runs package images in processes and reports how each run ended. A process may be one run's own, or may
 * take one run after the other, if the host allows it and the backend has made sure that nothing is left of the last.
 * It decides nothing: it does not read events, knows no verdict, enforces no time limit. The host owns the event
 * channel, the capture file, the clock and the accounting. So all a backend can do wrong is to not start a process, and
 * it has a way to say so.
 *
 * A plugin exports exactly one symbol, dyad_backend_entry. The host checks the file (absolute path, owner, not
 * writable by others, the symbol present) before dlopen and `abi` before it calls anything. Plugins are never unloaded.
 * No C++ type and no exception crosses. All functions of one session are called from one thread.
 */
#ifndef DYAD_BACKENDS_ABI_BACKEND_H_
#define DYAD_BACKENDS_ABI_BACKEND_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a member changes its meaning; new members at the end only raise `size`. */
#define DYAD_BACKEND_ABI 1u
#define DYAD_BACKEND_SYMBOL "dyad_backend_entry"

enum dyad_artifact {
  DYAD_ARTIFACT_SHARED = 1,    /* a shared library that exports dyad_package_entry */
  DYAD_ARTIFACT_EXECUTABLE = 2 /* a program with main() */
};

typedef struct dyad_session dyad_session; /* owned by the backend, open() to close() */
typedef struct dyad_process dyad_process; /* one run; owned by the backend, start() to finish() */

/* What the host offers. Outlives the session. */
typedef struct dyad_host {
  uint32_t size;
  const char* lib_dir; /* absolute; dyad-worker and the other private programs of this installation live here */
} dyad_host;

/* Where a function that failed says why: one line, no newline, NUL-terminated, cut to fit. */
typedef struct dyad_error {
  char text[512];
} dyad_error;

typedef struct dyad_start {
  uint32_t size;
  const char* image; /* absolute path; the directory is this image's own and the backend may add files to it */
  const char* cwd;   /* absolute: the package's source directory */
  char* const* argv; /* for dyad_package.main, after argv[0] (which the backend adds), NULL-terminated */
  char* const* envp; /* the whole environment, NULL-terminated "NAME=value" */
  int event_fd;      /* becomes descriptor 3 of the process; the host closes its copy after start() */
  int capture_fd;    /* becomes descriptors 1 and 2; 0 becomes /dev/null */
  int input_fd;      /* becomes descriptor 4 of the process (input_log.h); -1: there is no input log */
  uint32_t sharing;  /* enum dyad_sharing; beyond `size`: DYAD_OWN_PROCESS */
  uint32_t
      core; /* 1: the process may leave a core dump (as far as its limits allow); 0, or beyond `size`: it does not */
  uint64_t memory; /* limit of its data in bytes (RLIMIT_DATA); 0, or beyond `size`: none */
} dyad_start;
enum dyad_sharing {
  DYAD_OWN_PROCESS = 0,    /* a new process, which ends with the run */
  DYAD_SHARED_PROCESS = 1, /* may be one that has run other images and of which an audit has found that nothing is left
                            * of them; may run others afterwards if that holds again */
  DYAD_ANY_PROCESS = 2     /* likewise, without an audit */
};
#define DYAD_CHILD_EVENT_FD 3
#define DYAD_CHILD_INPUT_FD 4

enum dyad_end_kind {
  DYAD_END_EXITED = 1,     /* code: exit code, or what the image's main returned */
  DYAD_END_SIGNALED = 2,   /* code: signal number */
  DYAD_END_LOST = 3,       /* the backend cannot tell how it ended (its own helper died); text says why */
  DYAD_END_NOT_STARTED = 4 /* start() had promised a process, and there was none; code: errno as start() leaves it */
};

typedef struct dyad_end {
  uint32_t size;
  uint32_t kind; /* enum dyad_end_kind */
  int32_t code;
  char text[256]; /* LOAD FAILED: what the loader said (exit code DYAD_EXIT_LOAD_FAILED); else empty or a note */
  /* Members that came later. A backend that knows them fills them in if `size`, which the host sets, has them. */
  uint32_t runs_before; /* other runs in the same process; 0: it was a new one */
  char ran_before[64];  /* the file name of the image that ran there last, or empty */
  char retired[64]; /* why the process, though the run ended well, takes no other: "thread", "descriptor 7"; or empty */
} dyad_end;
/* The exit code of a process whose image could not be loaded; `text`, or the capture file, says why. */
#define DYAD_EXIT_LOAD_FAILED 127

typedef struct dyad_backend {
  uint32_t abi;
  uint32_t size;
  const char* name;    /* "dll" */
  const char* version; /* of the dyad it was built with */
  uint32_t artifact;   /* enum dyad_artifact */

  /* Returns NULL and fills `error` if the backend cannot work here. */
  dyad_session* (*open)(const dyad_host* host, dyad_error* error);
  /* Starts one run, in a process that is in a process group of its own; does not wait. The process must not outlive the
   * host, however the host ends. NULL and `error` if it could not be started; errno is then EAGAIN, EMFILE, ENFILE or
   * ENOMEM if there were too many processes or descriptors, or too little memory, and the host tries again when other
   * runs have ended. Strings and arrays of `start` are the caller's again after. */
  dyad_process* (*start)(dyad_session*, const dyad_start* start, dyad_error* error);
  /* A descriptor that polls readable (or hung up) once the run has ended. Owned by the backend. */
  int (*ended_fd)(dyad_process*);
  /* Sends `signal` to the process group; nothing happens if the process has ended already. */
  void (*kill)(dyad_process*, int signal);
  /* To be called once ended_fd is readable: fills `end`, kills what the run has left running, frees. */
  void (*finish)(dyad_process*, dyad_end* end);
  /* Ends the session and every process that it still has. */
  void (*close)(dyad_session*);
  /* Members that came later; NULL, or beyond `size`: as said. */
  /* 1 if no start() of this session will succeed any more, because what the backend needs was ended from outside: the
   * host runs what is left on another backend. NULL: it never happens. */
  int (*lost)(dyad_session*);
  /* What decides, beside the plugin's own bytes, what tests do in this session: the settings that open() has found in
   * the environment or elsewhere, in any form. Results are kept under it, and looked for under it. NUL-terminated,
   * valid until close(). NULL: nothing does. */
  const char* (*settings)(dyad_session*);
  /* Runs will come, but there is none yet: what the first start() would wait for may be done now. What fails here is for
   * start() to say. NULL: there is nothing to do. */
  void (*prepare)(dyad_session*);
} dyad_backend;

/* Returns the backend, or NULL if it does not speak `host_abi`. Valid for ever. */
typedef const dyad_backend* (*dyad_backend_entry_fn)(uint32_t host_abi);

#ifdef __cplusplus
}
#endif
#endif
