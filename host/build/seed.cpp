#include "host/build/seed.hpp"

#include <system_error>

#include "host/base/file.hpp"

namespace dyad::build {

namespace fs = std::filesystem;

/// A smaller disk is needed for what is made of the user's sources.
static constexpr std::uintmax_t kLeastFreeBytes = std::uintmax_t{1} << 30;

void plant_seed(cache::Store& store, const Installation& installation, const Toolchain& toolchain) {
  const auto had = store.memo_of(cache::digest_of("seed " + toolchain.identity()));
  std::error_code error;
  if (fs::exists(had, error)) return;
  const auto seed = installation.lib_dir / "seed";
  if (!fs::is_directory(seed, error) || fs::equivalent(seed, store.directory().parent_path(), error)) return;
  if (fs::space(store.directory(), error).available < kLeastFreeBytes || error) return;
  if (!store.adopt(seed)) return;
  fs::create_directories(had.parent_path(), error);
  (void)write_file_atomically(had, "");
}

}  // namespace dyad::build
