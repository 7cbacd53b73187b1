// CHECK and REQUIRE behind their macros (dyad/check.h, dyad/check_c.h): which test is meant, and what is said of it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "backends/runtime/level.hpp"
#include "backends/runtime/shown_values.hpp"
#include "dyad/check_c.h"

namespace dyad::runtime {
namespace {

/// Says that a check failed. Returns the test it belongs to, or null if no native test runs.
Level* say_failed(bool fatal, const std::string& values, const char* expression, const char* file, int line) {
  std::string text = std::string(expression) + " failed";
  if (!values.empty()) text += ": " + values;
  dyad_severity severity = fatal ? DYAD_FATAL : DYAD_ERROR;
  Place place{file, line > 0 ? static_cast<std::uint32_t>(line) : 0};
  Level* level = Level::current();
  if (level != nullptr) {
    level->say(severity, place, text);
  } else if (Run* run = Run::current(); run != nullptr) {
    run->message(severity, place, text, {}, true);
  } else {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  }
  return level;
}

/// A REQUIRE failed in a test of a framework, which knows what to do with an exception, or in no test at all.
[[noreturn]] void stop_without_level(bool may_throw) {
  if (may_throw && Run::current() != nullptr) throw std::runtime_error("REQUIRE failed");
  std::fflush(nullptr);
  std::abort();
}

/// kNone: one of them is not a number (NaN).
enum class Order { kLess, kEqual, kGreater, kNone };

Order order_of_doubles(double a, double b) {
  return a < b ? Order::kLess : a > b ? Order::kGreater : a == b ? Order::kEqual : Order::kNone;
}

template <class V>
Order order_of(V a, V b) {
  return a < b ? Order::kLess : b < a ? Order::kGreater : Order::kEqual;
}

double as_double(const dyad_value& v) {
  return v.kind == DYAD_VALUE_DOUBLE ? v.as.d
         : v.kind == DYAD_VALUE_UINT ? static_cast<double>(v.as.u)
                                     : static_cast<double>(v.as.i);
}

bool is_number(const dyad_value& v) {
  return v.kind == DYAD_VALUE_INT || v.kind == DYAD_VALUE_UINT || v.kind == DYAD_VALUE_DOUBLE;
}

const void* as_pointer(const dyad_value& v) {
  if (v.kind == DYAD_VALUE_STRING) return v.as.s;
  return is_number(v) ? reinterpret_cast<const void*>(static_cast<std::size_t>(v.as.u)) : v.as.p;
}

/// Numbers are compared as numbers, whatever their types; strings by content.
Order compare(const dyad_value& a, const dyad_value& b) {
  if (is_number(a) && is_number(b)) {
    if (a.kind == DYAD_VALUE_DOUBLE || b.kind == DYAD_VALUE_DOUBLE) return order_of_doubles(as_double(a), as_double(b));
    bool a_negative = a.kind == DYAD_VALUE_INT && a.as.i < 0;
    bool b_negative = b.kind == DYAD_VALUE_INT && b.as.i < 0;
    if (a_negative != b_negative) return a_negative ? Order::kLess : Order::kGreater;
    return a_negative ? order_of(a.as.i, b.as.i) : order_of(a.as.u, b.as.u);
  }
  if (a.kind == DYAD_VALUE_STRING && b.kind == DYAD_VALUE_STRING && a.as.s != nullptr && b.as.s != nullptr) {
    return order_of(std::strcmp(a.as.s, b.as.s), 0);
  }
  return order_of(as_pointer(a), as_pointer(b));
}

bool holds(Order order, const char* operation) {
  std::string op = operation;
  if (op == "==") return order == Order::kEqual;
  if (op == "!=") return order != Order::kEqual;
  if (op == "<") return order == Order::kLess;
  if (op == "<=") return order == Order::kLess || order == Order::kEqual;
  if (op == ">") return order == Order::kGreater;
  return order == Order::kGreater || order == Order::kEqual;
}

void show(const dyad_value& v) {
  switch (v.kind) {
    case DYAD_VALUE_INT:
      return dyad_show_int(v.as.i);
    case DYAD_VALUE_UINT:
      return dyad_show_uint(v.as.u);
    case DYAD_VALUE_DOUBLE:
      return dyad_show_floating(v.as.d, sizeof v.as.d);
    case DYAD_VALUE_STRING:
      return dyad_show_quoted(v.as.s, v.as.s == nullptr ? 0 : std::strlen(v.as.s));
    case DYAD_VALUE_POINTER:
      return dyad_show_pointer(v.as.p);
  }
}

}  // namespace
}  // namespace dyad::runtime

void dyad_check_failed_throw(int fatal, int with_values, const char* expression, const char* file, int line) {
  using namespace dyad::runtime;
  Level* level = say_failed(fatal, with_values ? take_shown_values() : "", expression, file, line);
  if (!fatal) return;
  if (level == nullptr) stop_without_level(true);
  level->stop_by_throw();
}

void dyad_check_failed_jump(int fatal, int with_values, const char* expression, const char* file, int line) {
  using namespace dyad::runtime;
  Level* level = nullptr;
  {
    std::string values = with_values ? take_shown_values() : "";
    level = say_failed(fatal, values, expression, file, line);
  }
  if (!fatal) return;
  if (level == nullptr) stop_without_level(false);
  level->stop_by_jump();
}

void dyad_check_failed(int fatal, const char* expression, const char* file, int line) {
  dyad_check_failed_jump(fatal, 0, expression, file, line);
}

void dyad_check_values(int fatal, const char* operation, dyad_value left, dyad_value right, const char* expression,
                       const char* file, int line) {
  using namespace dyad::runtime;
  if (holds(compare(left, right), operation)) return;
  dyad_show_begin();
  show(left);
  dyad_show_text((" " + std::string(operation) + " ").c_str());
  show(right);
  dyad_check_failed_jump(fatal, 1, expression, file, line);
}
