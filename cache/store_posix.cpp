#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "cache/store.hpp"
#include "host/base/file.hpp"

namespace dyad::cache {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kActionMagic = "dyad-action 1\n";

fs::path sharded(const fs::path& base, const Digest& digest) {
  std::string hex = digest.hex();
  return base / hex.substr(0, 2) / hex;
}

std::expected<std::string, MissReason> read_entry(const fs::path& path) {
  auto bytes = read_file(path);
  if (bytes) return *std::move(bytes);
  std::error_code error;
  return std::unexpected(fs::exists(path, error) || error ? MissReason::kUnreadable : MissReason::kAbsent);
}

/// The shards are made on demand: a store of a small project has few.
Result<void> write_entry(const fs::path& path, std::string_view bytes) {
  auto done = write_file_atomically(path, bytes, 0444);
  if (done) return done;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return fail(fmt::format("{}: {}", path.parent_path().native(), error.message()));
  return write_file_atomically(path, bytes, 0444);
}

std::optional<Entry> parse_action(std::string_view text) {
  if (!text.starts_with(kActionMagic)) return std::nullopt;
  text.remove_prefix(kActionMagic.size());
  if (text.size() < 35 || text[32] != ' ' || text.back() != '\n') return std::nullopt;
  auto digest = Digest::from_hex(text.substr(0, 32));
  std::string_view number = text.substr(33, text.size() - 34);
  std::uint64_t size = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (!digest || error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return Entry{OutputId{*digest}, size};
}

}  // namespace

fs::path Store::default_directory() {
  auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (auto own = variable("DYAD_CACHE"); !own.empty()) return fs::absolute(own);
  if (auto xdg = variable("XDG_CACHE_HOME"); xdg.starts_with('/')) return fs::path(xdg) / "dyad";
  if (auto home = variable("HOME"); home.starts_with('/')) return fs::path(home) / ".cache" / "dyad";
  std::error_code error;
  auto temporary = fs::temp_directory_path(error);
  return (error ? fs::path("/tmp") : temporary) / fmt::format("dyad-cache-{}", ::getuid());
}

Result<Store> Store::open(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(fmt::format("cache {}: {}; set DYAD_CACHE to a directory of yours", directory.native(), std::strerror(errno)));
  struct stat status;
  if (::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return fail(fmt::format("cache {}: not a directory; set DYAD_CACHE to a directory of yours", directory.native()));
  if (status.st_uid != ::geteuid())
    return fail(fmt::format("cache {}: belongs to another user; set DYAD_CACHE to a directory of yours", directory.native()));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(fmt::format("cache {}: others may write to it; run chmod 700 on it", directory.native()));
  return Store(directory / "v1");
}

fs::path Store::path_of(const ActionId& id) const { return sharded(directory_ / "action", id.digest); }
fs::path Store::path_of(const OutputId& id) const { return sharded(directory_ / "output", id.digest); }

std::expected<Entry, MissReason> Store::find(const ActionId& id) const {
  auto text = read_entry(path_of(id));
  if (!text) return std::unexpected(text.error());
  auto entry = parse_action(*text);
  if (!entry) {
    std::error_code ignored;
    fs::remove(path_of(id), ignored);
    return std::unexpected(MissReason::kDamaged);
  }
  return *entry;
}

std::expected<std::string, MissReason> Store::read(const OutputId& id) const {
  auto bytes = read_entry(path_of(id));
  if (bytes && digest_of(*bytes) != id.digest) {
    std::error_code ignored;
    fs::remove(path_of(id), ignored);
    return std::unexpected(MissReason::kDamaged);
  }
  return bytes;
}

std::expected<std::string, MissReason> Store::read(const ActionId& id) const {
  auto entry = find(id);
  if (!entry) return std::unexpected(entry.error());
  return read(entry->output);
}

bool Store::verify(const OutputId& id) const { return read(id).has_value(); }

Result<OutputId> Store::put(std::string_view bytes) {
  OutputId id{digest_of(bytes)};
  if (verify(id)) return id;
  auto written = write_entry(path_of(id), bytes);
  if (!written) return fail(written.error().within("cache"));
  return id;
}

Result<OutputId> Store::put(const ActionId& id, std::string_view bytes) {
  auto output = put(bytes);
  if (!output) return output;
  auto text = fmt::format("{}{} {}\n", kActionMagic, output->digest.hex(), bytes.size());
  auto written = write_entry(path_of(id), text);
  if (!written) return fail(written.error().within("cache"));
  return output;
}

}  // namespace dyad::cache
