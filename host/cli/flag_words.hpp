/// Words of the command line into the one form that CLI11 cannot misread: --name=value for every flag with a value. So
/// a value may begin with a dash, and Go's spelling of flags (-run X, -count=1) is understood.
#pragma once

#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace CLI {
class App;
}

namespace dyad::cli {

struct Normalised {
  std::vector<std::string> flags;     ///< --name, --name=value, -pVALUE: one word each
  std::vector<std::string> patterns;  ///< everything else, as it was; also what stands behind --
};

/// Understands, for the flags that `app` defines: --name, -name, --name=value, -name=value, --name value, -name value,
/// -p4, -p 4, -p=4. A flag whose value is optional takes none from the next word. Fails for unknown flags, for a flag
/// without its value, and for a value where none belongs.
Result<Normalised> normalise_words(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace dyad::cli
