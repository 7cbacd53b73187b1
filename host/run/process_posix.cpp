#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "host/run/process.hpp"

extern char** environ;

namespace dyad::run {
namespace {

/// Enough that a test which reports much does not wait for the host at every turn. Only a wish: the kernel may refuse.
constexpr int kChannelSize = 256 << 10;

ProcessEnd end_of(const dyad_end& end) {
  ProcessEnd result{.kind = DYAD_END_LOST, .code = end.code};
  auto text = [](const auto& field) { return std::string(field, strnlen(field, sizeof field)); };
  result.text = text(end.text);
  result.runs_before = end.runs_before;
  result.ran_before = text(end.ran_before);
  result.retired = text(end.retired);
  if (end.kind == DYAD_END_EXITED || end.kind == DYAD_END_SIGNALED || end.kind == DYAD_END_NOT_STARTED)
    result.kind = static_cast<dyad_end_kind>(end.kind);
  return result;
}

}  // namespace

bool may_pass(int error) { return error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM; }

std::expected<Process, StartFailure> Process::start(Backend& backend, const std::filesystem::path& image,
                                                    const std::filesystem::path& directory,
                                                    const std::vector<std::string>& arguments,
                                                    std::optional<InputLog> inputs, const ProcessOptions& options) {
  auto refuse = [](int error, std::string text) {
    return std::unexpected(StartFailure{std::move(text), may_pass(error)});
  };
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return refuse(errno, fmt::format("cannot make an event channel: {}", std::strerror(errno)));
  Descriptor channel(ends[0]), theirs(ends[1]);
  fcntl(channel.get(), F_SETFL, O_NONBLOCK);
  fcntl(channel.get(), F_SETPIPE_SZ, kChannelSize);
  errno = 0;
  Result<Capture> capture = Capture::create();
  if (!capture) return refuse(errno, capture.error().text);

  std::vector<std::string> copies = arguments;
  std::vector<char*> argv;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  dyad_start what{.size = sizeof(dyad_start),
                  .image = image.c_str(),
                  .cwd = directory.c_str(),
                  .argv = argv.data(),
                  .envp = environ,
                  .event_fd = theirs.get(),
                  .capture_fd = capture->fd(),
                  .input_fd = inputs ? inputs->fd() : -1,
                  .sharing = static_cast<std::uint32_t>(options.sharing),
                  .core = options.core ? 1u : 0u,
                  .memory = options.memory};
  dyad_error error{};
  errno = 0;
  dyad_process* handle = backend.functions().start(backend.session(), &what, &error);
  if (!handle) return refuse(errno, std::string(error.text, strnlen(error.text, sizeof error.text)));
  return Process(backend, handle, std::move(channel), std::move(theirs), std::make_unique<Capture>(std::move(*capture)),
                 std::move(inputs));
}

Process::Process(Process&& other) noexcept
    : backend_(other.backend_),
      handle_(std::exchange(other.handle_, nullptr)),
      channel_(std::move(other.channel_)),
      theirs_(std::move(other.theirs_)),
      capture_(std::move(other.capture_)),
      inputs_(std::move(other.inputs_)) {}

Process::~Process() {
  if (!handle_) return;
  kill();
  pollfd wait{.fd = ended_fd(), .events = POLLIN};
  while (poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  finish();
}

int Process::ended_fd() const { return backend_->functions().ended_fd(handle_); }

std::size_t Process::read_events(WireReader& reader, std::size_t limit) {
  std::array<char, 64 << 10> buffer;
  std::size_t all = 0;
  while (channel_.is_open() && all < limit) {
    ssize_t got = read(channel_.get(), buffer.data(), std::min(buffer.size(), limit - all));
    if (got > 0) {
      reader.feed({buffer.data(), static_cast<std::size_t>(got)});
      all += static_cast<std::size_t>(got);
      if (static_cast<std::size_t>(got) < buffer.size()) break;  // that was all, or the next look will tell
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    channel_.close();  // nothing comes through it any more
  }
  return all;
}

void Process::kill() { signal(SIGKILL); }

void Process::signal(int number) {
  if (handle_) backend_->functions().kill(handle_, number);
}

ProcessEnd Process::finish() {
  dyad_end end{.size = sizeof(dyad_end)};
  backend_->functions().finish(std::exchange(handle_, nullptr), &end);
  return end_of(end);
}

}  // namespace dyad::run
