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
  constexpr const char* kPrefix = "dyad-run-";
  Result<TemporaryDirectory> temporary = TemporaryDirectory::create(kPrefix);
  if (!temporary) return fail(temporary.error());
  Result<TemporaryDirectory> images = TemporaryDirectory::create_in_memory(kPrefix);
  if (!images) return fail(images.error());
  return RunDirectory(std::move(*images), std::move(*temporary));
}

RunDirectory::~RunDirectory() {
  for (const TemporaryDirectory* directory : {&images_, &temporary_})
    if (!directory->path().empty()) remove_tree(directory->path());
}

Result<StagedImage> RunDirectory::stage(const fs::path& image, const std::string& name, dyad_artifact artifact) {
  StagedImage staged;
  std::string number = fmt::format("{}", ++staged_);
  staged.directory = fs::absolute(images_.path()) / number;
  staged.temporary = fs::absolute(temporary_.path()) / number;
  staged.image = staged.directory / (safe_name(name) + (artifact == DYAD_ARTIFACT_SHARED ? ".so" : ""));
  std::error_code error;
  fs::create_directory(staged.directory, error);
  if (!error) fs::create_symlink(image, staged.image, error);
  if (error) return fail(fmt::format("cannot prepare {}: {}", staged.directory.string(), error.message()));
  return staged;
}

void RunDirectory::unstage(const StagedImage& staged) {
  remove_tree(staged.directory);
  std::error_code ignored;
  if (fs::symlink_status(staged.temporary, ignored).type() != fs::file_type::not_found) remove_tree(staged.temporary);
}

}  // namespace dyad::run
