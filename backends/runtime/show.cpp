// The values of a failed check as text (dyad/print.h).
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

#include "backends/runtime/shown_values.hpp"
#include "dyad/print.h"

namespace dyad::runtime {
namespace {

constexpr std::size_t kMaxQuoted = 4096;

/// Texts that are being made on this thread: showing a value may run a check of its own.
thread_local std::vector<std::string> t_texts;

std::string& text() {
  if (t_texts.empty()) t_texts.emplace_back();
  return t_texts.back();
}

void append_escaped(std::string& to, char c, char quote) {
  switch (c) {
    case '\n':
      to += "\\n";
      return;
    case '\t':
      to += "\\t";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\0':
      to += "\\0";
      return;
    case '\\':
      to += "\\\\";
      return;
    default:
      break;
  }
  if (c == quote) to += '\\';
  unsigned char byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(byte));
    to += hex;
  } else {
    to += c;
  }
}

class ShowBuffer : public std::streambuf {
 protected:
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) text() += traits_type::to_char_type(c);
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* s, std::streamsize size) override {
    text().append(s, static_cast<std::size_t>(size));
    return size;
  }
};

}  // namespace

std::string take_shown_values() {
  std::string shown = std::move(text());
  t_texts.pop_back();
  return shown;
}

}  // namespace dyad::runtime

using dyad::runtime::text;

std::ostream& dyad::detail::show_stream() {
  thread_local dyad::runtime::ShowBuffer buffer;
  thread_local std::ostream stream(&buffer);
  static const std::ios& fresh = *new std::ios(nullptr);
  stream.clear();
  stream.copyfmt(fresh);
  return stream;
}

void dyad_show_begin(void) { dyad::runtime::t_texts.emplace_back(); }

void dyad_show_text(const char* s) { text() += s; }

void dyad_show_char(char value) {
  text() += '\'';
  dyad::runtime::append_escaped(text(), value, '\'');
  text() += '\'';
}

void dyad_show_int(long long value) { text() += std::to_string(value); }

void dyad_show_uint(unsigned long long value) { text() += std::to_string(value); }

void dyad_show_floating(long double value, size_t size) {
  char digits[64] = "";
  int most = size <= sizeof(float) ? 9 : size <= sizeof(double) ? 17 : 21;
  for (int precision = 1; precision <= most; ++precision) {
    std::snprintf(digits, sizeof digits, "%.*Lg", precision, value);
    if (std::isnan(value)) break;
    bool same = size <= sizeof(float)    ? std::strtof(digits, nullptr) == static_cast<float>(value)
                : size <= sizeof(double) ? std::strtod(digits, nullptr) == static_cast<double>(value)
                                         : std::strtold(digits, nullptr) == value;
    if (same) break;
  }
  text() += digits;
}

void dyad_show_quoted(const char* s, size_t size) {
  if (s == nullptr) return dyad_show_text("nullptr");
  text() += '"';
  for (std::size_t i = 0; i < size && i < dyad::runtime::kMaxQuoted; ++i) {
    dyad::runtime::append_escaped(text(), s[i], '"');
  }
  text() += '"';
  if (size > dyad::runtime::kMaxQuoted) text() += "... (" + std::to_string(size) + " bytes)";
}

void dyad_show_pointer(const volatile void* value) {
  if (value == nullptr) return dyad_show_text("nullptr");
  char hex[32];
  std::snprintf(hex, sizeof hex, "%p", const_cast<const void*>(value));
  text() += hex;
}
