#include "host/commands.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "host/base/installation.hpp"
#include "host/base/text.hpp"
#include "host/build/session.hpp"
#include "host/debug_output.hpp"
#include "host/discover/workspace.hpp"
#include "host/report/colour.hpp"
#include "host/report/reporter.hpp"
#include "host/run/backend.hpp"
#include "host/run/runner.hpp"

namespace dyad {

namespace {

build::ImageKind image_kind(const run::Backend& backend) {
  return backend.functions().artifact == DYAD_ARTIFACT_SHARED ? build::ImageKind::kShared
                                                              : build::ImageKind::kExecutable;
}

run::RunOptions run_options(const cli::TestOptions& options) {
  run::RunOptions run;
  run.run_pattern = options.list ? *options.list : options.run;
  run.skip_pattern = options.skip;
  run.time_limit = options.timeout;
  run.failfast = options.failfast;
  run.list_only = options.list.has_value();
  run.count = options.count;
  run.parallel = options.parallel_packages;
  return run;
}

/// A package on its way from the builder to the runner: ready to run, or with the reason why there is nothing to run.
run::PackageJob make_job(std::size_t order, const discover::Package& package, build::BuiltPackage built, bool colour) {
  run::PackageJob job;
  job.order = order;
  job.directory = package.directory;
  job.partial.id = package.id;
  job.partial.build_output = colour ? std::move(built.diagnostics) : without_colours(built.diagnostics);
  job.partial.notices = std::move(built.notices);
  for (auto& image : built.images) job.images.push_back({std::move(image.file), std::move(image.name)});
  if (!package.problem.empty()) {
    job.partial.kind = run::PackageResult::Kind::kBuildFailed;
    job.partial.build_output += fmt::format("error: {}: {}\n", package.directory.native(), package.problem);
  } else if (built.failed) {
    job.partial.kind = run::PackageResult::Kind::kBuildFailed;
  } else if (job.images.empty()) {
    job.partial.kind = run::PackageResult::Kind::kNoTestFiles;
  }
  return job;
}

}  // namespace

Result<int> run_tests(const cli::TestOptions& options) {
  Timeline timeline;

  // Discover: which directories are packages.
  auto installation = Installation::find();
  if (!installation) return fail(installation.error());
  auto cwd = std::filesystem::current_path();
  auto workspace = discover::find_workspace(cwd);
  if (!workspace) return fail(workspace.error());
  auto packages = discover::find_packages(*workspace, cwd, options.patterns);
  if (!packages) return fail(packages.error());
  timeline.end("discover");

  // Load the backend that was asked for; it says which kind of image it runs.
  auto backend = run::Backend::load(options.backend, installation->lib_dir);
  if (!backend) return fail(backend.error());
  build::Statistics statistics;
  auto session = build::Session::open(
      *installation, *workspace, {options.release, options.compile_jobs, image_kind(*backend), {}}, statistics);
  if (!session) return fail(session.error());
  if (auto& warning = (*session)->cache_warning(); !warning.empty()) fmt::print(stderr, "dyad: warning: {}\n", warning);

  // Report each package in order, whichever ends first.
  const bool colour = report::wants_colour(fileno(stdout));
  report::Reporter reporter({options.verbose, colour, options.list.has_value()}, [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  });
  run::Runner runner(*backend, run_options(options), [&](std::size_t order, run::PackageResult result) {
    reporter.add(order, std::move(result));
  });

  // Build one package after the other, behind the workers that compile, while this thread runs what is ready.
  timeline.end("start");
  build::Builder& builder = (*session)->builder();
  builder.start(*packages);
  std::jthread building([&](std::stop_token stop) {
    for (std::size_t order = 0; order < packages->size() && !stop.stop_requested(); ++order) {
      const auto& package = (*packages)[order];
      runner.submit(make_job(order, package, builder.build(package), colour));
    }
    runner.close();
    timeline.end("build");
  });
  const int signal = runner.run();
  building.request_stop();
  if (signal != 0) (*session)->compiler().cancel();
  building.join();
  timeline.end("run");

  // The summary, what was asked for besides, and the exit code.
  reporter.finish(timeline.elapsed());
  if (options.debug_stats) print_statistics(statistics);
  if (options.debug_time) print_times(timeline, statistics);
  if (signal != 0) return 128 + signal;
  if (reporter.summary().nothing())
    fmt::print(stderr, "dyad: no test matched: {}\n", options.run.empty() && options.skip.empty() ? "no package with tests" : "--run and --skip leave none");
  return static_cast<int>(reporter.summary().exit_code());
}

}  // namespace dyad
