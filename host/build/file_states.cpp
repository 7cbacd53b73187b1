#include "host/build/file_states.hpp"

#include <filesystem>

#include "host/base/file.hpp"

namespace dyad::build {

cache::Digest FileStates::state_of(const std::string& path) {
  if (auto known = known_.find(path); known != known_.end()) return known->second;
  cache::Digest state = missing();
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    state = directory();
  } else if (std::filesystem::exists(status)) {
    auto bytes = read_file(path);
    state = bytes ? cache::digest_of(*bytes) : cache::Digest{0, 3};  // there, and not a readable file
  }
  return known_.emplace(path, state).first->second;
}

}  // namespace dyad::build
