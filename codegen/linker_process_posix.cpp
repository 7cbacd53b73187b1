#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "codegen/linker_process.hpp"

extern char** environ;

namespace dyad::codegen {

Result<UnnamedFile> UnnamedFile::make(const std::string& text) {
  const int descriptor = memfd_create("dyad", MFD_CLOEXEC);
  if (descriptor < 0) return fail(std::string("cannot make a temporary file in memory: ") + std::strerror(errno));
  UnnamedFile file(descriptor);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(descriptor, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(std::string("cannot write a temporary file in memory: ") + std::strerror(errno));
    done += static_cast<std::size_t>(n);
  }
  return file;
}

UnnamedFile::UnnamedFile(UnnamedFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

UnnamedFile::~UnnamedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string UnnamedFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

std::string UnnamedFile::read() const {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::pread(descriptor_, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<LinkerRun> run_linker(const std::string& program, const std::vector<std::string>& arguments,
                             const std::vector<const UnnamedFile*>& inherited) {
  auto messages = UnnamedFile::make("");
  if (!messages) return fail(messages.error());
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages->descriptor(), 1);
  posix_spawn_file_actions_adddup2(&actions, messages->descriptor(), 2);
  // A dup2 to itself clears close-on-exec, in the new process alone.
  for (const UnnamedFile* file : inherited)
    posix_spawn_file_actions_adddup2(&actions, file->descriptor(), file->descriptor());
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail("cannot run " + program + ": " + std::strerror(error));

  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail("cannot wait for " + program + ": " + std::strerror(errno));
  LinkerRun run{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), messages->read()};
  if (WIFSIGNALED(status))
    run.messages += "error: " + program + " was ended by signal " + std::to_string(WTERMSIG(status)) + "\n";
  return run;
}

std::string temporary_name(const std::string& output) {
  static std::atomic<unsigned> count{0};
  return output + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
}

}  // namespace dyad::codegen
