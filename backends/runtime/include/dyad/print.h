/// How CHECK shows a value: included by check.h.
///
/// Values are written into a buffer of the runtime, so that this header needs neither <ostream> nor <sstream>. Numbers,
/// characters, texts, pointers, enums, pairs and ranges are shown by this file; anything else by its operator<< if the
/// test file knows one, else as {?}.
#ifndef DYAD_PRINT_H_
#define DYAD_PRINT_H_

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#include <stddef.h>

#include <iosfwd>
#include <type_traits>
#include <utility>

extern "C" {
/// Begin a new text on this thread; all others append to it. The failing check takes it (dyad_check_failed_*).
void dyad_show_begin(void);
void dyad_show_text(const char* text);
void dyad_show_char(char value);
void dyad_show_int(long long value);
void dyad_show_uint(unsigned long long value);
/// With as few digits as tell `value` from its neighbours; `size` is sizeof(float), sizeof(double) or more.
void dyad_show_floating(long double value, size_t size);
/// In double quotes, with escapes; long texts are cut. NULL shows as nullptr.
void dyad_show_quoted(const char* text, size_t size);
void dyad_show_pointer(const volatile void* value);
}

namespace dyad {
namespace detail {

/// A stream into the buffer, with default formatting.
std::ostream& show_stream();

template <class V>
void show(const V& value);

template <int N>
struct Rank : Rank<N - 1> {};
template <>
struct Rank<0> {};

template <class V>
void show_as(const V&, Rank<0>) {
  dyad_show_text("{?}");
}

template <class V>
typename std::enable_if<std::is_enum<V>::value>::type show_as(const V& value, Rank<1>) {
  show(static_cast<typename std::underlying_type<V>::type>(value));
}

template <class V>
auto show_as(const V& value, Rank<2>) -> decltype(value.begin() != value.end(), *value.begin(), void()) {
  dyad_show_text("{");
  int shown = 0;
  for (auto i = value.begin(); i != value.end(); ++i, ++shown) {
    if (shown > 0) dyad_show_text(", ");
    if (shown == 32) {
      dyad_show_text("...");
      break;
    }
    show(*i);
  }
  dyad_show_text("}");
}

template <class V>
auto show_as(const V& value, Rank<3>) -> decltype(std::declval<std::ostream&>() << value, void()) {
  show_stream() << value;
}

template <class V>
typename std::enable_if<std::is_pointer<V>::value>::type show_as(const V& value, Rank<4>) {
  dyad_show_pointer(reinterpret_cast<const volatile void*>(value));
}
template <class A, class B>
void show_as(const std::pair<A, B>& value, Rank<4>) {
  dyad_show_text("{");
  show(value.first);
  dyad_show_text(", ");
  show(value.second);
  dyad_show_text("}");
}
// std::string, std::string_view
template <class V>
typename std::enable_if<std::is_same<typename V::traits_type::char_type, char>::value &&
                        std::is_convertible<decltype(std::declval<const V&>().data()), const char*>::value>::type
show_as(const V& value, Rank<4>) {
  dyad_show_quoted(value.data(), value.size());
}

template <class V>
typename std::enable_if<std::is_integral<V>::value && std::is_signed<V>::value>::type show_as(const V& value, Rank<5>) {
  dyad_show_int(value);
}
template <class V>
typename std::enable_if<std::is_integral<V>::value && !std::is_signed<V>::value>::type show_as(const V& value,
                                                                                               Rank<5>) {
  dyad_show_uint(value);
}
template <class V>
typename std::enable_if<std::is_floating_point<V>::value>::type show_as(const V& value, Rank<5>) {
  dyad_show_floating(value, sizeof value);
}

inline void show_as(bool value, Rank<6>) { dyad_show_text(value ? "true" : "false"); }
inline void show_as(char value, Rank<6>) { dyad_show_char(value); }
inline void show_as(std::nullptr_t, Rank<6>) { dyad_show_text("nullptr"); }
inline void show_text(const char* text) { dyad_show_quoted(text, text == nullptr ? 0 : __builtin_strlen(text)); }

// The exact type is looked at: a value that merely converts to bool or char is not one.
template <class V>
struct Show {
  static void value(const V& value) { show_as(value, Rank<5>()); }
};
template <>
struct Show<bool> {
  static void value(bool value) { show_as(value, Rank<6>()); }
};
template <>
struct Show<char> {
  static void value(char value) { show_as(value, Rank<6>()); }
};
template <>
struct Show<std::nullptr_t> {
  static void value(std::nullptr_t value) { show_as(value, Rank<6>()); }
};
template <>
struct Show<const char*> {
  static void value(const char* value) { show_text(value); }
};
template <>
struct Show<char*> {
  static void value(const char* value) { show_text(value); }
};
template <size_t N>
struct Show<char[N]> {
  // A char array need not end in NUL.
  static void value(const char (&value)[N]) {
    size_t size = 0;
    while (size < N && value[size] != '\0') ++size;
    dyad_show_quoted(value, size);
  }
};

template <class V>
void show(const V& value) {
  Show<typename std::remove_cv<V>::type>::value(value);
}

}  // namespace detail
}  // namespace dyad
#endif  // DYAD_PRINT_H_
