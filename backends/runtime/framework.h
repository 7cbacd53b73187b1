/* The boundary between the runtime and the adapters of test frameworks (GoogleTest; others through the same).
 *
 * An adapter is compiled with the flags of the user's tests, against the framework's header that they include, so
 * nothing of C++ crosses: another standard, another std::string, no exceptions are all possible on its side. It names
 * the framework's tests, lets the framework run those that the runtime selects, and passes on what the framework says.
 * The runtime owns indices, names, times, output offsets and the event stream.
 *
 * An adapter is linked as an object, not from an archive: the runtime refers to it weakly.
 *
 * Calls come from the thread that runs the image, except dyad_runtime_message, which may come from any.
 */
#ifndef DYAD_BACKENDS_RUNTIME_FRAMEWORK_H_
#define DYAD_BACKENDS_RUNTIME_FRAMEWORK_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int (*dyad_main_fn)(int argc, char** argv, char** envp);

typedef struct dyad_framework {
  uint32_t size;
  uint32_t kind; /* enum dyad_test_kind of its tests */
  const char* name;
  /* Does everything: initialises the framework with `argv` (argv[0] and the framework's own flags), names all tests
   * with dyad_runtime_found in a fixed order, calls dyad_runtime_begin, runs the selected ones. If the image brings a
   * main of its own, this is done by calling `own_main` (else NULL) and listening. Returns what main or the framework
   * returned. If it finds no tests, it calls neither function. */
  int (*run)(int argc, char** argv, char** envp, dyad_main_fn own_main);
  /* Whether `argv` says that this process was started by a test of this framework (a death test's child). */
  int (*is_child)(int argc, char** argv);
  /* Runs such a process; nothing is reported. Returns its exit code. */
  int (*run_child)(int argc, char** argv, char** envp, dyad_main_fn own_main);
} dyad_framework;

/* The image's adapters; address 0 if the image has none of that framework. */
extern const dyad_framework dyad_framework_gtest __attribute__((weak, visibility("hidden")));

#define DYAD_NO_TEST UINT32_MAX

typedef struct dyad_framework_test {
  const char* name;
  const char* file; /* NULL: unknown */
  uint32_t line;
  uint32_t disabled; /* the framework will not run it; reported as skipped */
  uint32_t left_out; /* the framework's own flags leave it out: it has an index and is not reported */
} dyad_framework_test;

/* What an adapter calls. In a forked child of the test process they do nothing. */

/* Announces the next test. Returns its index if it is to be run, DYAD_NO_TEST if not. Strings are copied. */
uint32_t dyad_runtime_found(const dyad_framework_test* test);
/* All tests are announced. Runs the native tests of the image. Returns 1 if the framework shall go on, 0 if it shall
 * run no test. Does not return if the tests were only to be listed: the process ends. */
int dyad_runtime_begin(void);
/* The framework has run all its tests. Returns 1 if it shall run them again (--repeat): the native tests of the image have
 * been by then. 0 if it shall not, or its tests run under a main of the image's own. */
int dyad_runtime_again(void);
/* The seed from 1 to 99999 by which the framework shall shuffle its tests; 0: it shall not. Which tests are selected
 * must not change the order of the others. */
uint32_t dyad_runtime_shuffle(void);
void dyad_runtime_started(uint32_t index);
/* `verdict`: enum dyad_verdict. Returns 1 if no more tests are to be started. A forked child that comes here ends. */
int dyad_runtime_finished(uint32_t index, uint32_t verdict);
/* What the framework says about the test that runs now, or outside all tests. `severity`: enum dyad_severity. */
void dyad_runtime_message(uint32_t severity, const char* file, int line, const char* text, size_t size);
/* Results so far are handed over now: code outside tests that may crash follows. */
void dyad_runtime_flush(void);

#ifdef __cplusplus
}
#endif
#endif
