/// What the runtime of a sanitizer that the image was linked with has found, for the test that runs to fail by.
///
/// Every sanitizer ends its report with a summary and has one function for it that programs may replace; it is replaced
/// here. A report that ends the process is told to the host by a REPORT frame of wire.md, before the process goes; one
/// that does not waits for whoever ends the test. Leaks are looked for behind each test. All of it does nothing in an
/// image without a sanitizer. Children that a test forks report nothing. Thread-safe but for begin and end.
#pragma once

#include <string>
#include <string_view>

namespace dyad::runtime {

/// Is there a sanitizer's runtime in this process?
bool has_sanitizer();

/// `channel`, or -1, stays open until end_sanitizer_reports(). Names of files below `directory`, which ends with '/',
/// are shown relative to it.
void begin_sanitizer_reports(int channel, std::string_view directory);
void end_sanitizer_reports();

/// The first report since this was last asked, and how many more there were: "ThreadSanitizer: data race a_test.c:4:62
/// in count". Empty: none.
std::string take_sanitizer_report();

/// Looks for memory that nothing points to any more: a leak is a report. Does nothing once looking has taken a second
/// in all: the rest is found when the process ends, together.
bool find_leaks();

/// Behind all tests, one of which failed by a report: ThreadSanitizer would end the process with a code of its own for
/// what the tests have answered for. Ends it with 1 instead, at once; does nothing if there is no ThreadSanitizer.
void end_if_counted();

/// Tells the host and ends the process: leaked memory stays, so that each further test would be found to leak it.
[[noreturn]] void end_by_leak();

}  // namespace dyad::runtime
