#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "host/run/query_signal.hpp"

namespace dyad::run {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kMostWaiting{100};
constexpr std::uint64_t kQuery = std::uint64_t{1} << (SIGQUIT - 1);

/// What stands behind "NAME:" in /proc/.../status, in this base; nothing if it is gone.
std::uint64_t status_of(const fs::path& process, const std::string& name, int base) {
  std::ifstream status(process / "status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) continue;
    const auto digits = line.find_first_not_of(" \t", name.size() + 1);
    std::uint64_t value = 0;
    if (digits != std::string::npos) std::from_chars(line.data() + digits, line.data() + line.size(), value, base);
    return value;
  }
  return 0;
}

bool is_descendant(int pid) {
  for (int i = 0; i < 8 && pid > 1; ++i) {
    pid = static_cast<int>(status_of(fs::path("/proc") / std::to_string(pid), "PPid", 10));
    if (pid == ::getpid()) return true;
  }
  return false;
}

/// Empty, or what failed.
std::string unblock(int thread) {
  auto failed = [](int error) { return fmt::format("ptrace: {}", std::strerror(error)); };
  if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) return failed(errno);
  std::string problem = "it does not stop";
  if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0) {
    const auto until = std::chrono::steady_clock::now() + kMostWaiting;
    int status = 0;
    pid_t stopped = 0;
    while ((stopped = ::waitpid(thread, &status, __WALL | WNOHANG)) == 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    // One that has ended meanwhile needs nothing more.
    if (stopped == thread && !WIFSTOPPED(status)) return {};
    std::uint64_t mask = 0;
    if (stopped == thread) {
      problem.clear();
      if (::ptrace(PTRACE_GETSIGMASK, thread, sizeof mask, &mask) != 0) problem = failed(errno);
      mask &= ~kQuery;
      if (problem.empty() && ::ptrace(PTRACE_SETSIGMASK, thread, sizeof mask, &mask) != 0) problem = failed(errno);
    }
  }
  ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  return problem;
}

}  // namespace

std::string let_query_through(int pid) {
  if (pid <= 1 || !is_descendant(pid)) return {};
  const fs::path process = fs::path("/proc") / std::to_string(pid);
  if ((status_of(process, "SigIgn", 16) & kQuery) != 0) return "it ignores SIGQUIT";
  std::string problem;
  std::error_code gone;
  for (fs::directory_iterator task(process / "task", gone), end; !gone && task != end; task.increment(gone)) {
    if ((status_of(task->path(), "SigBlk", 16) & kQuery) == 0) continue;
    const std::string name = task->path().filename().native();
    int thread = 0;
    std::from_chars(name.data(), name.data() + name.size(), thread);
    if (std::string failed = unblock(thread); problem.empty() && !failed.empty())
      problem = "it blocks SIGQUIT, and " + failed;
  }
  return problem;
}

}  // namespace dyad::run
