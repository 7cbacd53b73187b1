/// CHECK and REQUIRE for C++: included by testing.h.
///
/// `CHECK(a == b)` takes the expression apart (`Decomposer() <= a == b`), so that a failure shows both sides:
/// `CHECK(a == b) failed: 1 == 2`. They need no `t`: the runtime knows which test runs on this thread. A check that
/// holds costs the comparison and nothing else.
///
/// The operators ==, !=, <, <=, >, >= and plain values are taken apart; of `a && b` and `a || b`, which keep their
/// short circuit, the text alone is shown.
#ifndef DYAD_CHECK_H_
#define DYAD_CHECK_H_

// Comparing a size with 3 inside a template would warn where the user's own line does not.
#if defined(__GNUC__)
#pragma GCC system_header
#endif

#include "dyad/print.h"

extern "C" {
// Reports a failed check of the test that runs on this thread, with the values shown since dyad_show_begin() if
// `with_values`. Ends the test if `fatal`, by an exception or by a jump.
void dyad_check_failed_throw(int fatal, int with_values, const char* expression, const char* file, int line);
void dyad_check_failed_jump(int fatal, int with_values, const char* expression, const char* file, int line);
}

namespace dyad {
namespace detail {

/// Whether a check holds; if not, its values may have been shown already.
struct Outcome {
  bool passed;
  bool with_values;
  explicit Outcome(bool holds, bool shown = false) : passed(holds), with_values(shown) {}
  explicit operator bool() const { return passed; }
};

// What is really compared: the value itself, but a number beside a pointer is NULL or 0 and becomes a pointer.
template <class Value, class Other>
struct Operand {
  static const Value& get(const Value& value) { return value; }
};
template <class Value, class Pointee>
struct Operand<Value, Pointee*> {
  typedef std::is_integral<Value> IsNumber;
  static typename std::conditional<IsNumber::value, Pointee*, const Value&>::type get(const Value& value) {
    return get(value, IsNumber());
  }

 private:
  static Pointee* get(const Value& value, std::true_type) {
    return reinterpret_cast<Pointee*>(static_cast<size_t>(value));
  }
  static const Value& get(const Value& value, std::false_type) { return value; }
};

template <class L, class R>
Outcome compared(bool holds, const L& left, const char* operation, const R& right) {
  if (holds) return Outcome(true);
  dyad_show_begin();
  show(left);
  dyad_show_text(operation);
  show(right);
  return Outcome(false, true);
}

template <class L>
struct Left {
  const L& value;

  explicit operator bool() const { return static_cast<bool>(value); }

#define DYAD_COMPARISON_(op)                                                                                       \
  template <class R>                                                                                               \
  Outcome operator op(const R& right) const {                                                                      \
    return compared(static_cast<bool>(Operand<L, R>::get(value) op Operand<R, L>::get(right)), value, " " #op " ", \
                    right);                                                                                        \
  }
  DYAD_COMPARISON_(==)
  DYAD_COMPARISON_(!=)
  DYAD_COMPARISON_(<)
  DYAD_COMPARISON_(<=)
  DYAD_COMPARISON_(>)
  DYAD_COMPARISON_(>=)
#undef DYAD_COMPARISON_

  // These bind less tightly than comparisons: CHECK(flags & kReady).
  template <class R>
  auto operator&(const R& right) const -> decltype(this->value & right) {
    return value & right;
  }
  template <class R>
  auto operator|(const R& right) const -> decltype(this->value | right) {
    return value | right;
  }
  template <class R>
  auto operator^(const R& right) const -> decltype(this->value ^ right) {
    return value ^ right;
  }
};

struct Decomposer {
  template <class L>
  Left<L> operator<=(const L& left) const {
    return Left<L>{left};
  }
};

inline Outcome judge(Outcome outcome) { return outcome; }
inline Outcome judge(Left<bool> left) { return Outcome(left.value); }
template <class L>
Outcome judge(Left<L> left) {
  bool holds = static_cast<bool>(left.value);
  if (holds) return Outcome(true);
  dyad_show_begin();
  show(left.value);
  return Outcome(false, true);
}
template <class V>
Outcome judge(const V& value) {
  return Outcome(static_cast<bool>(value));
}

inline void check_failed(Outcome outcome, bool fatal, const char* expression, const char* file, int line) {
#if defined(__cpp_exceptions)
  dyad_check_failed_throw(fatal, outcome.with_values, expression, file, line);
#else
  dyad_check_failed_jump(fatal, outcome.with_values, expression, file, line);
#endif
}

}  // namespace detail
}  // namespace dyad

#define DYAD_CHECK_(fatal, name, ...)                                                              \
  do {                                                                                             \
    _Pragma("GCC diagnostic push")                                                                 \
        _Pragma("GCC diagnostic ignored \"-Wparentheses\"")::dyad::detail::Outcome dyad_outcome_ = \
            ::dyad::detail::judge(::dyad::detail::Decomposer() <= __VA_ARGS__);                    \
    _Pragma("GCC diagnostic pop") if (!dyad_outcome_)::dyad::detail::check_failed(                 \
        dyad_outcome_, fatal, name "(" #__VA_ARGS__ ")", __FILE__, __LINE__);                      \
  } while (false)
#define DYAD_CHECK(...) DYAD_CHECK_(false, "CHECK", __VA_ARGS__)
#define DYAD_REQUIRE(...) DYAD_CHECK_(true, "REQUIRE", __VA_ARGS__)

// Other libraries have macros of these names too; theirs are left alone.
#ifndef CHECK
#define CHECK DYAD_CHECK
#endif
#ifndef REQUIRE
#define REQUIRE DYAD_REQUIRE
#endif
#endif  // DYAD_CHECK_H_
