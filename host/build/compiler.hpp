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
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/store.hpp"
#include "host/build/compile_job.hpp"
#include "host/build/preludes.hpp"
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"
#include "host/build/unit.hpp"
#include "host/build/unit_inputs.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

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

  /// From now on sources may be compiled with preludes. To be called before anything is requested. `workspace` and
  /// `own_include`: see prelude_arguments().
  void use_preludes(std::filesystem::path workspace, std::filesystem::path own_include);
  /// Something will be requested: starts to map the compiler, once. Returns at once. Thread-safe.
  void foresee_work();
  /// These will be requested: time to begin with what many of them have in common. Returns soon. `scan` reads what they
  /// include.
  void plan(const std::vector<CompileJob>& jobs, IncludeScan& scan);
  /// Makes a prelude for jobs like this, if there is none in the cache.
  void make_prelude(const CompileJob& job, const std::vector<std::string>& headers);

  /// Thread-safe. The same job requested twice is compiled once; `observer` is only called for the first request.
  UnitFuture request(CompileJob job, Observer observer = nullptr);

  /// From now on everything is compiled, and compared with what is cached. Null: no more.
  void verify(Mismatches* mismatches) { mismatches_ = mismatches; }

  /// For an object of the store that cannot be read any more: what made it is compiled once more, and this time the
  /// object goes to `scratch`. Nothing if that gives other bytes.
  std::optional<std::filesystem::path> compile_again(const cache::Digest& object);

  /// How many compile at a time.
  unsigned workers() const { return static_cast<unsigned>(arena_.max_concurrency()); }

  /// Returns when all that was requested is done, observers included.
  void wait();
  /// Thread-safe: what has not begun is not compiled any more, its units fail.
  void cancel() { cancelled_ = true; }

  /// The name that the main of `source` gets, so that no object defines main.
  static std::string main_symbol_for(const std::filesystem::path& source);

 private:
  /// A request on its way through the workers.
  struct Request;
  using RequestPointer = std::shared_ptr<Request>;
  /// To be done by a worker.
  void enqueue(std::function<void()> work);
  void look_up(const RequestPointer& request);
  void compile(const RequestPointer& request, const std::shared_ptr<const Prelude>& prelude);
  void finish(Request& request, std::shared_ptr<Unit> unit);
  std::shared_ptr<Unit> find_in_cache(const cache::ActionId& lookup);
  struct Gathered;
  /// Runs the compiler. `prelude` may be null.
  Gathered emit(const CompileJob& job, const Prelude* prelude) const;
  /// Compiles. `used`: was `prelude`, if it is not null, used? Then the unit needs its object.
  std::shared_ptr<Unit> run(const CompileJob& job, const Prelude* prelude, bool& used);
  void keep(const cache::ActionId& lookup, Unit& unit);
  /// Sets where the object is.
  void keep_object(Unit& unit, const std::string& object);
  void write_object(Unit& unit, const std::string& object);
  bool is_kept(const cache::Digest& prelude_object);
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
  /// The compiler is mapped by a worker that nobody waits for, unless it is at it when this object ends.
  struct Mapping {
    std::mutex mutex;
    bool wanted = true;
  };
  std::shared_ptr<Mapping> mapping_ = std::make_shared<Mapping>();
  std::atomic<bool> work_foreseen_ = false;
  /// One more than the workers: TBB counts the thread that asks, which compiles nothing here.
  oneapi::tbb::global_control parallelism_;
  oneapi::tbb::global_control stack_size_;  ///< compilations run on the workers themselves
  oneapi::tbb::task_arena arena_;
  std::optional<Preludes> preludes_;  ///< uses the arena
  std::mutex verified_mutex_;
  std::unordered_map<cache::Digest, bool> verified_;  ///< objects of preludes: are they in the cache?
};

}  // namespace dyad::build
