#include "backends/runtime/text_sink.hpp"

#include <algorithm>
#include <cstdio>

namespace dyad::runtime {
namespace {

const char* verdict_word(dyad_verdict verdict) {
  switch (verdict) {
    case DYAD_PASS:
      return "PASS";
    case DYAD_FAIL:
      return "FAIL";
    case DYAD_SKIP:
      return "SKIP";
  }
  return "?";
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_indent(std::size_t levels) {
  while (levels-- > 0) print("    ");
}

std::size_t depth_of(std::string_view subtest) {
  return subtest.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(subtest.begin(), subtest.end(), '/'));
}

/// "file:12: text", with further lines indented by one level more.
void print_message(std::size_t levels, Place place, std::string_view text) {
  print_indent(levels);
  if (!place.file.empty()) {
    print(place.file);
    if (place.line != 0) std::printf(":%u", place.line);
    print(": ");
  }
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  for (std::size_t line_end; (line_end = text.find('\n')) != std::string_view::npos;) {
    print(text.substr(0, line_end + 1));
    text.remove_prefix(line_end + 1);
    print_indent(levels + 1);
  }
  print(text);
  print("\n");
}

void print_verdict(std::size_t levels, dyad_verdict verdict, const std::string& name, std::chrono::nanoseconds time) {
  print_indent(levels);
  std::printf("--- %s: %s (%.2fs)\n", verdict_word(verdict), name.c_str(), std::chrono::duration<double>(time).count());
}

std::string full_name(const FoundTest& test, std::string_view subtest) {
  std::string name = test.name;
  name += '/';
  name += subtest;
  return name;
}

}  // namespace

void TextSink::found(const FoundTest& test) {
  if (list_) std::printf("%s\n", test.name.c_str());
}

void TextSink::started(const FoundTest& test, std::uint64_t) { std::printf("=== RUN   %s\n", test.name.c_str()); }

void TextSink::finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time, std::uint64_t) {
  print_verdict(0, verdict, test.name, time);
}

void TextSink::message(const FoundTest&, dyad_severity, Place place, std::uint64_t, std::string_view subtest,
                       std::string_view text) {
  print_message(1 + depth_of(subtest), place, text);
}

void TextSink::sub_started(const FoundTest& test, std::uint64_t, std::string_view subtest) {
  std::printf("=== RUN   %s\n", full_name(test, subtest).c_str());
}

void TextSink::sub_finished(const FoundTest& test, dyad_verdict verdict, std::chrono::nanoseconds time, std::uint64_t,
                            std::string_view subtest) {
  print_verdict(depth_of(subtest), verdict, full_name(test, subtest), time);
}

void TextSink::outside(dyad_severity, Place place, std::uint64_t, std::string_view text) {
  print_message(0, place, text);
}

void TextSink::note(const FoundTest& test, std::string_view text) {
  print("    " + test.name + ": " + std::string(text) + "\n");
}

void TextSink::done(bool failed, std::uint64_t) {
  if (!list_) print(failed ? "FAIL\n" : "PASS\n");
}

void TextSink::flush() { std::fflush(stdout); }

}  // namespace dyad::runtime
