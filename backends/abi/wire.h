/* The event stream: frame types and limits. wire.md is the specification. */
#ifndef DYAD_BACKENDS_ABI_WIRE_H_
#define DYAD_BACKENDS_ABI_WIRE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DYAD_WIRE_VERSION 3u
#define DYAD_WIRE_MAX_FRAME (1u << 20) /* payload bytes; a longer frame is a protocol error */
#define DYAD_WIRE_MAX_TEXT (64u << 10) /* the writer cuts longer strings and says so */

enum dyad_frame {
  DYAD_FRAME_HELLO = 1,
  DYAD_FRAME_FOUND = 2,
  DYAD_FRAME_LISTED = 3,
  DYAD_FRAME_STARTED = 4,
  DYAD_FRAME_FINISHED = 5,
  DYAD_FRAME_MESSAGE = 6,
  DYAD_FRAME_SUB_STARTED = 7,
  DYAD_FRAME_SUB_FINISHED = 8,
  DYAD_FRAME_OUTSIDE = 9,
  DYAD_FRAME_DONE = 10,
  DYAD_FRAME_CRASHED = 11,
  DYAD_FRAME_STACK = 12,
  DYAD_FRAME_LIMIT = 13,
  DYAD_FRAME_NOTE = 14,
  DYAD_FRAME_REPORT = 15
};

enum dyad_test_kind {
  DYAD_TEST_NATIVE = 1, /* a function that the compiler found */
  DYAD_TEST_GTEST = 2,
  DYAD_TEST_MAIN = 3 /* a file with its own main and no tests: the exit code is the verdict */
};

enum dyad_verdict { DYAD_PASS = 1, DYAD_FAIL = 2, DYAD_SKIP = 3 };

enum dyad_severity {
  DYAD_LOG = 1,
  DYAD_ERROR = 2,
  DYAD_FATAL = 3,
  DYAD_SKIPPED = 4 /* the reason for a skip */
};

#ifdef __cplusplus
}
#endif
#endif
