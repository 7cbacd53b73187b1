/// Where the parts of this dyad are: the same layout below an installation prefix and in the build folder.
///   bin/dyad  lib/dyad/{dyad-worker,dyad-symbolizer,libdyad_codegen.so,runtime.o,main.o,plugins/,seed/}  share/dyad/{include,runtime}
#pragma once

#include <filesystem>

#include "host/base/result.hpp"

namespace dyad {

struct Installation {
  std::filesystem::path lib_dir;      ///< private programs and libraries; plugins are in lib_dir/plugins
  std::filesystem::path include_dir;  ///< <dyad/testing.h>
  std::filesystem::path runtime_dir;  ///< sources of what images hold, for debuggers and the adapters; root of their full-path includes

  /// The cache that every cache rests on (docs/why-prelude.md). May be missing.
  std::filesystem::path seed() const { return lib_dir / "seed"; }

  /// Found from the place of the running program, links followed. Fails if parts are missing.
  static Result<Installation> find();
};

}  // namespace dyad
