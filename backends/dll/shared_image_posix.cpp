#include <dlfcn.h>

#include <cstddef>

#include "backends/dll/shared_image.hpp"
#include "backends/runtime/interpose.hpp"

namespace dyad::dll {

std::string SharedImage::load(const char* path) {
  library_ = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) return ::dlerror();
  auto entry = reinterpret_cast<dyad_package_entry_fn>(::dlsym(library_, DYAD_PACKAGE_SYMBOL));
  package_ = entry == nullptr ? nullptr : entry(DYAD_PACKAGE_ABI);
  return package_ == nullptr ? std::string(path) + ": not a package image of this version of dyad" : "";
}

bool SharedImage::unload() {
  if (package_->size <= offsetof(dyad_package, end) || package_->end == nullptr || package_->end() == 0) return false;
  package_ = nullptr;
  // Past the input log, which would list the loaded libraries once more.
  inputs::real().dlclose(library_);
  library_ = nullptr;
  return true;
}

}  // namespace dyad::dll
