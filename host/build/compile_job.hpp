/// What is asked of the compiler: plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dyad::build {

struct CompileJob {
  std::filesystem::path source;     ///< absolute
  std::filesystem::path directory;  ///< working directory of the compilation
  std::vector<std::string> arguments;
  enum class Output : std::uint8_t { kObject, kBitcode } output = Output::kObject;
  bool with_prelude = true;  ///< false: one would be of no use
};

}  // namespace dyad::build
