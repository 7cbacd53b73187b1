#include <fmt/format.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "host/base/handed_over.hpp"
#include "host/base/text.hpp"
#include "host/commands.hpp"
#include "host/debug_output.hpp"
#include "host/report/colour.hpp"
#include "host/report/reporter.hpp"
#include "host/resident.hpp"
#include "host/results/difference.hpp"
#include "host/results/explain.hpp"
#include "host/shuffle.hpp"
#include "host/test_session.hpp"
#include "host/trace/recorder.hpp"

namespace dyad {

namespace {

/// Which images a package is to have, and a line that says why it is not what the backend usually runs.
struct Placement {
  build::ImageKind kind;
  std::string notice;
};

/// A package on its way from the builder to the runner: ready to run, or with the reason why there is nothing to run.
run::PackageJob make_job(std::size_t order, const discover::Package& package, const Placement& placement,
                         const build::BuiltPackage& built, bool colour) {
  run::PackageJob job;
  job.order = order;
  job.directory = package.directory;
  job.partial.id = package.id;
  job.partial.build_output = colour ? built.diagnostics : without_colours(built.diagnostics);
  job.partial.notices = built.notices;
  if (!placement.notice.empty()) job.partial.notices.push_back(placement.notice);
  for (const auto& image : built.images) job.images.push_back({image.file, image.name, {}});
  job.artifact = artifact_of(built.kind);
  auto tolerates = [&](std::string_view what) {
    return std::ranges::find(package.cache_despite, what) != package.cache_despite.end();
  };
  job.test_time_limit = package.test_timeout;
  job.tolerance = {tolerates(discover::kProgramsTolerated), tolerates(discover::kNetworkTolerated)};
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

/// The job with the result of an earlier run instead of anything to run.
run::PackageJob replay(run::PackageJob job, run::PackageResult&& result) {
  job.images.clear();
  job.partial.kind = result.kind;
  job.partial.tests = std::move(result.tests);
  job.partial.discovered = result.discovered;
  job.partial.outside = std::move(result.outside);
  job.partial.time = result.time;
  job.partial.cached = true;
  return job;
}

void print_explanation(const TestSession& session, const discover::Package& package) {
  auto explanation = results::explain(package, session.kind_of(package), session.build->builder(), *session.results,
                                      session.build->world(), session.workspace.root);
  for (const auto& reason : explanation.reasons)
    fmt::print(stderr, "explain: {}: {}\n", printable(package.id.path), reason);
}

/// Compares what was built now with what the cache says of it.
void verify_build(const TestSession& session, const discover::Package& package, build::ImageKind kind,
                  const build::BuiltPackage& built, const std::optional<build::BuiltPackage>& known) {
  if (known && (built.failed || build::serialize(built) != build::serialize(*known)))
    session.build->mismatches().add(fmt::format("package {}: {}: other images or messages",
                                                session.build->builder().lookup_action(package, kind).digest.hex(),
                                                package.id.path));
}

/// Compares the result of a run with what the cache says of it.
void verify_result(const TestSession& session, const discover::Package& package, const run::PackageResult& result,
                   const KnownPackage& known) {
  if (!known.result) return;
  if (auto difference = results::difference(*known.result, result); !difference.empty())
    session.build->mismatches().add(fmt::format("result {}: {}: {}",
                                                session.results->lookup_action(package, *known.built)->digest.hex(),
                                                package.id.path, difference));
}

}  // namespace

Result<int> run_tests(const cli::TestOptions& options) {
  Resident resident;
  return run_tests(options, resident);
}

Result<int> run_tests(const cli::TestOptions& given, Resident& resident) {
  Timeline timeline;
  cli::TestOptions options = given;
  const std::optional<std::uint32_t> seed = choose_seed(given.shuffle);
  if (seed) options.shuffle->seed = seed;
  std::optional<trace::Recorder> recorder;  // before all that records
  if (options.profile || !options.trace.empty()) recorder.emplace().name_thread("main");

  // Discover the packages, load the backend, open the cache.
  auto opened = TestSession::open(options, resident.backend);
  if (!opened) return fail(opened.error());
  TestSession& session = **opened;
  resident.backend = session.backend;
  resident.written.clear();
  if (resident.notes_writes) session.run_options.log_inputs = true;
  const auto& packages = session.packages;
  std::vector<Placement> placements;  // what the run learns is for the next one
  for (const auto& package : packages)
    placements.push_back({session.kind_of(package), session.crashes ? session.crashes->notice_of(package.id) : ""});
  if (auto& warning = session.build->cache_warning(); !warning.empty())
    fmt::print(stderr, "dyad: warning: {}\n", warning);
  timeline.end("start");

  // Look up what earlier runs found out. A package whose result is known is done.
  const bool verify = options.cache == cli::TestOptions::Cache::kVerify;
  const bool use_results = !verify && options.reuses_results();
  std::vector<KnownPackage> known = session.find_known(options.reuses_results());
  if (options.debug_explain)
    for (std::size_t i = 0; i < packages.size(); ++i)
      if (!known[i].result && !packages[i].tests.empty()) print_explanation(session, packages[i]);
  timeline.end("look up");

  // Report each package in order, whichever ends first.
  const bool colour = report::wants_colour(fileno(stdout));
  report::Reporter reporter({options.verbose, colour, options.list.has_value()}, [&](std::string_view text) {
    if (resident.out_of_date.stop_requested()) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  });
  session.run_options.on_slow = print_slow;
  session.run_options.on_query = print_running;
  session.run_options.on_shortage = print_shortage;
  oneapi::tbb::task_group keeping;
  std::vector<std::size_t> stranded;  // the backend was lost before they were done
  auto take_result = [&](std::size_t order, run::PackageResult result) {
    if (result.backend_lost && placements[order].kind == session.kind) return stranded.push_back(order);
    trace::Span span(trace::Phase::kReport, packages[order].id.path);
    if (session.crashes && known[order].built)
      if (auto news = session.crashes->add(result, known[order].built->kind); !news.empty())
        result.notices.push_back(std::move(news));
    if (verify) verify_result(session, packages[order], result, known[order]);
    if (known[order].built && options.reuses_results() && !result.cached)
      keeping.run(handed_over(&keeping, [&, order, result] {
        trace::Span keep(trace::Phase::kKeep, packages[order].id.path);
        session.results->keep(packages[order], *known[order].built, result);
      }));
    std::ranges::copy(result.written, std::back_inserter(resident.written));
    result.no_news = resident.knows(result.id, !report::failed(result)) &&
                     (result.cached || result.kind == run::PackageResult::Kind::kNoTestFiles);
    if (resident.on_result) resident.on_result(result);
    reporter.add(order, std::move(result));
  };
  run::Runner runner(*session.backend, session.run_options, take_result);
  std::stop_callback cancel(resident.out_of_date, [&] {
    session.build->compiler().cancel();
    runner.cancel();
  });
  if (seed && !options.list) fmt::print("shuffled: --shuffle={}\n", *seed);
  std::vector<std::size_t> to_build;
  std::set<std::size_t> ready;  // of these
  const std::vector<std::size_t> turns = package_order(packages, seed);
  auto submit = [&, turn = std::size_t{0}](run::PackageJob job) mutable {
    if (seed) job.turn = turn++;
    runner.submit(std::move(job));
  };
  for (std::size_t order : turns) {
    trace::Span span(trace::Phase::kReport, packages[order].id.path);
    auto& [built, result] = known[order];
    if (result && !verify) {
      ++session.statistics.results_cached;
      submit(replay(make_job(order, packages[order], placements[order], *built, colour), *std::move(result)));
    } else if (built && !verify && session.build->builder().find_images(packages[order], *built)) {
      // A shuffled package does not overtake one that must be built, so that a seed means one order.
      if (seed && !to_build.empty())
        ready.insert(order), to_build.push_back(order);
      else
        submit(make_job(order, packages[order], placements[order], *built, colour));
    } else {
      to_build.push_back(order);
    }
  }

  // Build the others one after the other, behind the workers that compile, while this thread runs what is ready.
  build::Builder& builder = session.build->builder();
  if (!to_build.empty()) {
    trace::Span span(trace::Phase::kPlan);
    std::vector<discover::Package> wanted;
    for (std::size_t order : to_build)
      if (!ready.contains(order)) wanted.push_back(packages[order]);
    builder.start(wanted);
  }
  std::jthread building([&](std::stop_token stop) {
    if (recorder) recorder->name_thread("plan and link");
    for (std::size_t order : to_build) {
      if (stop.stop_requested()) break;
      if (ready.contains(order)) {
        submit(make_job(order, packages[order], placements[order], *known[order].built, colour));
        continue;
      }
      auto before = std::exchange(known[order].built, builder.build(packages[order], placements[order].kind));
      if (verify) verify_build(session, packages[order], placements[order].kind, *known[order].built, before);
      auto& built = *known[order].built;
      auto job = make_job(order, packages[order], placements[order], built, colour);
      // What was compiled may have come to the same images as before.
      if (run::PackageResult result; use_results && session.results->find(packages[order], built, result)) {
        ++session.statistics.results_cached;
        job = replay(std::move(job), std::move(result));
      }
      submit(std::move(job));
    }
    runner.close();
    timeline.end("build");
  });
  if (std::ranges::any_of(to_build, [&](std::size_t order) { return placements[order].kind == session.kind; }))
    session.backend->prepare();
  runner.run(resident.interrupts);
  building.request_stop();
  if (resident.interrupts.signal() != 0) session.build->compiler().cancel();
  {
    trace::Span span(trace::Phase::kWait);
    building.join();
  }
  // What has lost its backend runs all the same, as programs.
  if (const std::vector<std::size_t> again = std::exchange(stranded, {}); !again.empty()) {
    resident.backend.reset();
    const char* lost = session.backend->functions().name;
    fmt::print(stderr, "dyad: warning: the worker of {} was ended from outside, twice: what is left runs on exe\n",
               lost);
    run::Runner programs(*session.backend, session.run_options, take_result);
    std::stop_callback cancel_too(resident.out_of_date, [&] { programs.cancel(); });
    for (std::size_t order : again) {
      placements[order] = {build::ImageKind::kExecutable,
                           fmt::format("runs on exe: the worker of {} was ended from outside", lost)};
      known[order].built = builder.build(packages[order], placements[order].kind);
      programs.submit(make_job(order, packages[order], placements[order], *known[order].built, colour));
    }
    programs.close();
    programs.run(resident.interrupts);
  }
  const int signal = resident.interrupts.signal();
  keeping.wait();
  taken_back(&keeping);
  if (session.crashes) session.crashes->save();
  timeline.end("run");

  auto warn = [](const std::string& text) {
    if (!text.empty()) fmt::print(stderr, "dyad: warning: {}\n", text);
  };
  warn(session.build->cache_problem());
  if (resident.out_of_date.stop_requested()) return static_cast<int>(ExitCode::kPassed);  // nobody waits for it
  if (signal == 0) {
    trace::Span span(trace::Phase::kKeep, {}, "trim the cache");
    warn(session.build->trim_cache());
  }

  // The summary, what was asked for besides, and the exit code.
  reporter.finish(timeline.elapsed());
  if (options.debug_stats) {
    print_statistics(session.statistics, session.build->cache_counts());
    print_statistics(runner.statistics());
  }
  if (options.debug_time) print_times(timeline, session.statistics);
  if (options.profile) print_profile(*recorder, session.workspace.root);
  Result<void> traced;
  if (!options.trace.empty()) traced = write_trace(options.trace, *recorder, session.workspace.root);
  if (!traced) fmt::print(stderr, "dyad: {}\n", traced.error().text);
  if (seed && reporter.summary().any_failed())
    fmt::print(stderr, "dyad: which tests must run before one for it to fail: dyad bisect-order PACKAGE --shuffle={}\n",
               *seed);
  if (signal != 0) return 128 + signal;
  if (auto mismatches = session.build->mismatches().take(); !mismatches.empty()) {
    for (const auto& text : mismatches) fmt::print(stderr, "dyad: the cache is wrong: {}\n", text);
    return static_cast<int>(ExitCode::kTool);
  }
  if (reporter.summary().nothing())
    fmt::print(stderr, "dyad: no test matched: {}\n",
               options.run.empty() && options.skip.empty() ? "no package with tests" : "--run and --skip leave none");
  if (!traced) return static_cast<int>(ExitCode::kTool);
  return static_cast<int>(reporter.summary().exit_code());
}

}  // namespace dyad
