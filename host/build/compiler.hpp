/// Compiles sources, each once, in parallel, through the cache.
///
/// A request returns at once with a future; the work is done by TBB workers in the order of the requests. An object is
/// looked up in two steps: (arguments, compiler, source path) names what the last such compilation read and looked for
/// in vain; their present contents name the object. So an edit that is undone finds the old object again, and a
/// header that appears earlier on the include path is noticed.
#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/store.hpp"
#include "host/build/file_states.hpp"
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"
#include "host/build/unit.hpp"

namespace dyad::build {

struct CompileJob {
  std::filesystem::path source;     ///< absolute
  std::filesystem::path directory;  ///< working directory of the compilation
  std::vector<std::string> arguments;
  enum class Output : std::uint8_t { kObject, kBitcode } output = Output::kObject;
};

using UnitFuture = std::shared_future<std::shared_ptr<const Unit>>;

class Compiler {
 public:
  /// Called on a worker thread when a unit is known, before its future is ready.
  using Observer = std::function<void(const Unit&)>;

  /// `store` may be null: nothing is looked up or kept. Objects that cannot be kept go to `scratch`.
  Compiler(const Toolchain& toolchain, cache::Store* store, Statistics& statistics, unsigned jobs,
           std::filesystem::path scratch);
  /// Waits.
  ~Compiler();

  /// Thread-safe. The same job requested twice is compiled once; `observer` is only called for the first request.
  UnitFuture request(CompileJob job, Observer observer = nullptr);

  /// Returns when all that was requested is done, observers included.
  void wait();
  /// Thread-safe: what has not begun is not compiled any more, its units fail.
  void cancel() { cancelled_ = true; }

  /// The name that the main of `source` gets, so that no object defines main.
  static std::string main_symbol_for(const std::filesystem::path& source);

 private:
  std::shared_ptr<const Unit> compile(const CompileJob& job);
  std::shared_ptr<Unit> find_in_cache(const cache::ActionId& lookup);
  std::shared_ptr<Unit> run(const CompileJob& job, const cache::ActionId& lookup);
  void keep(Unit& unit, const std::string& object, const cache::ActionId& lookup,
            const std::vector<cache::Digest>& states);
  std::filesystem::path keep_in_scratch(const std::string& object);
  cache::ActionId lookup_action(const CompileJob& job) const;

  const Toolchain& toolchain_;
  cache::Store* store_;
  Statistics& statistics_;
  std::filesystem::path scratch_;
  FileStates files_;
  std::atomic<unsigned> scratch_count_{0};
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::unordered_map<cache::Digest, UnitFuture> requested_;
  /// One more than the workers: TBB counts the thread that asks, which compiles nothing here.
  oneapi::tbb::global_control parallelism_;
  oneapi::tbb::task_arena arena_;
};

}  // namespace dyad::build
