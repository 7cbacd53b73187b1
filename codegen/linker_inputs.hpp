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

/// Where files of the same names would have been taken instead of `files`, all that a link read: the -L directories of
/// `arguments` before the one that each is in, and lib*.so beside and before lib*.a. So that a library named by a
/// linker script or by an object (#pragma comment(lib)) is one that can be shadowed, too. What exists there is no
/// look-up in vain, but an input.
std::vector<LinkerInput> find_shadowing_places(const std::vector<std::string>& files,
                                               const std::vector<std::string>& arguments);

/// The members of those of `files` that are thin archives, which hold only their names: lld names none of them.
std::vector<LinkerInput> find_thin_members(const std::vector<std::string>& files);

}  // namespace dyad::codegen
