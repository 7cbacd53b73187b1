#include "codegen/identity.hpp"

#include <clang/Basic/Version.h>
#include <clang/Driver/Driver.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/Chrono.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>
#include <llvm/TargetParser/Host.h>

#include <cstdlib>
#include <set>

#include "codegen/codegen.h"
#include "codegen/driver_arguments.hpp"
#include "codegen/loaded_files.hpp"

// Debian's package lacks a file that <lld/Common/Version.h> includes.
namespace lld {
std::string getLLDVersion();
}

namespace dyad::codegen {

namespace {

std::string describe(const std::string& path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status)) return "absent " + path + "\n";
  const auto time = status.getLastModificationTime().time_since_epoch();
  return "file " + path + " " + std::to_string(status.getSize()) + " " +
         std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()) + "\n";
}

/// Start files and the default libraries of a link, found as the linker finds them.
std::set<std::string> toolchain_files() {
  std::set<std::string> result;
  for (const bool shared : {true, false}) {
    const auto link = linker_arguments(shared, {});
    std::vector<llvm::StringRef> directories;
    for (llvm::StringRef argument : link->arguments)
      if (argument.consume_front("-L")) directories.push_back(argument);
    for (llvm::StringRef argument : link->arguments) {
      if (argument.ends_with(".o") && argument != kObjectsPlaceholder) result.insert(argument.str());
      if (!argument.consume_front("-l")) continue;
      for (llvm::StringRef suffix : {".so", ".a"}) {
        bool found = false;
        for (llvm::StringRef directory : directories) {
          const std::string path = (directory + "/lib" + argument + suffix).str();
          if (!llvm::sys::fs::exists(path)) continue;
          result.insert(path);
          found = true;
          break;
        }
        if (found) break;
      }
    }
  }
  // Where the search for gcc looks: a new version changes which headers and libraries are found.
  const std::string triple = llvm::sys::getDefaultTargetTriple();
  const std::string short_triple = llvm::StringRef(triple).split('-').first.str() + "-linux-gnu";
  for (const char* root : {"/usr/lib/gcc/", "/usr/lib/gcc-cross/"}) result.insert(root + short_triple);
  result.insert("/lib/" + short_triple + "/libc.so.6");
  return result;
}

}  // namespace

std::string version_text() {
  const std::string lld_version = lld::getLLDVersion();  // "Debian LLD 22.1.8"
  return "clang " + std::string(CLANG_VERSION_STRING) + ", lld " +
         llvm::StringRef(lld_version).rsplit(' ').second.str();
}

std::string compute_identity() {
  std::string text = "version " + clang::getClangFullVersion() + ", " + lld::getLLDVersion() + ", contract " +
                     std::to_string(DYAD_CODEGEN_ABI) + "\n";
  text += "cpu " + llvm::sys::getHostCPUName().str() + "\n";
  for (const std::string& path :
       {loaded_file_of(reinterpret_cast<const void*>(&compute_identity)),
        loaded_file_of(reinterpret_cast<const void*>(&clang::getClangFullVersion)),
        loaded_file_of(reinterpret_cast<const void*>(static_cast<llvm::StringRef (*)()>(&llvm::sys::getHostCPUName))),
        resource_directory() + "/include/stddef.h"})
    text += describe(path);
  for (const std::string& path : toolchain_files()) text += describe(path);
  for (const char* name : {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
                           "GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH", "CCC_OVERRIDE_OPTIONS"})
    if (const char* value = std::getenv(name)) text += std::string("env ") + name + "=" + value + "\n";
  return text;
}

}  // namespace dyad::codegen
