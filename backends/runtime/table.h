/* What the generated table object of an image defines, and what the runtime reads. Made by codegen's table() as LLVM
 * IR; nothing registers itself at run time. All symbols are hidden. */
#ifndef DYAD_BACKENDS_RUNTIME_TABLE_H_
#define DYAD_BACKENDS_RUNTIME_TABLE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dyad_T;

struct dyad_table_entry {
  const char* name;
  const char* file; /* relative to the package's directory */
  uint32_t line;
  uint32_t kind; /* enum dyad_test_kind: DYAD_TEST_NATIVE or DYAD_TEST_MAIN */
};

extern const struct dyad_table_entry dyad_table_entries[]; /* at least one element, even when the count is 0 */
extern const uint32_t dyad_table_count;
extern const char dyad_table_package[];

/* Calls native test `index`. Only for entries of kind NATIVE. */
void dyad_dispatch(uint32_t index, struct dyad_T* t);
/* Calls the main of entry `index`. Only for entries of kind MAIN. */
int dyad_dispatch_main(uint32_t index, int argc, char** argv, char** envp);

/* The main that a GoogleTest program brings itself, or a function pointer of NULL. */
extern int (*const dyad_own_main)(int argc, char** argv, char** envp);

#ifdef __cplusplus
}
#endif
#endif
