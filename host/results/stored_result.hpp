/// A package's result as bytes, for the cache: exactly what the report needs to print it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/run/package_result.hpp"

namespace dyad::results {

/// Everything but what the build says (id, build output, notices), which is kept with the build, and `consulted`.
std::string serialize(const run::PackageResult& result);
/// Puts it into `result`. False, and `result` is as it was, if the bytes are not what serialize() made.
bool deserialize(std::string_view bytes, run::PackageResult& result);

}  // namespace dyad::results
