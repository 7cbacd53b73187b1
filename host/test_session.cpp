#include "host/test_session.hpp"

#include <oneapi/tbb/parallel_for.h>

#include <utility>

#include "host/base/handed_over.hpp"
#include "host/trace/recorder.hpp"

namespace dyad {

namespace {

build::ImageKind image_kind(const run::Backend& backend) {
  return backend.functions().artifact == DYAD_ARTIFACT_SHARED ? build::ImageKind::kShared
                                                              : build::ImageKind::kExecutable;
}

run::Isolation isolation(cli::TestOptions::Isolate isolate) {
  switch (isolate) {
    case cli::TestOptions::Isolate::kNone:
      return run::Isolation::kNone;
    case cli::TestOptions::Isolate::kAuto:
      return run::Isolation::kAuto;
    case cli::TestOptions::Isolate::kPackage:
      return run::Isolation::kPackage;
    case cli::TestOptions::Isolate::kTest:
      return run::Isolation::kTest;
  }
  std::unreachable();
}

run::RunOptions make_run_options(const cli::TestOptions& options) {
  run::RunOptions run;
  run.run_pattern = options.list ? *options.list : options.run;
  run.skip_pattern = options.skip;
  run.time_limit = options.timeout;
  run.test_time_limit = options.test_timeout;
  run.slow_after = options.slow;
  run.memory = options.memory;
  run.core = options.core;
  run.failfast = options.failfast;
  run.list_only = options.list.has_value();
  run.count = options.count.value_or(1);
  if (options.stress) run.stress = run::Stress{options.stress->repetitions, options.stress->time};
  if (options.shuffle) run.shuffle = options.shuffle->seed;
  run.retries = options.retries;
  run.flaky_fails = options.flaky_fails;
  run.parallel = options.parallel_packages;
  run.isolation = isolation(options.isolate);
  run.log_inputs = options.cache != cli::TestOptions::Cache::kOff && options.reuses_results();
  return run;
}

/// The backend that runs programs.
constexpr const char kPrograms[] = "exe";

cache::Digest crash_memory_subject(const discover::Workspace& workspace) {
  return cache::digest_of("crashes in " + workspace.root.native());
}

/// Name, version and content of a backend's plugin.
std::string identity_of(const char* name, const char* version, const std::string& asked_for,
                        const Installation& installation, inputs::FileStates& files) {
  auto file = asked_for.starts_with('/') ? std::filesystem::path(asked_for)
                                         : installation.lib_dir / "plugins" / ("libdyad_backend_" + asked_for + ".so");
  return std::string(name) + " " + version + " " + files.content_of(file.native()).hex();
}

}  // namespace

build::ImageKind TestSession::kind_of(const discover::Package& package) const {
  return crashes && crashes->passes_of(package.id) ? build::ImageKind::kExecutable : kind;
}

dyad_artifact artifact_of(build::ImageKind kind) {
  return kind == build::ImageKind::kShared ? DYAD_ARTIFACT_SHARED : DYAD_ARTIFACT_EXECUTABLE;
}

Result<std::unique_ptr<TestSession>> TestSession::open(const cli::TestOptions& options,
                                                       std::shared_ptr<run::Backend> backend) {
  trace::Span starting(trace::Phase::kStart);
  auto session = std::make_unique<TestSession>();
  auto installation = Installation::find();
  if (!installation) return fail(installation.error());
  session->installation = *std::move(installation);
  std::optional<trace::Span> discovering(std::in_place, trace::Phase::kDiscover);
  auto cwd = std::filesystem::current_path();
  auto workspace = discover::find_workspace(cwd);
  if (!workspace) return fail(workspace.error());
  session->workspace = *std::move(workspace);
  auto packages = discover::find_packages(session->workspace, cwd, options.patterns);
  if (!packages) return fail(packages.error());
  session->packages = *std::move(packages);
  discovering.reset();

  // The backend says which kind of image it runs.
  if (!backend) {
    auto loaded = run::Backend::load(options.backend, session->installation.lib_dir);
    if (!loaded) return fail(loaded.error());
    backend = std::make_shared<run::Backend>(*std::move(loaded));
  }
  session->backend = std::move(backend);
  session->kind = image_kind(*session->backend);
  auto build = build::Session::open(session->installation, session->workspace,
                                    {.release = options.release,
                                     .jobs = options.compile_jobs,
                                     .output = {},
                                     .use_cache = options.cache != cli::TestOptions::Cache::kOff,
                                     .preludes = options.preludes,
                                     .verify = options.cache == cli::TestOptions::Cache::kVerify},
                                    session->statistics);
  if (!build) return fail(build.error());
  session->build = *std::move(build);
  session->build->given().know(session->packages);

  session->run_options = make_run_options(options);
  session->run_options.symbolizer = session->installation.lib_dir / "dyad-symbolizer";
  auto& world = session->build->world();
  TestSession* self = session.get();
  session->run_options.other_backend = [self]() -> Result<run::Backend*> {
    if (!self->programs) {
      auto loaded = run::Backend::load(kPrograms, self->installation.lib_dir);
      if (!loaded) return fail(loaded.error());
      self->programs.emplace(*std::move(loaded));
    }
    return &*self->programs;
  };
  auto backend_of = [self, &world, asked_for = options.backend,
                     settings = session->backend->settings()](build::ImageKind kind) {
    const auto& functions = self->backend->functions();
    return kind == self->kind
               ? identity_of(functions.name, functions.version, asked_for, self->installation, world.files()) + settings
               : identity_of(kPrograms, DYAD_VERSION, kPrograms, self->installation, world.files());
  };
  // Who says which backend to use is obeyed.
  if (const cache::Store* store = world.store();
      options.backend_by_default && session->kind == build::ImageKind::kShared && store)
    session->crashes = results::CrashMemory::load(store->memo_of(crash_memory_subject(session->workspace)));
  session->results.emplace(world, std::move(backend_of), session->run_options);
  return session;
}

std::vector<KnownPackage> TestSession::find_known(bool with_results) const {
  trace::Span span(trace::Phase::kLookUp);
  std::vector<KnownPackage> known(packages.size());
  auto find = [&](std::size_t i) {
    const auto& package = packages[i];
    if (package.tests.empty() || !package.problem.empty()) return;
    trace::Span one(trace::Phase::kLookUp, package.id.path);
    auto foresee = [this] { build->compiler().foresee_work(); };
    known[i].built = build->builder().find(package, kind_of(package), foresee);
    if (!known[i].built) foresee();
    if (!known[i].built || !with_results) return;
    run::PackageResult result;
    if (results->find(package, *known[i].built, result)) known[i].result = std::move(result);
  };
  oneapi::tbb::parallel_for(std::size_t{0}, packages.size(), shared_out(&known, find));
  taken_back(&known);
  return known;
}

}  // namespace dyad
