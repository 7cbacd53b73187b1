/// What a run came to beside what the cache says of it: for --cache=verify.
#pragma once

#include <string>

#include "host/run/package_result.hpp"

namespace dyad::results {

/// The first difference in words, "TestX is FAIL and was PASS", "the output of TestX differs"; empty: there is none.
/// Times do not count.
std::string difference(const run::PackageResult& cached, const run::PackageResult& now);

}  // namespace dyad::results
