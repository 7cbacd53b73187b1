/// The directories of one run: where images are staged, in memory if possible, because making and removing a few links
/// takes longer than a small package's tests on most file systems; and where tests make their own files, below TMPDIR.
/// Removed at the end.
#pragma once

#include <filesystem>
#include <string>

#include "backends/abi/backend.h"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace dyad::run {

/// Where one image of one package is run from.
struct StagedImage {
  std::filesystem::path directory;  ///< holds the image and nothing else
  std::filesystem::path image;      ///< a link to the file that the linker made; backends may add files beside it
  std::filesystem::path temporary;  ///< for --temp-dir; made by the tests that need it
};

class RunDirectory {
 public:
  static Result<RunDirectory> create();
  RunDirectory(RunDirectory&&) noexcept = default;
  ~RunDirectory();

  /// `name` becomes the base name of the program (characters that are special in file names are replaced), with ".so"
  /// if it is a shared library. Every call makes a directory of its own: two packages may have an image of one name.
  Result<StagedImage> stage(const std::filesystem::path& image, const std::string& name, dyad_artifact artifact);
  /// Removes what the tests left. Does its best: a directory that resists stays until the whole run is removed.
  static void unstage(const StagedImage& staged);

 private:
  RunDirectory(TemporaryDirectory images, TemporaryDirectory temporary)
      : images_(std::move(images)), temporary_(std::move(temporary)) {}
  TemporaryDirectory images_, temporary_;
  std::size_t staged_ = 0;
};

}  // namespace dyad::run
