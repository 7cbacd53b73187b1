/// From a package's sources to its images. The order of things: start() asks for all compilations at once; build() then
/// takes one package after the other, waits for what it needs, plans its images and links them, while the workers
/// go on with the packages behind it. (lld links one image at a time in a process anyway.)
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/build/compiler.hpp"
#include "host/build/image_plan.hpp"
#include "host/build/library.hpp"
#include "host/build/runtime.hpp"
#include "host/discover/workspace.hpp"

namespace dyad::build {

enum class ImageKind : std::uint8_t { kShared, kExecutable };

struct Image {
  std::filesystem::path file;
  std::string name;  ///< how the program is called: "parse_test"
};

struct BuiltPackage {
  bool failed = false;
  std::string diagnostics;           ///< of the compiler and linker, with ANSI colours; also warnings of a success
  std::vector<std::string> notices;  ///< lines without colour
  std::vector<Image> images;         ///< empty: no test file held a test
};

class Builder {
 public:
  struct Parts {
    const Installation& installation;
    const discover::Workspace& workspace;
    const plan::Arguments& arguments;
    const Toolchain& toolchain;
    Compiler& compiler;
    Statistics& statistics;
  };
  /// Images go to `output`/<package path>/<name>[.so].
  Builder(Parts parts, ImageKind kind, std::filesystem::path output);

  /// Asks for the compilation of everything that `packages` surely need. Returns at once.
  void start(const std::vector<discover::Package>& packages);

  /// Waits for the package's objects and links its images. Called from one thread. What is wrong with the sources is in
  /// the result, never an exception or an exit.
  BuiltPackage build(const discover::Package& package);

  /// Writes one .ll per image: the package's tests, its table and what they need of the library. Returns the files.
  BuiltPackage emit_llvm(const discover::Package& package);

 private:
  struct Prepared;
  Result<Prepared> prepare(const discover::Package& package, BuiltPackage& built);
  Result<Image> link(const discover::Package& package, const ImagePlan& plan, const Prepared& prepared,
                     BuiltPackage& built);
  Result<std::filesystem::path> write_table(const discover::Package& package, const ImagePlan& plan, bool bitcode);
  std::filesystem::path place_of(const discover::Package& package, const ImagePlan& plan, const char* suffix) const;

  Parts parts_;
  Library library_;
  Runtime runtime_;
  ImageKind kind_;
  std::filesystem::path output_;
};

}  // namespace dyad::build
