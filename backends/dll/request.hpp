/// The request for a run, as protocol.hpp says: what the plugin writes and an executor reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/abi/backend.h"

namespace dyad::dll {

/// `program`: argv[0]. Empty arguments and an empty "variable" cannot be passed on; they are left out.
std::string write_request(const dyad_start& what, const std::string& program);

struct Request {
  std::string bytes;
  char* image = nullptr;
  char* cwd = nullptr;
  std::vector<char*> argv, envp;  ///< into `bytes`, NULL-terminated

  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// Takes `text` for a request; whatever there was before is forgotten. False if it is none: then only `bytes` may be
  /// looked at.
  bool read(std::string_view text);
  /// Likewise everything that is in the file, from its beginning.
  bool read_from(int fd);

 private:
  bool split();
};

}  // namespace dyad::dll
