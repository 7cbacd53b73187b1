/// What building a package came to: plain data, the same whether it was built now or found in the cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/digest.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

enum class ImageKind : std::uint8_t { kShared = 1, kExecutable = 2 };

struct Image {
  std::filesystem::path file;
  std::string name;                  ///< how the program is called: "parse_test"
  std::optional<cache::Digest> key;  ///< of everything it was made from; nothing if that is not sure: then a result of
                                     ///< it must not be kept
  cache::Digest content;             ///< of its bytes
  bool reads_environ = false;        ///< its code can read all of the environment without asking for a variable
};

struct BuiltPackage {
  bool failed = false;
  std::string diagnostics;              ///< of the compiler and linker, with ANSI colours; also warnings of a success
  std::vector<std::string> notices;     ///< lines without colour
  std::vector<Image> images;            ///< empty: no test file held a test
  ImageKind kind = ImageKind::kShared;  ///< of the images: the kind that was asked for, if it is possible
  inputs::FactSet facts;                ///< all that it depends on; inconsistent: it must not be kept
  std::string unrepeatable;             ///< why it is not kept, if its sources say so: "a_test.c expands __DATE__"
};

/// The cached form of a success: everything but `facts`, `unrepeatable` and the images' files. Returns nothing if the
/// bytes are not what serialize() made.
std::string serialize(const BuiltPackage& built);
std::optional<BuiltPackage> deserialize_built(std::string_view bytes);

}  // namespace dyad::build
