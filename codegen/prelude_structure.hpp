/// The first look at the headers of a prelude: they are preprocessed once, as if a source included them all, to learn
/// which files there are, which of them can be parts of a module of their own, and which must not be in a prelude.
///
/// A header is unfit when what it means could depend on its neighbours or on the moment: it is not a system header, it
/// expands __DATE__, it leaves a pragma behind, or it asks for a macro that comes from a header of the prelude that it
/// does not include. The standard library's headers are trusted not to depend on their order (standard_headers.hpp).
#pragma once

#include <llvm/ADT/IntrusiveRefCntPtr.h>

#include <string>
#include <vector>

#include "codegen/diagnostics.hpp"
#include "codegen/prelude_notes.hpp"
#include "codegen/recording_file_system.hpp"

namespace dyad::codegen {

struct PreludeStructure {
  std::vector<std::string> fit;      ///< of the wanted headers, those that were found and may be in a prelude
  std::vector<std::string> modular;  ///< files that become submodules, in order of first entry
  std::vector<std::string> files;    ///< all files that were entered
  std::vector<IncludeSpelling> spellings;
  std::vector<std::string> roots, macros;
  bool counts = false;
  bool ok = false;  ///< false: the preprocessor failed, or unfit headers were in the way and `fit` must be tried alone
};

/// The text that includes all of `headers`, each on a line of its own, in this order, behind `kLinesBefore` lines.
std::string include_lines(const std::vector<std::string>& headers);
inline constexpr unsigned kLinesBefore = 2;

/// `arguments`: of cc1, for the source kPreludeDirectory/all.cpp, which this function gives to `files`.
PreludeStructure read_structure(const std::vector<std::string>& headers, const std::vector<std::string>& arguments,
                                llvm::IntrusiveRefCntPtr<RecordingFileSystem> files, DiagnosticText& text);

}  // namespace dyad::codegen
