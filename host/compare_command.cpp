#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "host/base/file.hpp"
#include "host/base/text.hpp"
#include "host/commands.hpp"
#include "host/compare/comparison_text.hpp"
#include "host/test_session.hpp"

namespace dyad {

namespace {

using run::PackageResult;

/// The packages, built for one backend.
class Contender {
 public:
  static Result<Contender> open(const cli::CompareOptions& options, const std::string& backend) {
    cli::TestOptions test = options.test;
    test.backend = backend;
    test.backend_by_default = false;
    auto session = TestSession::open(test);
    if (!session) return fail(session.error());
    return Contender(std::move(*session));
  }

  /// False if a package does not build, or cannot be found.
  bool build() {
    build::Builder& builder = session_->build->builder();
    builder.start(session_->packages);
    bool all = true;
    for (const auto& package : session_->packages) {
      auto built = builder.build(package, session_->kind);
      if (!package.problem.empty()) built = {.failed = true, .diagnostics = package.problem + "\n"};
      if (built.failed) fmt::print(stderr, "# {}\n{}", printable(package.id.path), without_colours(built.diagnostics));
      all = all && !built.failed;
      if (built.failed || built.images.empty()) continue;
      run::PackageJob job{.order = jobs_.size(), .directory = package.directory};
      for (const auto& image : built.images) job.images.push_back({image.file, image.name, {}});
      job.artifact = artifact_of(built.kind);
      job.partial.id = package.id;
      jobs_.push_back(std::move(job));
    }
    return all;
  }

  /// Runs all packages once, as `dyad test` would: the backend begins anew and has no process yet.
  Result<compare::WholeRun> run(run::InterruptWatch& interrupts) {
    const auto begin = std::chrono::steady_clock::now();
    compare::WholeRun whole;
    {
      auto backend = run::Backend::open(session_->backend->functions(), session_->installation.lib_dir);
      if (!backend) return fail(backend.error());
      whole.results = run(interrupts, *backend, session_->run_options);
    }
    whole.wall = std::chrono::steady_clock::now() - begin;
    return whole;
  }

  /// Likewise one at a time, and looks at once at all that they say: that takes longer, and tells the phases.
  std::vector<PackageResult> run_for_phases(run::InterruptWatch& interrupts) {
    run::RunOptions options = session_->run_options;
    options.measure_phases = true;
    options.parallel = 1;
    return run(interrupts, *session_->backend, options);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const run::PackageJob& job : jobs_) names.push_back(job.partial.id.path);
    return names;
  }

 private:
  explicit Contender(std::unique_ptr<TestSession> session) : session_(std::move(session)) {}

  std::vector<PackageResult> run(run::InterruptWatch& interrupts, run::Backend& backend,
                                 const run::RunOptions& options) {
    std::vector<PackageResult> results(jobs_.size());
    run::Runner runner(backend, options,
                       [&](std::size_t order, PackageResult result) { results[order] = std::move(result); });
    for (const run::PackageJob& job : jobs_) runner.submit(job);
    runner.close();
    runner.run(interrupts);
    return results;
  }

  std::unique_ptr<TestSession> session_;
  std::vector<run::PackageJob> jobs_;
};

/// "calc: load failed: ..." for every package that did not run.
bool all_ran(const std::vector<PackageResult>& results, const std::string& backend) {
  bool all = true;
  for (const PackageResult& result : results) {
    if (result.kind == PackageResult::Kind::kRan) continue;
    all = false;
    fmt::print(stderr, "dyad: {} does not run on {}: {}\n", printable(result.id.path), backend, result.reason);
  }
  return all;
}

Result<void> write_if_wanted(const std::filesystem::path& file, const std::string& flag, const std::string& text) {
  if (file.empty()) return {};
  auto written = write_file_atomically(file, text);
  if (!written) return fail(flag + ": " + written.error().text);
  return {};
}

}  // namespace

Result<int> compare_backends(const cli::CompareOptions& options) {
  const auto& names = options.backends;
  std::vector<Contender> contenders;
  for (const std::string& name : names) {
    auto opened = Contender::open(options, name);
    if (!opened) return fail(opened.error());
    contenders.push_back(std::move(*opened));
  }
  for (Contender& contender : contenders)
    if (!contender.build()) return static_cast<int>(ExitCode::kBuildFailed);
  if (contenders[0].names().empty()) {
    fmt::print(stderr, "dyad: nothing to compare: no package with tests matches\n");
    return static_cast<int>(ExitCode::kNothing);
  }

  run::InterruptWatch interrupts;
  compare::Measurements measurements(names, contenders[0].names(), options.test.parallel_packages);
  for (unsigned round = 0; round <= options.runs; ++round) {
    for (std::size_t turn = 0; turn < 2; ++turn) {
      const std::size_t backend = (round + turn) % 2;
      const auto whole = contenders[backend].run(interrupts);
      if (!whole) return fail(whole.error());
      const std::vector<PackageResult> phases = contenders[backend].run_for_phases(interrupts);
      if (interrupts.signal() != 0) return 128 + interrupts.signal();
      // The first round warms up the caches of the system.
      if (round > 0) {
        measurements.add(backend, *whole, phases);
      } else if (!all_ran(whole->results, names[backend]) || !all_ran(phases, names[backend])) {
        return static_cast<int>(ExitCode::kBuildFailed);
      }
    }
  }

  const compare::Comparison comparison = measurements.compute();
  if (comparison.tests == 0) {
    fmt::print(stderr, "dyad: nothing to compare: no test matches\n");
    return static_cast<int>(ExitCode::kNothing);
  }
  fmt::print("{}", compare::format_table(comparison));
  std::fflush(stdout);
  for (const auto& written : {write_if_wanted(options.json, "--json", compare::format_json(comparison)),
                              write_if_wanted(options.svg, "--svg", compare::draw_chart(comparison))})
    if (!written) {
      fmt::print(stderr, "dyad: {}\n", written.error().text);
      return static_cast<int>(ExitCode::kTool);
    }
  return static_cast<int>(comparison.differences.empty() ? ExitCode::kPassed : ExitCode::kTestFailed);
}

}  // namespace dyad
