/* The boundary between a package image and whoever runs it.
 *
 * An image (shared library or executable) holds the objects of one package, the generated test table and the runtime.
 * A shared image exports exactly one symbol, dyad_package_entry; an executable image has the same function and calls
 * it from its main(). Whoever runs an image hands over an argument vector and gets events back (wire.md): the same
 * arguments and the same code in both cases, so that the choice of a backend cannot change a verdict.
 *
 * Descriptors of a process that runs an image: 0 is /dev/null, 1 and 2 are the capture file (opened with O_APPEND),
 * and the event channel is the descriptor that --events-fd names. The runtime moves the channel and a copy of the
 * capture file out of the way of tests before the first test runs. Descriptor 4 may be an input log (input_log.h),
 * which whoever runs the image has taken away before any code of the image runs.
 */
#ifndef DYAD_BACKENDS_ABI_PACKAGE_H_
#define DYAD_BACKENDS_ABI_PACKAGE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a member changes its meaning; new members at the end only raise `size`. */
#define DYAD_PACKAGE_ABI 1u
#define DYAD_PACKAGE_SYMBOL "dyad_package_entry"

/* The arguments that every image understands (main below; an executable image also from a shell):
 *   --run-all               run the tests (the default when no other mode is given)
 *   --list                  name the tests, run none
 *   --run=REGEX             only matching tests: POSIX extended, split at '/', one part per level of subtests
 *   --skip=REGEX            not these
 *   --failfast              stop after the first test that did not pass
 *   --done=RANGES           tests that have their verdict already, by index: "0-41,43"
 *   --only=RANGES           only these, by index
 *   --most=N                stop after N tests
 *   --shuffle=SEED          run the tests in an order that SEED, below 2^32, decides; leaving tests out leaves the
 * order of the others as it is
 *   --repeat=N              all of it N times, in place, until a test fails; a main of the image's own is called once
 *   --repeat-for=MS         likewise; no repetition begins later than so many milliseconds after the first
 *   --temp-dir=DIR          where temp_dir() makes its directories; the caller removes DIR
 *   --events-fd=N           write events to N; without it the image prints for a person, as `go test -v` does
 *   --gtest_*               handed to GoogleTest; --gtest_internal_run_death_test makes the process a death test child
 */
typedef struct dyad_package {
  uint32_t abi;
  uint32_t size;    /* sizeof(dyad_package) as the image knew it */
  const char* name; /* the package's path in its workspace */
  /* Does what `argv` says. argv[0] must be a path that, executed, runs this very image again (GoogleTest's death tests
   * do that). Returns the exit code of an executable image: 0 all passed, 1 some did not, 2 bad arguments.
   * May not return at all: a test can end the process. Call it once: then either the process ends, or end() says that
   * the image may be unmapped. */
  int (*main)(int argc, char** argv);
  /* After main() has returned: closes and undoes what main() itself has opened and set up. Returns 1 if the image may
   * be unmapped, 0 if the process must end with it (an exit handler of the image is registered for good). NULL, or
   * beyond `size`: likewise. */
  int (*end)(void);
} dyad_package;

/* Returns the package, or NULL if the image does not speak `abi`. Valid while the image is mapped. */
typedef const dyad_package* (*dyad_package_entry_fn)(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
