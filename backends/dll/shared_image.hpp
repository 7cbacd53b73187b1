/// A package image as a shared library.
#pragma once

#include <string>

#include "backends/abi/package.h"

namespace dyad::dll {

class SharedImage {
 public:
  /// Empty, or why the image could not be loaded.
  std::string load(const char* path);
  const dyad_package* package() const { return package_; }
  /// After main() has returned: unmaps the image, which runs its static destructors. False, and nothing has happened,
  /// if the image must stay.
  bool unload();

 private:
  void* library_ = nullptr;
  const dyad_package* package_ = nullptr;
};

}  // namespace dyad::dll
