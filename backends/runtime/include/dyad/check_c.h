/* CHECK and REQUIRE for C: included by testing.h.
 *
 * They need no `t`: the runtime knows which test runs on this thread. CHECK(condition) and REQUIRE(condition) print the
 * condition's text; CHECK_EQ(a, b) and its kin print both values. Values are integers (compared as numbers, whatever
 * their signs), floating-point numbers, char strings (compared by content) and pointers. C11 for the latter.
 */
#ifndef DYAD_CHECK_C_H_
#define DYAD_CHECK_C_H_

#include <stddef.h>

enum dyad_value_kind { DYAD_VALUE_INT, DYAD_VALUE_UINT, DYAD_VALUE_DOUBLE, DYAD_VALUE_STRING, DYAD_VALUE_POINTER };
struct dyad_value {
  enum dyad_value_kind kind;
  union {
    long long i;
    unsigned long long u;
    double d;
    const char* s;
    const void* p;
  } as;
};

#ifdef __cplusplus
extern "C" {
#endif
/* Reports a failed check of the test that runs on this thread; ends the test if `fatal`. */
void dyad_check_failed(int fatal, const char* expression, const char* file, int line);
/* Compares, and reports if that fails. `operation` is "==", "!=", "<", "<=", ">" or ">=". */
void dyad_check_values(int fatal, const char* operation, struct dyad_value left, struct dyad_value right,
                       const char* expression, const char* file, int line);
#ifdef __cplusplus
}
#else /* C++ has its own macros: check.h */

#define DYAD_CHECK(...) ((__VA_ARGS__) ? (void)0 : dyad_check_failed(0, "CHECK(" #__VA_ARGS__ ")", __FILE__, __LINE__))
#define DYAD_REQUIRE(...) \
  ((__VA_ARGS__) ? (void)0 : dyad_check_failed(1, "REQUIRE(" #__VA_ARGS__ ")", __FILE__, __LINE__))

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
static inline struct dyad_value dyad_value_int(long long v) {
  struct dyad_value value = {DYAD_VALUE_INT, {.i = v}};
  return value;
}
static inline struct dyad_value dyad_value_uint(unsigned long long v) {
  struct dyad_value value = {DYAD_VALUE_UINT, {.u = v}};
  return value;
}
static inline struct dyad_value dyad_value_double(double v) {
  struct dyad_value value = {DYAD_VALUE_DOUBLE, {.d = v}};
  return value;
}
static inline struct dyad_value dyad_value_string(const char* v) {
  struct dyad_value value = {DYAD_VALUE_STRING, {.s = v}};
  return value;
}
static inline struct dyad_value dyad_value_pointer(const volatile void* v) {
  struct dyad_value value = {DYAD_VALUE_POINTER, {.p = (const void*)v}};
  return value;
}
#define DYAD_VALUE_(v) \
  _Generic((v), _Bool: dyad_value_uint, char: dyad_value_int, signed char: dyad_value_int, short: dyad_value_int, \
      int: dyad_value_int, long: dyad_value_int, long long: dyad_value_int, unsigned char: dyad_value_uint,       \
      unsigned short: dyad_value_uint, unsigned int: dyad_value_uint, unsigned long: dyad_value_uint,             \
      unsigned long long: dyad_value_uint, float: dyad_value_double, double: dyad_value_double,                   \
      long double: dyad_value_double, char*: dyad_value_string, const char*: dyad_value_string,                   \
      default: dyad_value_pointer)(v)

#define DYAD_COMPARE_(fatal, name, op, a, b) \
  dyad_check_values(fatal, op, DYAD_VALUE_(a), DYAD_VALUE_(b), name "(" #a ", " #b ")", __FILE__, __LINE__)
#define CHECK_EQ(a, b) DYAD_COMPARE_(0, "CHECK_EQ", "==", a, b)
#define CHECK_NE(a, b) DYAD_COMPARE_(0, "CHECK_NE", "!=", a, b)
#define CHECK_LT(a, b) DYAD_COMPARE_(0, "CHECK_LT", "<", a, b)
#define CHECK_LE(a, b) DYAD_COMPARE_(0, "CHECK_LE", "<=", a, b)
#define CHECK_GT(a, b) DYAD_COMPARE_(0, "CHECK_GT", ">", a, b)
#define CHECK_GE(a, b) DYAD_COMPARE_(0, "CHECK_GE", ">=", a, b)
#define REQUIRE_EQ(a, b) DYAD_COMPARE_(1, "REQUIRE_EQ", "==", a, b)
#define REQUIRE_NE(a, b) DYAD_COMPARE_(1, "REQUIRE_NE", "!=", a, b)
#define REQUIRE_LT(a, b) DYAD_COMPARE_(1, "REQUIRE_LT", "<", a, b)
#define REQUIRE_LE(a, b) DYAD_COMPARE_(1, "REQUIRE_LE", "<=", a, b)
#define REQUIRE_GT(a, b) DYAD_COMPARE_(1, "REQUIRE_GT", ">", a, b)
#define REQUIRE_GE(a, b) DYAD_COMPARE_(1, "REQUIRE_GE", ">=", a, b)
#endif

/* Other libraries have macros of these names too; theirs are left alone. */
#ifndef CHECK
#define CHECK DYAD_CHECK
#endif
#ifndef REQUIRE
#define REQUIRE DYAD_REQUIRE
#endif
#endif /* __cplusplus */
#endif /* DYAD_CHECK_C_H_ */
