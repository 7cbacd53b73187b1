/// One link through libdyad_codegen, its callbacks turned into values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"

namespace dyad::build {

struct LinkJob {
  bool executable = false;
  std::vector<std::filesystem::path> objects;    ///< always linked
  std::vector<std::filesystem::path> libraries;  ///< linked where a symbol is wanted
  std::vector<std::string> arguments;
  std::filesystem::path output;
};

struct UndefinedSymbol {
  std::string symbol, demangled;
  std::filesystem::path object;  ///< that wants it
};

struct DuplicateSymbol {
  std::string demangled;
  std::filesystem::path first, second;
};

struct LinkOutcome {
  bool ok = false;
  std::vector<UndefinedSymbol> undefined;
  std::vector<DuplicateSymbol> duplicates;
  std::string diagnostics;  ///< all that the linker said
};

/// Fails only if the linker cannot be loaded; what it thinks of the objects is the outcome.
Result<LinkOutcome> link_image(const Toolchain& toolchain, const LinkJob& job, Statistics& statistics);

}  // namespace dyad::build
