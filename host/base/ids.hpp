/// Ids are types, so that one cannot be passed for another.
#pragma once

#include <compare>
#include <string>

namespace dyad {

/// A package's path relative to the workspace root, '/'-separated, "." for the root itself: "calc/core".
struct PackageId {
  std::string path;
  auto operator<=>(const PackageId&) const = default;
};

}  // namespace dyad
