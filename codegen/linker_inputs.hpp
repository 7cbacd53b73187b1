/// What a link read and what it looked for in vain, for whoever keeps its result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dyad::codegen {

struct LinkerInput {
  std::uint32_t kind;  ///< enum dyad_input_kind: FILE or MISSING
  std::string path;
};

/// The files that lld named in a dependency file (`--dependency-file`, the format of make). Empty if `text` is none.
std::vector<std::string> read_dependencies(const std::string& text);

/// For every -lNAME of `arguments` (lld's): the files of that name in the -L directories before the first that exists,
/// which is where lld takes it from. https://lld.llvm.org/, ELF/DriverUtils.cpp: searchLibraryBaseName
std::vector<LinkerInput> find_library_lookups(const std::vector<std::string>& arguments);

}  // namespace dyad::codegen
