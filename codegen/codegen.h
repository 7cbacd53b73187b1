/* The boundary between the host and libdyad_codegen, the only part of dyad that links LLVM, Clang and lld.
 *
 * Loaded on first need (dlopen, RTLD_NOW | RTLD_LOCAL); a run that has nothing to compile never maps it. It knows
 * sources, objects and symbols; nothing of packages' layout, of the cache, or of running tests. It writes no file
 * except the output of link(), and prints nothing.
 *
 * A *prelude* (docs/why-prelude.md) is a set of headers from outside the workspace, parsed, instantiated and compiled
 * once. compile() may use one; what it makes means the same as without.
 *
 * Threads: compile(), make_prelude(), table() and symbols() may be called from any number of threads at once; link()
 * serialises itself. Strings need not be NUL-terminated. What a sink is given is valid during the call only.
 */
#ifndef DYAD_CODEGEN_CODEGEN_H_
#define DYAD_CODEGEN_CODEGEN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DYAD_CODEGEN_ABI 8u
#define DYAD_CODEGEN_SYMBOL "dyad_codegen_entry"
/* Bytes of stack that compile(), make_prelude() and merge_ir() need. On a thread that has less left they make another
 * for their work; one that has it keeps an alternate stack for signals. */
#define DYAD_CODEGEN_STACK ((size_t)16 << 20)

typedef struct dyad_str {
  const char* data;
  size_t size;
} dyad_str;

typedef struct dyad_strs {
  const dyad_str* items;
  size_t count;
} dyad_strs;

enum dyad_output { DYAD_OUTPUT_OBJECT = 1, DYAD_OUTPUT_BITCODE = 2 };

typedef struct dyad_compile {
  uint32_t size;
  dyad_str source;    /* absolute path: .c .cc .cpp .cxx .C .c++ .ll .bc */
  dyad_str directory; /* absolute; the working directory of the compilation (relative -I, __FILE__ is as `source`) */
  dyad_strs args;     /* clang driver arguments without source, -c, -o: "-std=gnu++20", "-O0", "-iquote", "/x" ... */
  dyad_str
      main_symbol; /* an external `main` is renamed to this symbol, so that no object defines main; empty: it is not */
  uint32_t output; /* enum dyad_output */
  uint32_t colour; /* 1: diagnostics with ANSI colours */
  /* A prelude made with the same arguments but some include roots; empty: none. Used for an object of a C++ source, if
   * that is sound; else the source is compiled without, as if none had been given. */
  dyad_str prelude_module; /* paths of files that hold what make_prelude() said; their content never changes */
  dyad_str prelude_notes;
} dyad_compile;

enum dyad_compile_status {
  DYAD_COMPILE_OK = 0,
  DYAD_COMPILE_FAILED = 1, /* diagnostics say why; also an unreadable file or bad arguments */
  DYAD_COMPILE_CRASHED = 2 /* the compiler crashed on this file; diagnostics say so */
};

enum dyad_input_kind {
  DYAD_INPUT_FILE = 1,      /* read: `bytes` is what the compiler saw */
  DYAD_INPUT_MISSING = 2,   /* looked for and not there */
  DYAD_INPUT_DIRECTORY = 3, /* found to be a directory (include paths) */
  DYAD_INPUT_LISTING = 4    /* a directory whose names were read (the search for gcc) */
};

enum dyad_symbol_kind {
  DYAD_SYMBOL_UNDEFINED = 1,
  DYAD_SYMBOL_STRONG = 2, /* external definition: two in one image collide */
  DYAD_SYMBOL_WEAK = 3    /* weak, linkonce, common */
};

typedef struct dyad_found_test {
  dyad_str name;   /* "TestParse"; in a namespace "ns::TestParse" */
  dyad_str symbol; /* mangled: "_Z9TestParseRN4dyad1TE"; equal to name in C and .ll */
  uint32_t line;
  dyad_str file; /* absolute path of the file that holds it (the source, or a file it includes that is not a header) */
} dyad_found_test;

/* What a compilation spends its time on. INSTANTIATE lies inside of the others, mostly of PARSE. */
enum dyad_phase {
  DYAD_PHASE_PARSE = 1,
  DYAD_PHASE_INSTANTIATE = 2,
  DYAD_PHASE_GENERATE = 3, /* IR from the syntax tree */
  DYAD_PHASE_OPTIMISE = 4,
  DYAD_PHASE_EMIT = 5
};

/* Everything compile() has to say. Any callback may be NULL. All calls come from the thread that called compile(). */
typedef struct dyad_compile_sink {
  uint32_t size;
  void* user;
  void (*output)(void* user, const void* bytes, size_t size); /* once, only when OK */
  void (*diagnostics)(void* user, dyad_str text);             /* once, if there are any (warnings too) */
  void (*input)(void* user, uint32_t kind, dyad_str path, const void* bytes, size_t size);
  void (*test)(void* user, const dyad_found_test* test); /* native tests, in order of line */
  /* An entity that would be merged or collide with another of its name in one image: a class, enum, function or
   * variable with external linkage that is defined in the source or in a header that is not the system's, by qualified
   * name (functions by mangled name); and each test suite of GoogleTest. Two files of one image may share a name only
   * if `identity` is the same and not empty. It is the header's path; for a suite its fixture; empty: only this source
   * has the like. */
  void (*definition)(void* user, dyad_str name, dyad_str identity);
  /* The object's external symbols, mangled. A main with a third parameter counts as a use of `environ`. */
  void (*symbol)(void* user, uint32_t kind, dyad_str name);
  void (*main)(void* user, uint32_t line); /* the source defines main */
  /* The output depends on something that is no input: the source expands __DATE__, __TIME__ or __TIMESTAMP__ and
   * SOURCE_DATE_EPOCH is not set. At most once. */
  void (*unrepeatable)(void* user, dyad_str why);
  /* When each phase went on, in nanoseconds of CLOCK_MONOTONIC; of these `busy_ns` were spent in it, and the rest in
   * the phase around it. Nothing is timed if this is NULL. */
  void (*phase)(void* user, uint32_t phase, int64_t begin_ns, int64_t end_ns, int64_t busy_ns);
  /* If a prelude was given: was it used? Then the output needs the prelude's object where it is linked, and depends on
   * everything that the prelude does. `why_not`, if it was not, is a few words, perhaps with
   * ": " and details behind. */
  void (*prelude)(void* user, uint32_t used, dyad_str why_not);
} dyad_compile_sink;

/* What a prelude is made of. */
typedef struct dyad_prelude {
  uint32_t size;
  dyad_strs headers; /* as between < and >: "vector", "gtest/gtest.h"; those that are not found or unfit are left out */
  dyad_strs args;    /* as dyad_compile.args, without include roots of the workspace */
  dyad_str uses;     /* C++ text behind the headers whose instantiations the prelude holds; wrong text is left out */
} dyad_prelude;

/* All calls come from the thread that called make_prelude(), in this order: input, module, object. */
typedef struct dyad_prelude_sink {
  uint32_t size;
  void* user;
  void (*diagnostics)(void* user, dyad_str text); /* why there is none, if the compiler said anything */
  void (*input)(void* user, uint32_t kind, dyad_str path, const void* bytes, size_t size);
  /* It can be used from now on, by objects that are worth nothing if there will be no object of the prelude. */
  void (*module)(void* user, const void* bytes, size_t size, dyad_str notes);
  void (*object)(void* user, const void* bytes, size_t size); /* weak definitions alone: to be linked where needed */
} dyad_prelude_sink;

/* One row of a package's test table. */
typedef struct dyad_table_row {
  dyad_str name;
  dyad_str file; /* as it is to be shown: relative to the package's directory */
  uint32_t line;
  uint32_t kind;   /* enum dyad_test_kind: NATIVE or MAIN */
  dyad_str symbol; /* what the dispatcher calls: void f(dyad_T*), or int main(int, char**, char**) by its new name */
} dyad_table_row;

/* The table object defines, for the runtime (backends/runtime/table.h): the rows, their number, the package's name and
 * `void dyad_dispatch(uint32_t index, dyad_T*)`, all hidden. Order of `rows` is the order of indices. */
typedef struct dyad_table {
  uint32_t size;
  dyad_str package; /* path in the workspace */
  const dyad_table_row* rows;
  size_t count;
  dyad_str own_main; /* symbol of the main that a GoogleTest program brings itself, or empty */
  uint32_t output;   /* enum dyad_output */
  uint32_t optimise; /* as -O */
} dyad_table;

enum dyad_image_kind { DYAD_IMAGE_SHARED = 1, DYAD_IMAGE_EXECUTABLE = 2 };

typedef struct dyad_link {
  uint32_t size;
  uint32_t kind;       /* enum dyad_image_kind */
  dyad_strs objects;   /* paths, always linked, in order */
  dyad_strs libraries; /* paths of objects, linked only where a symbol is wanted (archive semantics), in order */
  dyad_strs args;      /* for the linker: "-lfoo", "-L/x" */
  dyad_str output;     /* path; replaced atomically */
  uint32_t threads;    /* 0: one; memory that further ones took is kept */
} dyad_link;

typedef struct dyad_link_sink {
  uint32_t size;
  void* user;
  /* A symbol that nothing defines: mangled, demangled, and the object (path as given) that wants it. */
  void (*undefined)(void* user, dyad_str symbol, dyad_str demangled, dyad_str object);
  /* Defined strongly by two objects that were both linked. */
  void (*duplicate)(void* user, dyad_str symbol, dyad_str demangled, dyad_str first, dyad_str second);
  void (*diagnostics)(void* user, dyad_str text); /* everything the linker said, as it said it */
  /* What the link read (`objects` and `libraries` too) or looked for in vain: start files, -lfoo in each directory. */
  void (*input)(void* user, uint32_t kind, dyad_str path);
  /* How many of the toolchain's libraries the linker saw in part: what it can need of them. */
  void (*cut)(void* user, uint32_t libraries);
} dyad_link_sink;

typedef struct dyad_codegen {
  uint32_t abi;
  uint32_t size;
  const char* version; /* "clang 22.1.8, lld 22.1.8" */
  /* Everything about the compiler and the toolchain that can change an output, for cache keys. One fact a line, so that
   * who keeps the text can see later, without loading this library, whether it still holds:
   *   version TEXT | cpu NAME | file PATH SIZE MTIME_NS (PATH may hold blanks) | absent PATH | env NAME=VALUE */
  const char* identity;
  uint32_t (*compile)(const dyad_compile* what, const dyad_compile_sink* sink);
  /* 0 if there was an object, else 1. */
  uint32_t (*make_prelude)(const dyad_prelude* what, const dyad_prelude_sink* sink);
  /* 0, or 1 with `diagnostics`. Uses the sink's output and diagnostics. */
  uint32_t (*table)(const dyad_table* what, const dyad_compile_sink* sink);
  uint32_t (*link)(const dyad_link* what, const dyad_link_sink* sink);
  /* Links bitcode files into one module, `libraries` only as far as they are needed, and hands its text to output(). */
  uint32_t (*merge_ir)(dyad_strs objects, dyad_strs libraries, const dyad_compile_sink* sink);
  /* A run begins: what earlier ones found out about the toolchain and the driver's configuration files is forgotten,
   * for these may have changed. While nothing else is called. */
  void (*begin_run)(void);
  /* Links will follow that name this object of a prelude: finds out what is in it, on the caller's thread, so that the
   * first of them need not. From any thread, at any time; may be left out. */
  void (*foresee_links)(dyad_str prelude_object);
} dyad_codegen;

/* Returns the table of functions, or NULL if the library does not speak `abi`. */
typedef const dyad_codegen* (*dyad_codegen_entry_fn)(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
