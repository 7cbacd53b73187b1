#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>

#include "backends/runtime/raw_frame.hpp"
#include "backends/runtime/sanitizer_reports.hpp"

extern "C" {
// The sanitizers' own, null without one; each is in some of them.
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());
__attribute__((weak)) int __lsan_do_recoverable_leak_check();
__attribute__((weak)) void __tsan_init();
void __sanitizer_report_error_summary(const char* summary);
}

namespace dyad::runtime {
namespace {

/// What LeakSanitizer exits with.
constexpr int kLeakExitCode = 23;
constexpr std::chrono::seconds kMostLeakChecks{1};

int g_channel = -1;
pid_t g_pid = 0;
char g_directory[4096];
char g_report[1024];
std::atomic<unsigned> g_reports{0};
bool g_taken = false;
std::chrono::nanoseconds g_leak_checks{};

/// Into g_report, without the directory.
void keep(const char* text) {
  const std::size_t prefix = std::strlen(g_directory);
  std::size_t size = 0;
  while (*text != '\0' && *text != '\n' && size + 1 < sizeof g_report) {
    if (prefix > 1 && std::strncmp(text, g_directory, prefix) == 0)
      text += prefix;
    else
      g_report[size++] = *text++;
  }
  while (size > 0 && g_report[size - 1] == ' ') --size;
  g_report[size] = '\0';
}

void send_report() {
  char room[sizeof g_report + 16];
  RawFrame frame(room, DYAD_FRAME_REPORT);
  frame.begin_text();
  frame.text(g_report);
  frame.send(g_channel);
}

/// A sanitizer is about to end the process.
void on_death() {
  if (g_channel >= 0 && g_reports != 0 && ::getpid() == g_pid) send_report();
}

}  // namespace

bool has_sanitizer() { return __sanitizer_set_death_callback != nullptr; }

void begin_sanitizer_reports(int channel, std::string_view directory) {
  if (!has_sanitizer()) return;
  g_channel = channel;
  g_pid = ::getpid();
  if (directory.size() < sizeof g_directory) directory.copy(g_directory, directory.size());
  __sanitizer_set_death_callback(&on_death);
}

void end_sanitizer_reports() { g_channel = -1; }

std::string take_sanitizer_report() {
  if (g_reports == 0) return {};
  g_taken = true;
  std::string report = g_report;
  if (const unsigned more = g_reports.exchange(0) - 1; more > 0) report += " (and " + std::to_string(more) + " more)";
  return report;
}

bool find_leaks() {
  if (__lsan_do_recoverable_leak_check == nullptr || g_channel < 0 || g_leak_checks >= kMostLeakChecks) return false;
  const auto begin = std::chrono::steady_clock::now();
  const bool found = __lsan_do_recoverable_leak_check() != 0;
  g_leak_checks += std::chrono::steady_clock::now() - begin;
  return found && g_reports != 0;
}

void end_if_counted() {
  // Not _exit(), which ThreadSanitizer has taken over, too.
  if (g_taken && __tsan_init != nullptr && ::getpid() == g_pid) ::syscall(SYS_exit_group, 1);
}

void end_by_leak() {
  send_report();
  ::_exit(kLeakExitCode);
}

}  // namespace dyad::runtime

/// In place of the sanitizers' own, which prints.
extern "C" __attribute__((visibility("default"))) void __sanitizer_report_error_summary(const char* summary) {
  using namespace dyad::runtime;
  write_raw(STDERR_FILENO, summary, std::strlen(summary));
  write_raw(STDERR_FILENO, "\n", 1);
  if (::getpid() != g_pid) return;
  constexpr std::string_view kPrefix = "SUMMARY: ";
  if (g_reports++ == 0) keep(std::string_view(summary).starts_with(kPrefix) ? summary + kPrefix.size() : summary);
}
