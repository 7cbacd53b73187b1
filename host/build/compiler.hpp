/// Compiles sources, each once, in parallel, through the cache.
///
/// A request returns at once with a future; the work is done by TBB workers in the order of the requests. An object is
/// found again (inputs::World) by what the last such compilation read and looked for in vain: so a header that appears
/// earlier on the include path is noticed.
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
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"
#include "host/build/unit.hpp"
#include "host/build/unit_inputs.hpp"
#include "host/inputs/world.hpp"

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

  /// Objects that cannot be kept in the world's store go to `scratch`.
  Compiler(const Toolchain& toolchain, inputs::World& world, UnitInputs& inputs, Statistics& statistics, unsigned jobs,
           std::filesystem::path scratch);
  /// Waits.
  ~Compiler();

  /// Thread-safe. The same job requested twice is compiled once; `observer` is only called for the first request.
  UnitFuture request(CompileJob job, Observer observer = nullptr);

  /// From now on everything is compiled, and compared with what is cached. Null: no more.
  void verify(Mismatches* mismatches) { mismatches_ = mismatches; }

  /// For an object of the store that cannot be read any more: what made it is compiled once more, and this time the
  /// object goes to `scratch`. Nothing if that gives other bytes.
  std::optional<std::filesystem::path> compile_again(const cache::Digest& object);

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
  struct Gathered;
  Gathered emit(const CompileJob& job) const;
  /// Sets where the object is.
  void keep_object(Unit& unit, const std::string& object);
  void write_object(Unit& unit, const std::string& object);
  cache::ActionId lookup_action(const CompileJob& job) const;

  const Toolchain& toolchain_;
  inputs::World& world_;
  UnitInputs& inputs_;
  Statistics& statistics_;
  std::filesystem::path scratch_;
  std::atomic<unsigned> scratch_count_{0};
  std::atomic<bool> cancelled_{false};
  Mismatches* mismatches_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<cache::Digest, UnitFuture> requested_;
  std::unordered_map<cache::Digest, std::shared_ptr<const CompileJob>> makers_;  ///< of the objects in the store
  /// One more than the workers: TBB counts the thread that asks, which compiles nothing here.
  oneapi::tbb::global_control parallelism_;
  oneapi::tbb::task_arena arena_;
};

}  // namespace dyad::build
