#include "host/build/compiler.hpp"

#include <fmt/format.h>

#include <array>

#include "host/base/file.hpp"
#include "host/base/handed_over.hpp"
#include "host/build/codegen_strings.hpp"
#include "host/build/process_facts.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::build {

/// What the compiler said, gathered from its callbacks.
struct Compiler::Gathered {
  Unit unit;
  std::string object;
  std::vector<UnitInput> inputs;
  bool used_prelude = false;
  std::string why_not;
};

namespace {

constexpr std::size_t kOwnStack = std::size_t{1} << 20;  // of a worker, below a compilation

/// On the thread of the compilation, inside of its span.
void record_phase(void*, std::uint32_t phase, std::int64_t begin_ns, std::int64_t end_ns, std::int64_t busy_ns) {
  using enum trace::Phase;
  static constexpr std::array kPhases{kCompile, kParse, kInstantiate, kGenerate, kOptimise, kEmit};
  if (phase >= kPhases.size() || begin_ns >= end_ns) return;
  const double busy = static_cast<double>(busy_ns) / static_cast<double>(end_ns - begin_ns);
  trace::Recorder::current()->add({kPhases[phase], begin_ns, end_ns, {}, {}, busy});
}

template <class Gathered>
dyad_compile_sink sink_into(Gathered& gathered) {
  dyad_compile_sink sink{};
  sink.size = sizeof sink;
  sink.user = &gathered;
  sink.output = [](void* user, const void* bytes, std::size_t size) {
    static_cast<Gathered*>(user)->object.assign(static_cast<const char*>(bytes), size);
  };
  sink.diagnostics = [](void* user, dyad_str text) { static_cast<Gathered*>(user)->unit.diagnostics = view(text); };
  sink.input = [](void* user, std::uint32_t kind, dyad_str path, const void* bytes, std::size_t size) {
    cache::Digest content;
    if (kind == DYAD_INPUT_FILE) content = cache::digest_of({static_cast<const char*>(bytes), size});
    static_cast<Gathered*>(user)->inputs.push_back({kind, std::string(view(path)), content});
  };
  sink.unrepeatable = [](void* user, dyad_str why) { static_cast<Gathered*>(user)->unit.unrepeatable = view(why); };
  sink.test = [](void* user, const dyad_found_test* test) {
    static_cast<Gathered*>(user)->unit.tests.push_back(
        {std::string(view(test->name)), std::string(view(test->symbol)), std::string(view(test->file)), test->line});
  };
  sink.definition = [](void* user, dyad_str name, dyad_str identity) {
    static_cast<Gathered*>(user)->unit.definitions.push_back({std::string(view(name)), std::string(view(identity))});
  };
  sink.symbol = [](void* user, std::uint32_t kind, dyad_str name) {
    Unit& unit = static_cast<Gathered*>(user)->unit;
    auto& list = kind == DYAD_SYMBOL_UNDEFINED ? unit.undefined : kind == DYAD_SYMBOL_STRONG ? unit.strong : unit.weak;
    list.emplace_back(view(name));
  };
  sink.main = [](void* user, std::uint32_t line) { static_cast<Gathered*>(user)->unit.main_line = line; };
  if (trace::Recorder::current() != nullptr) sink.phase = record_phase;
  sink.prelude = [](void* user, std::uint32_t used, dyad_str why_not) {
    static_cast<Gathered*>(user)->used_prelude = used != 0;
    static_cast<Gathered*>(user)->why_not = view(why_not);
  };
  return sink;
}

}  // namespace

Compiler::Compiler(const Toolchain& toolchain, inputs::World& world, UnitInputs& inputs, Statistics& statistics,
                   unsigned jobs, std::filesystem::path scratch)
    : toolchain_(toolchain),
      world_(world),
      inputs_(inputs),
      statistics_(statistics),
      scratch_(std::move(scratch)),
      parallelism_(oneapi::tbb::global_control::max_allowed_parallelism, jobs + 1),
      stack_size_(oneapi::tbb::global_control::thread_stack_size, DYAD_CODEGEN_STACK + kOwnStack),
      arena_(static_cast<int>(jobs), 0) {}

Compiler::~Compiler() {
  {
    std::lock_guard lock(mapping_->mutex);
    mapping_->wanted = false;
  }
  wait();
}

void Compiler::use_preludes(std::filesystem::path workspace, std::filesystem::path own_include) {
  preludes_.emplace(
      Preludes::Parts{toolchain_, world_, inputs_, statistics_, std::move(workspace), std::move(own_include), scratch_,
                      [this](std::function<void()> work) { enqueue(std::move(work)); },
                      [this](const CompileJob& job) { return world_.find(lookup_action(job)).has_value(); }});
}

void Compiler::foresee_work() {
  if (work_foreseen_.exchange(true)) return;
  enqueue([toolchain = &toolchain_, mapping = mapping_] {
    std::lock_guard lock(mapping->mutex);
    if (mapping->wanted) (void)toolchain->load();  // who needs it is told if it fails
  });
}

void Compiler::plan(const std::vector<CompileJob>& jobs, IncludeScan& scan) {
  foresee_work();
  if (preludes_) preludes_->plan(jobs, scan);
}

void Compiler::make_prelude(const CompileJob& job, const std::vector<std::string>& headers) {
  if (preludes_) preludes_->begin(job, headers);
}

void Compiler::enqueue(std::function<void()> work) { arena_.enqueue(handed_over(&arena_, std::move(work))); }

void Compiler::wait() {
  // An observer may request more while this waits, so the map is read anew until all of it is done.
  for (std::size_t done = 0;;) {
    std::vector<UnitFuture> pending;
    {
      std::lock_guard lock(mutex_);
      if (requested_.size() == done) break;
      for (const auto& [id, future] : requested_) pending.push_back(future);
    }
    for (const auto& future : pending) future.wait();
    done = pending.size();
  }
  if (preludes_) preludes_->wait();
}

std::string Compiler::main_symbol_for(const std::filesystem::path& source) {
  return "dyad_main_" + cache::digest_of(source.native()).hex();
}

cache::ActionId Compiler::lookup_action(const CompileJob& job) const {
  cache::Hasher hasher("compile 2");
  hasher.add(std::uint64_t{preludes_.has_value() && job.with_prelude});
  hasher.add(toolchain_.identity()).add(job.source.native()).add(job.directory.native());
  hasher.add(static_cast<std::uint64_t>(job.output)).add(job.arguments.size());
  bool native = false;
  for (const auto& argument : job.arguments) {
    hasher.add(argument);
    native = native || argument.find("=native") != std::string::npos;
  }
  if (native)
    for (const auto& line : native_processor()) hasher.add(line);
  return {hasher.finish()};
}

struct Compiler::Request {
  cache::ActionId lookup;
  CompileJob job;
  Observer observer;
  std::shared_ptr<std::promise<std::shared_ptr<const Unit>>> promise;
  std::shared_ptr<Unit> cached = nullptr;  ///< only to be compared with
};

UnitFuture Compiler::request(CompileJob job, Observer observer) {
  auto promise = std::make_shared<std::promise<std::shared_ptr<const Unit>>>();
  UnitFuture future = promise->get_future().share();
  auto lookup = lookup_action(job);
  {
    std::lock_guard lock(mutex_);
    auto [place, is_new] = requested_.emplace(lookup.digest, future);
    if (!is_new) return place->second;
  }
  auto request = std::make_shared<Request>(Request{lookup, std::move(job), std::move(observer), std::move(promise)});
  enqueue([this, request] { look_up(request); });
  return future;
}

void Compiler::look_up(const RequestPointer& request) {
  if (cancelled_) return finish(*request, std::make_shared<Unit>());
  auto unit = find_in_cache(request->lookup);
  if (unit && !mismatches_) return finish(*request, std::move(unit));
  request->cached = std::move(unit);
  const bool with_prelude = preludes_ && (!request->cached || request->cached->prelude_object);
  if (!with_prelude) return compile(request, nullptr);
  preludes_->get(request->job,
                 [this, request](const std::shared_ptr<const Prelude>& prelude) { compile(request, prelude); });
}

void Compiler::compile(const RequestPointer& request, const std::shared_ptr<const Prelude>& prelude) {
  if (cancelled_) return finish(*request, std::make_shared<Unit>());
  bool used = false;
  auto unit = run(request->job, prelude.get(), used);
  auto done = [this, request, unit, prelude, used] {
    if (used) {
      unit->prelude_object = prelude->object_id;
      unit->prelude_file = prelude->object;
      unit->facts.add(prelude->facts);
      unit->facts.own.normalise();
    }
    // With another prelude than last time the object is another, too.
    const auto& cached = request->cached;
    if (cached && cached->prelude_object == unit->prelude_object &&
        (!unit->ok() || serialize(*unit) != serialize(*cached)))
      mismatches_->add(fmt::format("compilation {}: {}", request->lookup.digest.hex(), request->job.source.native()));
    keep(request->lookup, *unit);
    finish(*request, unit);
  };
  if (!used) return done();
  preludes_->await_object(prelude, [this, request, done](bool has_object) {
    if (has_object)
      done();
    else
      compile(request, nullptr);
  });
}

void Compiler::finish(Request& request, std::shared_ptr<Unit> unit) {
  unit->source = request.job.source;
  unit->main_symbol = main_symbol_for(request.job.source);
  if (unit->ok()) {
    std::lock_guard lock(mutex_);
    makers_.try_emplace(unit->object_id, std::make_shared<const CompileJob>(request.job));
  }
  if (request.observer) request.observer(*unit);
  request.promise->set_value(std::move(unit));
}

std::optional<std::filesystem::path> Compiler::compile_again(const cache::Digest& object) {
  std::shared_ptr<const CompileJob> job;
  {
    std::lock_guard lock(mutex_);
    auto maker = makers_.find(object);
    if (maker == makers_.end()) return std::nullopt;
    job = maker->second;
  }
  std::shared_ptr<const Prelude> prelude;
  if (preludes_) {
    std::promise<std::shared_ptr<const Prelude>> known;
    preludes_->get(*job, [&known](std::shared_ptr<const Prelude> found) { known.set_value(std::move(found)); });
    prelude = known.get_future().get();
  }
  for (const Prelude* with : {prelude.get(), static_cast<const Prelude*>(nullptr)}) {
    Gathered gathered = emit(*job, with);
    if (gathered.unit.ok()) write_object(gathered.unit, gathered.object);
    if (gathered.unit.ok() && gathered.unit.object_id == object) return gathered.unit.object;
    if (with == nullptr) break;
  }
  return std::nullopt;
}

std::shared_ptr<Unit> Compiler::find_in_cache(const cache::ActionId& lookup) {
  Stopwatch stopwatch(statistics_.look_up_ns);
  trace::Span span(trace::Phase::kLookUp);
  auto found = world_.find(lookup);
  if (!found) return nullptr;
  auto unit = deserialize(found->bytes);
  if (!unit || !world_.store()->verify(cache::OutputId{unit->object_id})) return nullptr;
  unit->object = world_.store()->path_of(cache::OutputId{unit->object_id});
  if (unit->prelude_object) {
    if (!is_kept(*unit->prelude_object)) return nullptr;
    unit->prelude_file = world_.store()->path_of(cache::OutputId{*unit->prelude_object});
  }
  unit->facts = std::move(found->facts);
  ++statistics_.compile_cached;
  return std::make_shared<Unit>(*std::move(unit));
}

bool Compiler::is_kept(const cache::Digest& prelude_object) {
  std::lock_guard lock(verified_mutex_);
  auto [place, is_new] = verified_.emplace(prelude_object, false);
  if (is_new) place->second = world_.store()->verify(cache::OutputId{prelude_object});
  return place->second;
}

Compiler::Gathered Compiler::emit(const CompileJob& job, const Prelude* prelude) const {
  auto codegen = toolchain_.load();
  Gathered gathered;
  if (!codegen) {
    gathered.unit.diagnostics = fmt::format("{}: {}\n", job.source.native(), codegen.error().text);
    return gathered;
  }
  const std::vector<dyad_str> arguments = views(job.arguments);
  std::string main_symbol = main_symbol_for(job.source);
  dyad_compile what{};
  what.size = sizeof what;
  what.source = str(job.source.native());
  what.directory = str(job.directory.native());
  what.args = {arguments.data(), arguments.size()};
  what.main_symbol = str(main_symbol);
  what.output = job.output == CompileJob::Output::kObject ? DYAD_OUTPUT_OBJECT : DYAD_OUTPUT_BITCODE;
  what.colour = 1;
  if (prelude) {
    what.prelude_module = str(prelude->module.native());
    what.prelude_notes = str(prelude->notes.native());
  }
  auto sink = sink_into(gathered);
  {
    Stopwatch stopwatch(statistics_.compile_ns);
    trace::Span span(trace::Phase::kCompile, job.source.native());
    switch ((*codegen)->compile(&what, &sink)) {
      case DYAD_COMPILE_OK:
        gathered.unit.status = Unit::Status::kOk;
        break;
      case DYAD_COMPILE_CRASHED:
        gathered.unit.status = Unit::Status::kCrashed;
        break;
      default:
        gathered.unit.status = Unit::Status::kFailed;
        break;
    }
  }
  ++statistics_.compile_run;
  return gathered;
}

std::shared_ptr<Unit> Compiler::run(const CompileJob& job, const Prelude* prelude, bool& used) {
  Gathered gathered = emit(job, prelude);
  trace::Span span(trace::Phase::kKeep, job.source.native());
  used = gathered.used_prelude;
  if (used)
    ++statistics_.prelude_used;
  else if (prelude)
    statistics_.prelude_refused.add(gathered.why_not.substr(0, gathered.why_not.find(": ")));
  Unit& unit = gathered.unit;
  inputs_.note(gathered.inputs, unit);
  if (unit.ok()) keep_object(unit, gathered.object);
  return std::make_shared<Unit>(std::move(unit));
}

void Compiler::keep(const cache::ActionId& lookup, Unit& unit) {
  if (unit.ok() && unit.unrepeatable.empty()) world_.keep(lookup, unit.facts, serialize(unit));
}

void Compiler::keep_object(Unit& unit, const std::string& object) {
  if (auto* store = world_.store()) {
    if (auto id = store->put(object)) {
      unit.object_id = id->digest;
      unit.object = store->path_of(*id);
      return;
    }
  }
  write_object(unit, object);
}

void Compiler::write_object(Unit& unit, const std::string& object) {
  unit.object_id = cache::digest_of(object);
  unit.object = scratch_ / fmt::format("{}.o", scratch_count_++);
  if (write_file_atomically(unit.object, object)) return;
  unit.status = Unit::Status::kFailed;
  unit.diagnostics += fmt::format("cannot write an object to {}: is the disk full?\n", scratch_.native());
}

}  // namespace dyad::build
