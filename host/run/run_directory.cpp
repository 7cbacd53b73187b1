#include "host/run/run_directory.hpp"

#include <fmt/format.h>

#include <cctype>
#include <system_error>

namespace dyad::run {
namespace fs = std::filesystem;
namespace {

std::string safe_name(const std::string& name) {
  std::string safe;
  for (char c : name.substr(0, 200)) {
    bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '+' || c == '.';
    safe += plain ? c : '_';
  }
  if (safe.empty() || safe.front() == '.' || safe.front() == '-') safe.insert(0, "_");
  return safe;
}

/// Removes a tree, also one whose directories a test has made unreadable. Links are removed, never followed.
void remove_tree(const fs::path& root) {
  std::error_code error;
  fs::remove_all(root, error);
  if (!error) return;
  auto unlock = [](auto& self, const fs::path& directory) -> void {
    std::error_code ignored;
    fs::permissions(directory, fs::perms::owner_all, fs::perm_options::add, ignored);
    for (fs::directory_iterator entry(directory, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
      std::error_code unknown;
      if (entry->symlink_status(unknown).type() == fs::file_type::directory) self(self, entry->path());
    }
  };
  unlock(unlock, root);
  fs::remove_all(root, error);
}

}  // namespace

Result<RunDirectory> RunDirectory::create() {
  Result<TemporaryDirectory> directory = TemporaryDirectory::create("dyad-run-");
  if (!directory) return fail(directory.error());
  return RunDirectory(std::move(*directory));
}

RunDirectory::~RunDirectory() {
  if (!directory_.path().empty()) remove_tree(directory_.path());
}

Result<StagedImage> RunDirectory::stage(const fs::path& image, const std::string& name, dyad_artifact artifact) {
  StagedImage staged;
  staged.directory = fs::absolute(directory_.path()) / fmt::format("{}", ++staged_);
  staged.temporary = staged.directory / "tmp";
  staged.image = staged.directory / "bin" / (safe_name(name) + (artifact == DYAD_ARTIFACT_SHARED ? ".so" : ""));
  std::error_code error;
  fs::create_directories(staged.temporary, error);
  if (!error) fs::create_directory(staged.image.parent_path(), error);
  if (!error) fs::create_symlink(image, staged.image, error);
  if (error) return fail(fmt::format("cannot prepare {}: {}", staged.directory.string(), error.message()));
  return staged;
}

void RunDirectory::unstage(const StagedImage& staged) { remove_tree(staged.directory); }

}  // namespace dyad::run
