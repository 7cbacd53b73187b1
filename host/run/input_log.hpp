/// What the processes of a package consulted of the outside world, from the logs that they kept (backends/abi/
/// input_log.h): the list of inputs that a stored result stands on.
///
/// Knows nothing of caches, and looks at no file: what an input is worth now is for whoever stores the result. The
/// bytes of a log come from a process that may have been overwritten by the test it ran, so nothing is believed.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backends/abi/input_log.h"
#include "host/base/result.hpp"
#include "host/run/descriptor.hpp"
#include "host/run/package_result.hpp"

namespace dyad::run {

/// The memory of one process' log.
class InputLog {
 public:
  /// Nothing at or below the paths of `left_out`, which are absolute, is recorded.
  static Result<InputLog> create(std::initializer_list<std::filesystem::path> left_out);

  int fd() const { return memory_.get(); }
  /// Header and records, without the slots behind them. To be called when the process has ended.
  std::string read() const;

 private:
  explicit InputLog(Descriptor memory) : memory_(std::move(memory)) {}
  Descriptor memory_;
};

struct InputRecord {
  dyad_record_kind kind;
  dyad_input_seen seen;
  std::string_view text;  ///< into the bytes that were read
};

/// The records of a log, in order. `bytes`: as InputLog::read() returns them. Fails if the log is damaged, not
/// complete, or has overflowed.
Result<std::vector<InputRecord>> read_input_log(std::string_view bytes);

/// The inputs of a package, from the logs of its processes in the order of their runs.
class Inputs {
 public:
  explicit Inputs(Tolerance tolerance = {}) : tolerance_(tolerance) {}

  /// `bytes` of one log; if they are no use, the result must not be stored.
  void add_log(std::string_view bytes);
  void set_uncacheable(std::string why);

  /// Sorted, each once, paths without "//" and "/./".
  std::vector<Consulted> consulted() const;
  /// Absolute paths that the tests made, emptied or renamed; sorted.
  const std::vector<std::string>& written() const { return written_; }
  /// Empty, or why the result must not be stored.
  const std::string& uncacheable() const { return uncacheable_; }

 private:
  void add(const InputRecord& record);
  void add(Consulted::Kind kind, Consulted::Seen seen, const std::string& text);
  bool is_own(const std::string& path) const;

  Tolerance tolerance_;
  std::map<std::pair<Consulted::Kind, std::string>, Consulted::Seen> inputs_;
  std::vector<std::string> written_;  ///< sorted
  std::string uncacheable_;
};

}  // namespace dyad::run
