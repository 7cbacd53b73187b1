/// From a package's sources to its images. The order of things: start() asks for all compilations at once; build() then
/// takes one package after the other, waits for what it needs, plans its images and links them, while the workers
/// go on with the packages behind it. (lld links one image at a time in a process anyway.)
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/build/built_package.hpp"
#include "host/build/compiler.hpp"
#include "host/build/image_plan.hpp"
#include "host/build/library.hpp"
#include "host/build/linker.hpp"
#include "host/build/runtime.hpp"
#include "host/discover/workspace.hpp"

namespace dyad::build {

class Builder {
 public:
  struct Parts {
    const Installation& installation;
    const discover::Workspace& workspace;
    const plan::Arguments& arguments;
    const Toolchain& toolchain;
    Compiler& compiler;
    inputs::World& world;
    UnitInputs& inputs;
    Statistics& statistics;
    Mismatches* mismatches;  ///< not null: link everything again and compare
    bool release;
    bool preludes;     ///< objects may need one
    bool keep_images;  ///< images are wanted in `output`, not only somewhere
  };
  /// Images go to `output`/<package path>/<name>[.so].
  Builder(Parts parts, std::filesystem::path output);

  /// What build() made of the package when the world was as it is now; nothing of the compiler is loaded. The images'
  /// files are not set: see find_images(). `on_foreseen_miss`: as of World::find().
  std::optional<BuiltPackage> find(const discover::Package& package, ImageKind kind,
                                   const std::function<void()>& on_foreseen_miss = {}) const;
  /// Sets the images' files. False if the cache has lost one.
  bool find_images(const discover::Package& package, BuiltPackage& built) const;
  /// With --release; and under which the outcome of the package's build is kept: for explanations.
  bool is_release() const { return parts_.release; }
  cache::ActionId lookup_action(const discover::Package& package, ImageKind kind) const;

  /// Asks for the compilation of everything that `packages` surely need. Returns at once.
  void start(const std::vector<discover::Package>& packages);

  /// Makes what the first run in most workspaces would begin with, whatever its sources are: GoogleTest and GoogleMock,
  /// if they are installed, and a prelude of the usual headers, for dyad's default flags. Returns at once.
  void request_usual();

  /// Waits for the package's objects and links its images: of the kind that is asked for, or executables if they hold
  /// the runtime of a sanitizer. Called from one thread. What is wrong with the sources is in the result, never an
  /// exception or an exit.
  BuiltPackage build(const discover::Package& package, ImageKind kind);

  /// Writes one .ll per image: the package's tests, its table and what they need of the library. Returns the files.
  BuiltPackage emit_llvm(const discover::Package& package);

 private:
  /// GoogleTest takes longer than any of its users: it is asked for as soon as one of them seems to want it.
  void request_framework(const std::vector<discover::Package>& packages, IncludeScan& scan);
  struct Prepared;
  Result<Prepared> prepare(const discover::Package& package, BuiltPackage& built);
  Result<Image> link(const discover::Package& package, const ImagePlan& plan, const Prepared& prepared,
                     BuiltPackage& built);
  /// Links; an object that the cache's disk does not give back is compiled once more.
  Result<LinkOutcome> link_readable(LinkJob& job);
  std::filesystem::path place_of(const discover::Package& package, const std::string& image, const char* suffix) const;
  /// Adds what `units` and dyad's own decisions about them depend on.
  void add_facts(const std::vector<std::shared_ptr<const Unit>>& units, BuiltPackage& built) const;
  void add_given(const std::string& name, BuiltPackage& built) const;

  Parts parts_;
  Library library_;
  Runtime runtime_;
  Linker linker_;
  std::filesystem::path output_;
};

}  // namespace dyad::build
