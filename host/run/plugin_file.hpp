/// What can be said about a plugin's file without running any of its code.
#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.hpp"

namespace dyad::run {

/// Returns the canonical path if the file may be loaded: `path` is absolute, a regular file, it and its folder belong
/// to root or to the user and are not writable by everybody, and it is a shared library that exports `symbol`. Each
/// thing that can be wrong has a message of its own, one line.
Result<std::filesystem::path> check_plugin_file(const std::filesystem::path& path, const std::string& symbol);

/// True if `bytes` are an ELF shared library (or position-independent program) of this machine's word size. Reads
/// within the bounds of `bytes` whatever they say.
bool is_shared_library(std::string_view bytes);
/// True if its dynamic symbol table defines `symbol` for others to see.
bool exports_symbol(std::string_view bytes, std::string_view symbol);

}  // namespace dyad::run
