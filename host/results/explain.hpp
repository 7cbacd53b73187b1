/// Why a package would be built or run again, in words: the facts that were recorded, beside the same facts now.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/build/builder.hpp"
#include "host/results/known_results.hpp"

namespace dyad::results {

/// One line for each fact that is not as it was: "header lib/lib.h changed", "new file include/map shadows /usr/...",
/// "environment variable HOME changed", "flag -DX added". Paths below `root` are shown relative to it.
std::vector<std::string> differences(const std::vector<inputs::Fact>& before, const inputs::World& world,
                                     const std::filesystem::path& root);

struct Explanation {
  bool cached = false;
  std::vector<std::string> reasons;  ///< empty if cached
};

/// Looks at the latest record of the package's build to images of `kind`, then at that of its result.
Explanation explain(const discover::Package& package, build::ImageKind kind, const build::Builder& builder,
                    const KnownResults& results, const inputs::World& world, const std::filesystem::path& root);

}  // namespace dyad::results
