/* The input log: what the tests of a process consult of the outside world, so that the host can tell later whether a
 * stored result still holds. docs/input-log.md says what is seen, what is not, and why it is done this way.
 *
 * A piece of shared memory (a sealed memfd) that the host makes for one process. The program that runs the image
 * (dyad-worker, or main() of an executable image) maps it before any code of the image runs and writes into it from the
 * functions that it defines in place of the C library's. So the log survives whatever ends the process, forked children
 * share it, and a test that closes every descriptor takes nothing away. Nobody waits: all words below that change are
 * atomic, native byte order, and a reader comes only after the process has ended.
 *
 *   memory  = header, records, slots
 *   records = record*                   from its beginning, `used` bytes of them are taken
 *   record  = dyad_input_record, text[size], padding to 8 bytes
 *   slots   = u32[DYAD_INPUT_SLOTS]     the writers' own: offsets of records by hash of what they say, to drop repeats
 *
 * Order counts: what stands after the WRITTEN record of a path at or below it is the test's own doing.
 * The host believes nothing that it reads here: the memory lies open to a process that may be broken.
 */
#ifndef DYAD_BACKENDS_ABI_INPUT_LOG_H_
#define DYAD_BACKENDS_ABI_INPUT_LOG_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DYAD_INPUT_MAGIC 0x676f6c2d64617964u /* "dyad-log" */
/* 2: PROGRAM and NETWORK, which were UNCACHEABLE. 3: OUTPUT. 4: several paths are left out */
#define DYAD_INPUT_VERSION 4u
/* Sparse: what is not written takes no memory. A test that walks a tree of 10,000 files takes 1 MiB. */
#define DYAD_INPUT_SIZE (4u << 20)
#define DYAD_INPUT_SLOTS (1u << 15)
/* A text that is longer makes the log overflow. Paths have at most 4,096 bytes. */
#define DYAD_INPUT_MAX_TEXT (16u << 10)
/* A program that a process executes in its own place finds the log here, if it is the same image once more. Well away
 * from the low numbers that such a program may have been given by its arguments. */
#define DYAD_INPUT_EXEC_FD 300

enum dyad_input_flag {
  DYAD_INPUT_COMPLETE = 1, /* the run loop came to its end */
  DYAD_INPUT_OVERFLOW = 2  /* something was not recorded */
};

struct dyad_input_header {
  uint64_t magic;
  uint32_t version;
  uint32_t size;  /* DYAD_INPUT_SIZE */
  uint32_t used;  /* bytes of records; atomic */
  uint32_t flags; /* enum dyad_input_flag; atomic */
  uint32_t left_out_size;
  uint32_t zero;
  /* Absolute paths, each with its NUL, by the host: nothing at or below them is recorded (the run's own directories).
   */
  char left_out[4064];
};

/* What a record is about. `text` is an absolute path unless said otherwise; it may hold symbolic links and "..". */
enum dyad_record_kind {
  DYAD_RECORD_CONTENT = 1, /* opened: the bytes of the file, or that it is a directory */
  DYAD_RECORD_STAT =
      2, /* asked about, as by stat and lstat: type, mode, owner, of a file its bytes, of a link its target */
  DYAD_RECORD_DIRECTORY =
      3, /* the names in it and their kinds; and, as LINK, where it is: what is read below bears that path */
  DYAD_RECORD_LINK = 4, /* the target of the link, and where the path leads to (readlink and realpath); UNKNOWN */
  DYAD_RECORD_ENVIRONMENT = 5, /* name of a variable: its value that came from outside */
  DYAD_RECORD_WRITTEN = 6,     /* made or emptied by the test: no input from here on, nor is what is below it */
  DYAD_RECORD_LOADED = 7,      /* a shared object: its bytes */
  DYAD_RECORD_TREE = 8, /* a directory that is reached under another name: anything below it may have been read */
  /* Why the result must not be reused: a sentence without a subject. The last two unless the workspace allows it. */
  DYAD_RECORD_UNCACHEABLE = 9, /* "changes its root directory" */
  DYAD_RECORD_PROGRAM = 10, /* "runs a program: /bin/true"; its file is a CONTENT besides, what it reads is not seen */
  DYAD_RECORD_NETWORK = 11, /* "opens a socket" */
  /* Made or emptied, whatever was there: whether it may be, not its content. Before the WRITTEN; UNKNOWN. */
  DYAD_RECORD_OUTPUT = 12
};

/* What the test got to see. If it is otherwise after the run, the input changed during it. */
enum dyad_input_seen { DYAD_INPUT_UNKNOWN = 0, DYAD_INPUT_PRESENT = 1, DYAD_INPUT_ABSENT = 2 };

struct dyad_input_record {
  uint8_t kind; /* 0: taken and not filled in yet; written last, with the rest of this structure, as one word */
  uint8_t seen;
  uint16_t zero;
  uint32_t size; /* of the text */
};

/* What the runtime of an image calls in the program that runs it. Weak: an image in another program has no log. */
#ifdef __GNUC__
#define DYAD_INPUT_API __attribute__((weak, visibility("default")))
#else
#define DYAD_INPUT_API
#endif
/* The result is not to be reused. */
DYAD_INPUT_API void dyad_input_uncacheable(const char* why);
/* The run has come to its end; records what is loaded now. */
DYAD_INPUT_API void dyad_input_complete(void);

#ifdef __cplusplus
}
#endif
#endif
