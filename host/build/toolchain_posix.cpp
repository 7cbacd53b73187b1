#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/dll/shared_library.hpp>
#include <list>
#include <mutex>
#include <optional>

#include "host/base/file_stamp.hpp"
#include "host/build/toolchain.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::build {

struct Toolchain::Loaded {
  std::once_flag once;
  std::optional<Result<const dyad_codegen*>> result;
  std::atomic<bool> done{false};
};

namespace {

/// "path size mtime ctime inode\n", or the path alone if it is not there (then nothing will load, and nothing is
/// keyed).
std::string identity_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return path + "\n";
  const FileStamp stamp = stamp_of(status);
  return fmt::format("{} {} {} {} {}\n", path, stamp.size, stamp.modified_ns, stamp.changed_ns, stamp.inode);
}

Result<const dyad_codegen*> map(const std::filesystem::path& path) {
  try {
    boost::dll::shared_library library(boost::dll::fs::path(path.native()),
                                       boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (!library.has(DYAD_CODEGEN_SYMBOL))
      return fail(fmt::format("{}: not dyad's code generator; install dyad again", path.native()));
    auto entry = library.get<const dyad_codegen*(std::uint32_t)>(DYAD_CODEGEN_SYMBOL);
    const dyad_codegen* functions = entry(DYAD_CODEGEN_ABI);
    if (functions == nullptr || functions->abi != DYAD_CODEGEN_ABI)
      return fail(fmt::format("{}: of another version of dyad; install dyad again", path.native()));
    // Stays mapped: LLVM has threads and handlers of its own.
    static auto& mapped = *new std::list<boost::dll::shared_library>;
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    mapped.push_back(std::move(library));
    functions->begin_run();
    return functions;
  } catch (const std::exception& problem) {
    return fail(fmt::format("cannot load the compiler: {}; install dyad again", problem.what()));
  }
}

}  // namespace

Toolchain::Toolchain(std::filesystem::path library, std::string identity)
    : library_(std::move(library)), identity_(std::move(identity)), loaded_(std::make_unique<Loaded>()) {}
Toolchain::Toolchain(Toolchain&&) noexcept = default;
Toolchain::~Toolchain() = default;

Result<Toolchain> Toolchain::find(const std::filesystem::path& lib_dir) {
  auto library = lib_dir / "libdyad_codegen.so";
  std::error_code error;
  if (!std::filesystem::is_regular_file(library, error))
    return fail(fmt::format("{}: not found; install dyad again", library.native()));
  std::string identity = identity_of(library.native());
  for (const char* part : {"runtime.o", "main.o", "dyad-worker"}) identity += identity_of((lib_dir / part).native());
  identity += identity_of("/proc/self/exe");
  return Toolchain(library, std::move(identity));
}

Result<const dyad_codegen*> Toolchain::load() const {
  std::call_once(loaded_->once, [this] {
    trace::Span span(trace::Phase::kStart, {}, "map the compiler");
    loaded_->result = map(library_);
    loaded_->done = true;
  });
  return *loaded_->result;
}

bool Toolchain::is_loaded() const { return loaded_->done; }

}  // namespace dyad::build
