#include "host/run/backend.hpp"

#define BOOST_DLL_USE_STD_FS
#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstddef>
#include <cstring>
#include <exception>
#include <list>
#include <system_error>

#include "host/run/plugin_file.hpp"

namespace dyad::run {
namespace fs = std::filesystem;
namespace {

/// All that this version needs; a plugin that was built when the structure was longer is welcome.
bool is_complete(const dyad_backend& backend) {
  return backend.size >= offsetof(dyad_backend, lost) && backend.name && backend.version && backend.open &&
         backend.start && backend.ended_fd && backend.kill && backend.finish && backend.close &&
         (backend.artifact == DYAD_ARTIFACT_SHARED || backend.artifact == DYAD_ARTIFACT_EXECUTABLE);
}

/// A member that came later: null if the plugin was built before it came, or has none.
template <class Function>
Function later_member(const dyad_backend& backend, Function dyad_backend::* member) {
  const auto place = reinterpret_cast<const char*>(&(backend.*member)) - reinterpret_cast<const char*>(&backend);
  return backend.size > static_cast<std::size_t>(place) ? backend.*member : nullptr;
}

/// Checks and maps a plugin, for good.
Result<const dyad_backend*> load_functions(const fs::path& path) {
  Result<fs::path> file = check_plugin_file(path, DYAD_BACKEND_SYMBOL);
  if (!file) return fail(file.error());
  auto refuse = [&](const std::string& why) { return fail(fmt::format("plugin {}{}", path.string(), why)); };
  dyad_backend_entry_fn entry = nullptr;
  try {
    // Not lazily: a plugin with a missing symbol must be refused here, not end the host at its first use. Never
    // unloaded: its threads, handlers and statics may be anywhere.
    using namespace boost::dll;
    static auto& loaded = *new std::list<shared_library>;
    shared_library& plugin = loaded.emplace_back(*file, load_mode::rtld_now | load_mode::rtld_local);
    entry = plugin.get<const dyad_backend*(std::uint32_t)>(DYAD_BACKEND_SYMBOL);
  } catch (const std::exception& failure) {
    std::string what = failure.what();
    std::ranges::replace(what, '\n', ' ');
    return refuse(": cannot be loaded: " + what);
  }
  const dyad_backend* functions = entry(DYAD_BACKEND_ABI);
  if (!functions)
    return refuse(
        fmt::format(" does not speak backend ABI {} of this dyad: rebuild it or update dyad", DYAD_BACKEND_ABI));
  if (functions->abi != DYAD_BACKEND_ABI)
    return refuse(fmt::format(" speaks backend ABI {}, this dyad {}: rebuild it or update dyad", functions->abi,
                              DYAD_BACKEND_ABI));
  if (!is_complete(*functions)) return refuse(" leaves out parts of the backend ABI: rebuild it");
  return functions;
}

fs::path plugin_folder(const fs::path& lib_dir) { return lib_dir / "plugins"; }
constexpr std::string_view kPrefix = "libdyad_backend_", kSuffix = ".so";

}  // namespace

Result<Backend> Backend::load(const std::string& which, const fs::path& lib_dir) {
  fs::path path = which;
  if (which.find('/') == std::string::npos && !which.ends_with(kSuffix)) {
    path = plugin_folder(lib_dir) / fmt::format("{}{}{}", kPrefix, which, kSuffix);
    std::error_code ignored;
    if (!fs::exists(path, ignored))
      return fail(fmt::format("no backend is named {}: no file {} (see dyad backends)", which, path.string()));
  }
  Result<const dyad_backend*> functions = load_functions(path);
  if (!functions) return fail(functions.error());
  return open(**functions, lib_dir);
}

Result<Backend> Backend::open(const dyad_backend& functions, const fs::path& lib_dir) {
  auto host = std::make_unique<Host>(Host{lib_dir.string(), {}});
  host->host = {.size = sizeof(dyad_host), .lib_dir = host->lib_dir.c_str()};
  dyad_error error{};
  dyad_session* session = functions.open(&host->host, &error);
  if (!session)
    return fail(fmt::format("backend {}: {}", functions.name,
                            std::string_view(error.text, strnlen(error.text, sizeof error.text))));
  return Backend(&functions, std::move(host), session);
}

bool Backend::is_lost() const {
  const auto lost = later_member(*functions_, &dyad_backend::lost);
  return lost && lost(session_.get()) != 0;
}

std::string Backend::settings() const {
  const auto settings = later_member(*functions_, &dyad_backend::settings);
  const char* text = settings ? settings(session_.get()) : nullptr;
  return text ? text : "";
}

void Backend::prepare() const {
  if (const auto prepare = later_member(*functions_, &dyad_backend::prepare)) prepare(session_.get());
}

std::vector<BackendInfo> Backend::find_all(const fs::path& lib_dir) {
  std::vector<BackendInfo> all;
  std::error_code error;
  for (fs::directory_iterator entry(plugin_folder(lib_dir), error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) all.push_back({.path = entry->path()});
  }
  std::ranges::sort(all, {}, &BackendInfo::path);
  for (BackendInfo& info : all) {
    Result<const dyad_backend*> functions = load_functions(info.path);
    if (!functions) {
      info.problem = functions.error().text;
      continue;
    }
    info.name = (*functions)->name;
    info.version = (*functions)->version;
    info.artifact = (*functions)->artifact == DYAD_ARTIFACT_SHARED ? "shared library" : "executable";
  }
  return all;
}

}  // namespace dyad::run
