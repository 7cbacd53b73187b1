/// One process that runs an image: its event channel, its capture file, its input log, and the backend's handle.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/run/backend.hpp"
#include "host/run/capture.hpp"
#include "host/run/input_log.hpp"
#include "host/run/process_end.hpp"
#include "host/run/wire_reader.hpp"

namespace dyad::run {

struct ProcessOptions {
  dyad_sharing sharing = DYAD_OWN_PROCESS;
  bool core = false;         ///< core dumps are not prevented
  std::uint64_t memory = 0;  ///< limit in bytes; 0: none
};

/// Why a process did not start.
struct StartFailure {
  std::string text;
  bool may_pass = false;  ///< too many processes or descriptors, or too little memory: later there may be room
};

/// Is `error`, an errno, one that may pass?
bool may_pass(int error);

class Process {
 public:
  /// `arguments` without argv[0]. The environment is the host's own. `inputs`: the log that it shall keep, if any.
  static std::expected<Process, StartFailure> start(Backend& backend, const std::filesystem::path& image,
                                                    const std::filesystem::path& directory,
                                                    const std::vector<std::string>& arguments,
                                                    std::optional<InputLog> inputs, const ProcessOptions& options = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  /// Kills the process if it has not been finished.
  ~Process();

  /// Polls readable when read_events() has something to do; -1 once it has failed.
  int event_fd() const { return channel_.get(); }
  /// Polls readable once the process has ended.
  int ended_fd() const;
  const Capture& capture() const { return *capture_; }
  /// Null if it keeps none. To be read after finish().
  const InputLog* inputs() const { return inputs_ ? &*inputs_ : nullptr; }

  /// Reads what is there, at most `limit` bytes, without blocking. Returns how many.
  std::size_t read_events(WireReader& reader, std::size_t limit);
  /// SIGKILL to the process group.
  void kill();
  /// Another signal to it.
  void signal(int number);
  /// To be called once, when ended_fd() is readable; what is left of the group is killed. Reads no events.
  ProcessEnd finish();

 private:
  Process(Backend& backend, dyad_process* handle, Descriptor channel, Descriptor theirs,
          std::unique_ptr<Capture> capture, std::optional<InputLog> inputs)
      : backend_(&backend),
        handle_(handle),
        channel_(std::move(channel)),
        theirs_(std::move(theirs)),
        capture_(std::move(capture)),
        inputs_(std::move(inputs)) {}
  Backend* backend_;
  dyad_process* handle_;  ///< null once finished
  Descriptor channel_;
  Descriptor theirs_;  ///< so that the channel lasts as long as the process: one that has closed its end opens it again
  std::unique_ptr<Capture> capture_;  ///< its address stays when the process is moved
  std::optional<InputLog> inputs_;
};

}  // namespace dyad::run
