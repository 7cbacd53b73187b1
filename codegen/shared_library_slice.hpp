/// What a link can see of a shared library: the few of its thousands of symbols whose names its other inputs mention.
///
/// A linker enters every symbol of the C++ and C library in its table, most of them once more with their version; of a
/// small package's link that is a quarter. But what a library defines takes part in a link only through an input that
/// defines or refers to the same name, and so does what the library itself refers to (a program then shows its own
/// definition). What stays away with the others is lld's check that some library of the link defines what this one
/// refers to: so only the toolchain's own libraries are cut.
///
/// Format: ELF-64, little-endian (System V ABI, "Dynamic Linking"), with GNU's hash table, by which the dynamic linker
/// finds symbols too, and GNU's versions (Linux Standard Base, "Symbol Versioning").
#pragma once

#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/StringRef.h>

#include <cstdint>
#include <optional>
#include <string>

namespace dyad::codegen {

/// Of a symbol's name, without a version behind it (name@VERSION): the hash of GNU's hash table.
std::uint32_t symbol_hash(llvm::StringRef name);

/// `library`, its bytes, as a shared library that has no more than the symbols of these hashes and those that are
/// objects at the same addresses (a program that copies one defines all). Nothing if the library is not of the format.
/// The slice has no code and cannot be loaded. Thread-safe.
std::optional<std::string> cut_shared_library(llvm::StringRef library, const llvm::DenseSet<std::uint64_t>& mentioned);

}  // namespace dyad::codegen
