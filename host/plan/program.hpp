/// Runs a small helper program to its end and keeps what it printed.
#pragma once

#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace dyad::plan {

struct Ended {
  int code = 0;  ///< exit code, or 128 + signal
  std::string output;
  std::string errors;
};

/// `argv[0]` is looked up in PATH. Standard input is empty. Waits without a limit of time: for programs that only
/// answer a question. Fails if the program is not there or cannot be started. Thread-safe; the host is not forked.
Result<Ended> run_program(const std::vector<std::string>& argv);

}  // namespace dyad::plan
