/// Reads lld's messages: which symbols are undefined or defined twice, and where. Expects them as lld 22 prints them
/// with
/// --no-demangle; what it does not recognise it leaves alone. Knows nothing of links.
#pragma once

#include <string>
#include <vector>

namespace dyad::codegen {

struct LinkerSymbol {
  std::string name;                  ///< mangled
  std::vector<std::string> objects;  ///< that want it, or that define it; paths as the linker was given them
};

struct LinkerReport {
  std::vector<LinkerSymbol> undefined;
  std::vector<LinkerSymbol> duplicate;
  std::string text;  ///< the messages with demangled names, without the linker's own name in front
};

LinkerReport read_linker_output(const std::string& messages);

}  // namespace dyad::codegen
