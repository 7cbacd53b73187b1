/// What the clang driver would do for a compilation or a link on this system: the arguments of cc1 and of the linker.
///
/// The driver's search for the toolchain (gcc installation, C++ library, crt files) costs several milliseconds, and it
/// answers the same for every file of a run. So it is asked once for a set of arguments, with placeholders for what
/// differs from file to file: the source, the working directory, and -I -iquote -isystem -idirafter -D -U, which the
/// driver only passes on. Results are kept until they are forgotten. Knows nothing of files' contents. Thread-safe.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <memory>
#include <string>
#include <vector>

#include "codegen/recording_file_system.hpp"

namespace dyad::codegen {

/// Arguments of one cc1 or linker run; the program's name is not among them.
struct DriverResult {
  std::vector<std::string> arguments;
  std::string diagnostics;  ///< what the driver had to say, without colours; errors if `ok` is false
  bool ok = false;
  /// What the search looked at: gcc's installations, start files. Null after bad arguments.
  llvm::IntrusiveRefCntPtr<const RecordingFileSystem> files;
};

/// cc1 arguments for `source` (absolute) compiled in `directory` with the driver arguments `arguments`.
DriverResult cc1_arguments(llvm::StringRef source, llvm::StringRef directory,
                           const std::vector<std::string>& arguments);

/// ld arguments for a shared library or an executable. Inputs are to be put in the place of kObjectsPlaceholder, the
/// output in the place of kOutputPlaceholder.
std::shared_ptr<const DriverResult> linker_arguments(bool shared, const std::vector<std::string>& arguments);

/// The next calls ask the driver again. Not while another call is under way.
void forget_driver_results();
inline constexpr llvm::StringLiteral kObjectsPlaceholder = "/dyad-objects.o";
inline constexpr llvm::StringLiteral kOutputPlaceholder = "/dyad-output";

/// clang's own headers: must be a directory with include/stddef.h.
std::string resource_directory();

/// The linker of the LLVM installation, as a program.
std::string linker_program();

}  // namespace dyad::codegen
