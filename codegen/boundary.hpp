/// Between the C structures of codegen.h and the C++ of this folder: strings in, results out.
/// Knows nothing of compilers. Results are collected first and delivered at the end, because the contract wants all
/// calls of a sink from the thread that called, while the work is done on a thread with a larger stack.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codegen/codegen.h"
#include "codegen/phase_times.hpp"
#include "codegen/recording_file_system.hpp"

namespace dyad::codegen {

inline llvm::StringRef view(dyad_str text) { return {text.data, text.size}; }
inline dyad_str str(llvm::StringRef text) { return {text.data(), text.size()}; }
std::vector<std::string> strings(dyad_strs list);

struct FoundTest {
  std::string name, symbol, file;  ///< `file` is absolute
  std::uint32_t line = 0;
};

struct Symbol {
  std::uint32_t kind;  ///< enum dyad_symbol_kind
  std::string name;
};

/// See dyad_compile_sink.definition.
struct Definition {
  std::string name, identity;
};

/// What is known about a source after it was compiled.
struct CompileResult {
  std::uint32_t status = DYAD_COMPILE_FAILED;
  llvm::SmallVector<char, 0> output;
  std::string diagnostics;
  std::vector<FoundTest> tests;
  std::vector<Definition> definitions;
  std::vector<Symbol> symbols;
  std::optional<std::uint32_t> main_line;
  bool main_takes_environment = false;  ///< by a third parameter
  std::string unrepeatable;             ///< why, or empty
  PhaseTimes times;
};

/// Calls the sink's functions. `inputs`: those of the driver and of the compiler; an input of both is told twice.
void deliver(const CompileResult& result, std::initializer_list<const RecordingFileSystem*> inputs,
             const dyad_compile_sink& sink);

}  // namespace dyad::codegen
