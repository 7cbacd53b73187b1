/// Preludes (docs/why-prelude.md) on the host's side: decides which are made, makes each once for all sources that are
/// compiled with the same flags, and keeps it in the cache under facts of its own, like any compilation.
///
/// Nobody waits here: who wants a prelude that is being made leaves word what to do then. All functions are
/// thread-safe; what is left to be done is called on a worker.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cache/digest.hpp"
#include "host/build/compile_job.hpp"
#include "host/build/include_scan.hpp"
#include "host/build/statistics.hpp"
#include "host/build/toolchain.hpp"
#include "host/build/unit_inputs.hpp"
#include "host/inputs/world.hpp"

namespace dyad::build {

struct PreludeGroup;

struct Prelude {
  std::filesystem::path module, notes;   ///< codegen.h
  inputs::FactSet facts;                 ///< all that it depends on
  std::atomic<bool> has_object = false;  ///< then the next two are set and do not change
  std::filesystem::path object;
  cache::Digest object_id;
  PreludeGroup* group = nullptr;  ///< for Preludes
};

class Preludes {
 public:
  struct Parts {
    const Toolchain& toolchain;
    inputs::World& world;
    UnitInputs& inputs;
    Statistics& statistics;
    std::filesystem::path workspace, own_include;
    std::filesystem::path scratch;  ///< for what the cache does not take
    /// Runs a piece of work on a worker, soon.
    std::function<void(std::function<void()>)> enqueue;
    /// Is the outcome of this job in the cache?
    std::function<bool(const CompileJob&)> is_cached;
  };
  explicit Preludes(Parts parts);
  /// Waits for what is being made.
  ~Preludes();

  /// These will be compiled, unless they are cached: starts to make what they are worth.
  void plan(const std::vector<CompileJob>& jobs, IncludeScan& scan);
  /// Starts to make one of these headers for jobs like this, unless there is one.
  void begin(const CompileJob& job, const std::vector<std::string>& headers);

  /// Calls `then`, now or later, with the prelude for `job` or null.
  using Then = std::function<void(std::shared_ptr<const Prelude>)>;
  void get(const CompileJob& job, Then then);

  /// Calls `then`, now or later: is the object there? Without it nothing that was compiled with the prelude can be
  /// used.
  void await_object(const std::shared_ptr<const Prelude>& prelude, std::function<void(bool)> then);

  void wait();

 private:
  using Group = PreludeGroup;
  Group& group_of(const CompileJob& job);
  cache::ActionId lookup_action(const Group& group) const;
  /// Sets what the cache has: the prelude, and which headers it was asked for.
  void find(Group& group);
  /// With the group's lock held.
  void start_making(Group& group, std::vector<std::string> headers);
  /// The same as the parts' function, for work that wait() waits for.
  void enqueue(std::function<void()> work);
  /// What is compiled with the prelude will be linked with its object, while whoever links has nothing to do yet. With
  /// the group's lock held.
  void foresee_links(Group& group);
  void make(Group& group);
  void settle(Group& group, std::shared_ptr<Prelude> prelude);
  void settle_object(Group& group, Prelude& prelude, bool has_object);
  /// Its id; keeps it in the cache or in the scratch directory, and sets where.
  std::optional<cache::Digest> keep(std::string_view bytes, std::filesystem::path& place);

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable idle_;
  unsigned working_ = 0;  ///< pieces of work that are enqueued or done
  unsigned scratch_count_ = 0;
  std::map<std::vector<std::string>, std::unique_ptr<Group>> groups_;  ///< by arguments
};

}  // namespace dyad::build
