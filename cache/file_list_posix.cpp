#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "cache/file_list.hpp"

namespace dyad::cache {

namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

/// Within what TimePoint can add and subtract, whatever the file system says.
TimePoint mark_of(const struct stat& status) {
  constexpr std::int64_t kMost = std::int64_t{1} << 33;
  return TimePoint(std::chrono::seconds(std::clamp<std::int64_t>(status.st_mtim.tv_sec, 0, kMost)));
}

void add_files(int directory, const std::string& folder, int levels, std::vector<TrimCandidate>& files) {
  for (std::string& entry : list_names(directory, folder)) {
    std::string name = folder + "/" + entry;
    struct stat status;
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(status.st_mode)) {
      files.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size), mark_of(status)});
    } else if (levels > 0) {
      add_files(directory, name, levels - 1, files);
    }
  }
}

}  // namespace

std::vector<std::string> list_names(int directory, const std::string& folder) {
  std::vector<std::string> names;
  int fd = ::openat(directory, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return names;
  std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd));
  if (!stream) {
    ::close(fd);
    return names;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

std::vector<TrimCandidate> list_files(int directory, const std::string& folder, int levels) {
  std::vector<TrimCandidate> files;
  add_files(directory, folder, levels, files);
  return files;
}

}  // namespace dyad::cache
