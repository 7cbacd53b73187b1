/// What a link needs of a prelude's object: some hundred of its ten thousand functions, as an object of its own.
///
/// A linker reads every section, group and symbol of an object before it knows what it needs; of a prelude's object
/// that was half of the time of a small package's link. It can be cut before: all that it defines is weak, and nothing
/// of it acts by being there. What the other inputs ask for, and all that this refers to, makes the same image as the
/// whole, but that an inline function which another input has itself is taken from there.
///
/// Format: ELF-64 relocatable objects (System V ABI, "Object Files") with .eh_frame as the Linux Standard Base has it,
/// as LLVM writes them. Anything else is not cut.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include <optional>
#include <string>

#include "codegen/relocatable_object.hpp"

namespace dyad::codegen {

/// The path of an object and all others that are linked with it, itself not among them. The slice of it that these need;
/// nothing if it is no such object. Thread-safe. What is found out about the object is kept for the life of the process:
/// its content never changes.
std::optional<std::string> cut_prelude_object(const std::string& object,
                                              llvm::ArrayRef<const RelocatableObject*> others);

/// Finds out now what is kept about the object. Thread-safe.
void read_prelude_object(const std::string& object);

}  // namespace dyad::codegen
