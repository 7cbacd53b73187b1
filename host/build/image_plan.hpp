/// Which test files of a package share an image, decided from what the compiler found in them.
///
/// One image per package is the rule. Files that cannot live together are split: each file with a main of its own, and
/// files that define the same thing (a symbol, a class, a flag) twice. A file without a main goes along with a file
/// that wants a symbol of it. Pure: works on compiled units alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/build/unit.hpp"

namespace dyad::build {

/// What a test file turned out to be.
enum class TestFileKind : std::uint8_t {
  kLibrary,    ///< named like a test, but with neither test nor main
  kTests,      ///< native or GoogleTest tests, no main
  kOwnMain,    ///< GoogleTest tests and a main that runs them
  kPlainMain,  ///< a main and no test: one test, its exit code the verdict
  kSharedMain  ///< a main that runs GoogleTest's tests of other files ("test_main.cc")
};
TestFileKind kind_of(const Unit& unit);

/// True if the unit registers GoogleTest tests.
bool has_gtest_tests(const Unit& unit);

struct ImagePlan {
  std::string name;                ///< a file name without suffix: the test file's stem, or the directory's name
  std::vector<const Unit*> tests;  ///< always linked, in order
  const Unit* plain_main = nullptr;
  const Unit* own_main = nullptr;  ///< in `tests` too, unless it is a shared main
};

struct PackagePlan {
  std::vector<ImagePlan> images;
  std::vector<const Unit*> library;  ///< test files by name that turned out to be library
  std::vector<std::string> notices;  ///< why there is more than one image
};

/// `units`: the test files, all compiled, in order. `others`: the directory's library units, among which a shared main
/// may be. Fails if two native tests have one name, or two shared mains compete.
Result<PackagePlan> plan_images(std::span<const Unit* const> units, std::span<const Unit* const> others,
                                const std::string& directory_name);

}  // namespace dyad::build
