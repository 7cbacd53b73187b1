#include <dlfcn.h>
#include <stdlib.h>

#include "codegen/loaded_files.hpp"

namespace dyad::codegen {

std::string loaded_file_of(const void* address) {
  Dl_info info{};
  if (!dladdr(address, &info) || !info.dli_fname) return "?";
  char* path = realpath(info.dli_fname, nullptr);
  if (!path) return info.dli_fname;
  std::string result = path;
  free(path);
  return result;
}

}  // namespace dyad::codegen
