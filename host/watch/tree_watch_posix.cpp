#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host/discover/listing.hpp"
#include "host/watch/tree_watch.hpp"

namespace dyad::watch {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

std::string reason(int error) {
  if (error == ENOSPC) return "raise fs.inotify.max_user_watches (sysctl)";
  if (error == EMFILE) return "raise fs.inotify.max_user_instances (sysctl)";
  return std::strerror(error);
}

}  // namespace

bool is_noise(const std::string& name) {
  return name.empty() || name.front() == '.' || name.back() == '~' || (name.front() == '#' && name.back() == '#');
}

Result<TreeWatch> TreeWatch::create(const fs::path& root) {
  int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return fail(fmt::format("cannot watch {}: {}", root.native(), reason(errno)));
  TreeWatch watch(fd, root);
  watch.add(root, nullptr);
  if (!watch.problem_.empty()) return fail(watch.problem_);
  return watch;
}

TreeWatch::TreeWatch(TreeWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      root_(std::move(other.root_)),
      directories_(std::move(other.directories_)),
      problem_(std::move(other.problem_)) {}

TreeWatch::~TreeWatch() {
  if (fd_ >= 0) ::close(fd_);
}

void TreeWatch::add(const fs::path& directory, std::set<fs::path>* found) {
  if (directory != root_ && discover::is_build_folder(directory)) return;
  int watch = ::inotify_add_watch(fd_, directory.c_str(), kEvents);
  if (watch < 0) {
    // A directory that went meanwhile, or that nobody may read, is none that a run can depend on.
    const bool gone = errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP;
    if ((!gone || directory == root_) && problem_.empty())
      problem_ = fmt::format("cannot watch {}: {}", directory.native(), reason(errno));
    return;
  }
  directories_[watch] = directory;
  const auto listing = discover::list_directory(directory);
  if (found != nullptr)
    for (const auto& file : listing.files)
      if (!is_noise(file)) found->insert(directory / file);
  for (const auto& name : listing.directories)
    if (!is_noise(name) && name.front() != '_') add(directory / name, found);
}

std::set<fs::path> TreeWatch::take() {
  std::set<fs::path> changed;
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    ssize_t size = ::read(fd_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return changed;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += sizeof *event + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        add(root_, nullptr);  // folders may have been missed; those that are watched already stay as they are
        changed.insert(root_);
        continue;
      }
      auto directory = directories_.find(event->wd);
      if (directory == directories_.end()) continue;
      if ((event->mask & IN_IGNORED) != 0) {
        directories_.erase(directory);
        continue;
      }
      const std::string name = event->len > 0 ? event->name : "";
      if (is_noise(name)) continue;
      const fs::path path = directory->second / name;
      if ((event->mask & IN_ISDIR) != 0) {
        if (name.front() == '_') continue;
        if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0) add(path, &changed);
        if ((event->mask & IN_ATTRIB) != 0) continue;
      } else if ((event->mask & IN_CREATE) != 0 && !fs::is_symlink(path)) {
        continue;  // its content comes with IN_CLOSE_WRITE; a hard link is rare, and seen by the next run
      }
      changed.insert(path);
    }
  }
}

}  // namespace dyad::watch
