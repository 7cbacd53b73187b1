/* What a test says to dyad: the only header a native test needs, for C (C99 and later) and C++ (C++11 and later, also
 * with -fno-exceptions and -fno-rtti).
 *
 *   void TestParse(dyad::T& t) {            void TestParse(dyad_T *t) {
 *     t.log("starting");                      dyad_log(t, "starting");
 *     CHECK(parse("1") == 1);                 CHECK_EQ(parse("1"), 1);
 *     t.run("empty", [](dyad::T& t) {         dyad_run(t, "empty", test_empty, NULL);
 *       if (parse("") != 0) t.fatal("no");
 *     });
 *   }                                       }
 *
 * A test is a function of that shape; the compiler finds it, nothing is registered. It fails when it says so (error,
 * fatal, CHECK, REQUIRE), when a subtest fails, or when an exception leaves it. fatal, skip and REQUIRE end the test at
 * once: by an exception where there are any, so that destructors run, else by a jump (C, -fno-exceptions), which runs
 * none. After the test its clean-ups run, last one first, then its directory, environment and cwd are put back.
 *
 * This file is parsed once per test file, so it includes <string> and no more of the standard library. It knows nothing
 * of how results travel; all functions are in the runtime that dyad links into the image.
 *
 * Threads: log, error, CHECK may be used from any thread while the test runs. The others belong to the thread of the
 * test; a REQUIRE that fails on another thread ends that thread, not the test.
 */
#ifndef DYAD_TESTING_H_
#define DYAD_TESTING_H_

#include <stddef.h>

#ifdef __cplusplus
#include <string>
extern "C" {
#endif

/* One running test or subtest. Owned by the runtime; dies with the test function. */
typedef struct dyad_T {
  void* state;
} dyad_T;

#if defined(__GNUC__)
#define DYAD_PRINTF_(format, first) __attribute__((__format__(__printf__, format, first)))
#define DYAD_NORETURN_ __attribute__((__noreturn__))
#else
#define DYAD_PRINTF_(format, first)
#define DYAD_NORETURN_
#endif

/* "TestParse", or "TestParse/empty" in a subtest. Valid while the test runs. */
const char* dyad_name(const dyad_T* t);
int dyad_failed(const dyad_T* t);
int dyad_skipped(const dyad_T* t);

/* Say something at file:line. `what`: 1 log, 2 error, 3 fatal, 4 skip (see dyad_log and so on below, which stop the
 * test where that is wanted; these alone never do). */
void dyad_say(dyad_T* t, int what, const char* file, int line, const char* format, ...) DYAD_PRINTF_(5, 6);
void dyad_say_text(dyad_T* t, int what, const char* file, int line, const char* text, size_t size);
void dyad_mark_failed(dyad_T* t);
void dyad_mark_skipped(dyad_T* t);
/* End the test: by an exception, or by a jump. */
void dyad_stop_throw(dyad_T* t) DYAD_NORETURN_;
void dyad_stop_jump(dyad_T* t) DYAD_NORETURN_;

/* Runs `function` as a subtest now. Returns 1 if it passed or was skipped, 0 if it failed: then `t` has failed too.
 * Blanks in `name` become '_', a name used twice gets "#01". Subtests that --run leaves out are not run: 1. */
int dyad_run(dyad_T* t, const char* name, void (*function)(dyad_T* t, void* argument), void* argument);
/* Calls `function` when the test has ended, however it ended. */
void dyad_cleanup(dyad_T* t, void (*function)(void* argument), void* argument);
/* A new empty directory, removed with all its contents after the test. Absolute, valid while the test runs. */
const char* dyad_temp_dir(dyad_T* t);
/* Sets (NULL: unsets) an environment variable until the end of the test. */
void dyad_setenv(dyad_T* t, const char* name, const char* value);
/* Changes the working directory until the end of the test; the test ends as fatal if that is not possible. */
void dyad_chdir(dyad_T* t, const char* directory);
/* How long this test may take, in seconds from its start, its subtests included, instead of --test-timeout; 0: as long
 * as it likes. */
void dyad_set_timeout(dyad_T* t, double seconds);
/* From now to dyad_helper_end, messages of this test carry this place instead of their own. Calls nest: the outermost
 * place counts. For functions that check something for their caller. */
void dyad_helper(dyad_T* t, const char* file, int line);
void dyad_helper_end(dyad_T* t);
/* This test depends on something that dyad cannot see (the network, a clock): its result is not to be reused. Said as a
 * log line of the test. */
void dyad_uncacheable(dyad_T* t, const char* why);

#if defined(__cplusplus) && defined(__cpp_exceptions)
#define dyad_stop dyad_stop_throw
#else
#define dyad_stop dyad_stop_jump
#endif

/* For C; printf-like. */
#define dyad_log(t, ...) dyad_say((t), 1, __FILE__, __LINE__, __VA_ARGS__)
#define dyad_error(t, ...) dyad_say((t), 2, __FILE__, __LINE__, __VA_ARGS__)
#define dyad_fatal(t, ...) (dyad_say((t), 3, __FILE__, __LINE__, __VA_ARGS__), dyad_stop(t))
#define dyad_skip(t, ...) (dyad_say((t), 4, __FILE__, __LINE__, __VA_ARGS__), dyad_stop(t))
#define dyad_fail_now(t) (dyad_mark_failed(t), dyad_stop(t))
#define dyad_skip_now(t) (dyad_mark_skipped(t), dyad_stop(t))

#ifdef __cplusplus
} /* extern "C" */

namespace dyad {

/// The place of a call. As the default argument of a function it is the place where that function is called.
struct Here {
  const char* file;
  int line;
  static constexpr Here now(const char* file_ = __builtin_FILE(), int line_ = __builtin_LINE()) {
    return Here{file_, line_};
  }
};

namespace detail {

/// Anything that is a text: const char*, std::string, std::string_view, without <string_view>.
struct Text {
  const char* data;
  size_t size;
  Text(const char* text) : data(text), size(__builtin_strlen(text)) {}
  template <class S, class = decltype(static_cast<const char*>(static_cast<const S*>(nullptr)->data())),
            class = decltype(static_cast<const S*>(nullptr)->length())>
  Text(const S& text) : data(text.data()), size(text.length()) {}
};

/// A printf format and the place of the call.
struct Format {
  const char* text;
  const char* file;
  int line;
  Format(const char* format, const char* file_ = __builtin_FILE(), int line_ = __builtin_LINE())
      : text(format), file(file_), line(line_) {}
};

/// What may be handed to printf.
template <class V>
struct IsPlain {
  static constexpr bool kValue = __is_enum(V) || !(__is_class(V) || __is_union(V));
};

}  // namespace detail

/// One running test, as a test function gets it: `void TestX(dyad::T& t)`.
class T : public dyad_T {
 public:
  T(const T&) = delete;
  T& operator=(const T&) = delete;

  std::string name() const { return dyad_name(this); }
  bool failed() const { return dyad_failed(this) != 0; }
  bool skipped() const { return dyad_skipped(this) != 0; }

  /// log is shown with -v or when the test fails; error also fails the test; fatal and skip also end it.
  void log(detail::Text text, Here here = Here::now()) { say(1, text, here); }
  void error(detail::Text text, Here here = Here::now()) { say(2, text, here); }
  [[noreturn]] void fatal(detail::Text text, Here here = Here::now()) {
    say(3, text, here);
    dyad_stop(this);
  }
  [[noreturn]] void skip(detail::Text text, Here here = Here::now()) {
    say(4, text, here);
    dyad_stop(this);
  }

  /// The same, printf-like. Arguments are numbers and pointers: `s.c_str()`, not `s`.
  template <class... A>
  void logf(detail::Format format, A... arguments) {
    sayf(1, format, arguments...);
  }
  template <class... A>
  void errorf(detail::Format format, A... arguments) {
    sayf(2, format, arguments...);
  }
  template <class... A>
  [[noreturn]] void fatalf(detail::Format format, A... arguments) {
    sayf(3, format, arguments...);
    dyad_stop(this);
  }
  template <class... A>
  [[noreturn]] void skipf(detail::Format format, A... arguments) {
    sayf(4, format, arguments...);
    dyad_stop(this);
  }

  void fail() { dyad_mark_failed(this); }
  [[noreturn]] void fail_now() {
    dyad_mark_failed(this);
    dyad_stop(this);
  }
  [[noreturn]] void skip_now() {
    dyad_mark_skipped(this);
    dyad_stop(this);
  }

  /// Runs `function(T&)` as a subtest now; false if it failed. See dyad_run.
  template <class F>
  bool run(detail::Text name, F&& function) {
    return dyad_run(this, std::string(name.data, name.size).c_str(), &call<F>,
                    const_cast<void*>(static_cast<const volatile void*>(__builtin_addressof(function)))) != 0;
  }

  /// Calls `function()` after the test, last one first.
  template <class F>
  void cleanup(F function) {
    dyad_cleanup(this, &call_and_delete<F>, new F(static_cast<F&&>(function)));
  }

  /// See the C functions of the same names.
  std::string temp_dir() { return dyad_temp_dir(this); }
  void setenv(detail::Text variable, detail::Text value) {
    dyad_setenv(this, std::string(variable.data, variable.size).c_str(), std::string(value.data, value.size).c_str());
  }
  void unsetenv(detail::Text variable) {
    dyad_setenv(this, std::string(variable.data, variable.size).c_str(), nullptr);
  }
  void chdir(detail::Text directory) { dyad_chdir(this, std::string(directory.data, directory.size).c_str()); }
  void set_timeout(double seconds) { dyad_set_timeout(this, seconds); }
  /// A std::chrono::duration.
  template <class Duration, class Period = typename Duration::period>
  void set_timeout(Duration limit) {
    set_timeout(static_cast<double>(limit.count()) * static_cast<double>(Period::num) /
                static_cast<double>(Period::den));
  }
  void uncacheable(detail::Text why) { dyad_uncacheable(this, std::string(why.data, why.size).c_str()); }

  /// While the returned object lives, messages carry the place `here`: a function that checks something for its caller
  /// takes `dyad::Here here = dyad::Here::now()` as its last parameter and begins with `auto scope = t.helper(here);`.
  class HelperScope {
   public:
    HelperScope(T* t, Here here) : t_(t) { dyad_helper(t_, here.file, here.line); }
    HelperScope(HelperScope&& other) : t_(other.t_) { other.t_ = nullptr; }
    HelperScope& operator=(HelperScope&&) = delete;
    ~HelperScope() {
      if (t_ != nullptr) dyad_helper_end(t_);
    }

   private:
    T* t_;
  };
  HelperScope helper(Here here) { return HelperScope(this, here); }

 protected:
  T() : dyad_T() {}
  ~T() = default;

 private:
  void say(int what, detail::Text text, Here here) {
    dyad_say_text(this, what, here.file, here.line, text.data, text.size);
  }
  template <class... A>
  void sayf(int what, detail::Format format, A... arguments) {
    static_assert(All<detail::IsPlain<A>::kValue...>::kValue,
                  "printf-like functions take numbers and pointers: s.c_str()");
    dyad_say(this, what, format.file, format.line, format.text, arguments...);
  }
  template <bool...>
  struct Bools {};
  template <class, class>
  struct IsSame {
    static constexpr bool kValue = false;
  };
  template <class A>
  struct IsSame<A, A> {
    static constexpr bool kValue = true;
  };
  template <bool... B>
  struct All {
    static constexpr bool kValue = IsSame<Bools<true, B...>, Bools<B..., true>>::kValue;
  };
  template <class F>
  static void call(dyad_T* t, void* function) {
    (*static_cast<typename RemoveReference<F>::Type*>(function))(static_cast<T&>(*t));
  }
  template <class F>
  static void call_and_delete(void* function) {
    struct Owner {
      F* function;
      ~Owner() { delete function; }
    } owner{static_cast<F*>(function)};
    (*owner.function)();
  }
  template <class F>
  struct RemoveReference {
    typedef F Type;
  };
  template <class F>
  struct RemoveReference<F&> {
    typedef F Type;
  };
};

}  // namespace dyad

#include "dyad/check.h"
#else
#include "dyad/check_c.h"
#endif
#endif /* DYAD_TESTING_H_ */
