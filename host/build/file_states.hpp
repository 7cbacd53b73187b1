/// What is at a path now, as a digest: a file's content, "a directory", or "nothing". Remembered for the length of a run, so
/// that a header that a thousand files include is read once. Thread-safe.
#pragma once

#include <oneapi/tbb/concurrent_unordered_map.h>

#include <string>

#include "cache/digest.hpp"

namespace dyad::build {

class FileStates {
 public:
  cache::Digest state_of(const std::string& path);

  static cache::Digest missing() { return {0, 1}; }
  static cache::Digest directory() { return {0, 2}; }

 private:
  oneapi::tbb::concurrent_unordered_map<std::string, cache::Digest> known_;
};

}  // namespace dyad::build
