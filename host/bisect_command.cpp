#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/bisect/minimise.hpp"
#include "host/commands.hpp"
#include "host/report/colour.hpp"
#include "host/report/package_text.hpp"
#include "host/run/index_ranges.hpp"
#include "host/test_session.hpp"

namespace dyad {

namespace {

using bisect::Items;
using run::PackageResult;
using run::TestResult;

/// One image of a package, run again and again with fewer tests, each time in a process of its own.
class Trial {
 public:
  Trial(TestSession& session, const discover::Package& package, const build::Image& image, dyad_artifact artifact,
        run::InterruptWatch& interrupts)
      : session_(session), package_(package), image_(image), artifact_(artifact), interrupts_(interrupts) {}

  PackageResult run(const std::string& left_out) {
    PackageResult result;
    run::Runner runner(*session_.backend, session_.run_options,
                       [&](std::size_t, PackageResult ended) { result = std::move(ended); });
    run::PackageJob job;
    job.order = 0;
    job.directory = package_.directory;
    job.images = {{image_.file, image_.name, left_out}};
    job.artifact = artifact_;
    job.partial.id = package_.id;
    runner.submit(std::move(job));
    runner.close();
    runner.run(interrupts_);
    ++runs_;
    return result;
  }

  /// With all tests. Ones that fail, as they ran; or why the image did not run.
  Result<std::vector<TestResult>> run_all() {
    PackageResult result = run("");
    if (result.kind != PackageResult::Kind::kRan) return fail(result.reason);
    tests_ = std::move(result.tests);
    std::vector<TestResult> failed;
    for (const TestResult& test : tests_)
      if (is_failure(test.verdict)) failed.push_back(test);
    std::ranges::sort(failed, {}, &TestResult::turn);
    return failed;
  }

  /// Those that began before it, in order.
  Items before(const TestResult& test) const {
    std::vector<const TestResult*> earlier;
    for (const TestResult& other : tests_)
      if (other.verdict != run::Verdict::kNotRun && other.turn < test.turn && other.index != test.index)
        earlier.push_back(&other);
    std::ranges::sort(earlier, {}, &TestResult::turn);
    Items items;
    for (const TestResult* other : earlier) items.push_back(other->index);
    return items;
  }

  /// Does `test` fail behind these? The run is kept in failure() if so.
  bool fails_behind(const TestResult& test, const Items& predecessors) {
    if (interrupts_.signal() != 0) return false;
    std::vector<std::uint32_t> others;
    for (const TestResult& other : tests_)
      if (other.index != test.index && std::ranges::find(predecessors, other.index) == predecessors.end())
        others.push_back(other.index);
    PackageResult result = run(run::index_ranges(others));
    const auto same = std::ranges::find(result.tests, test.index, &TestResult::index);
    if (same == result.tests.end() || !is_failure(same->verdict)) return false;
    failure_ = std::move(result);
    return true;
  }

  const std::string& name_of(std::uint32_t index) const {
    return std::ranges::find(tests_, index, &TestResult::index)->name;
  }
  const PackageResult& failure() const { return failure_; }
  /// Since this was last asked.
  unsigned take_runs() { return std::exchange(runs_, 0); }

 private:
  TestSession& session_;
  const discover::Package& package_;
  const build::Image& image_;
  dyad_artifact artifact_;
  run::InterruptWatch& interrupts_;
  std::vector<TestResult> tests_;
  PackageResult failure_;
  unsigned runs_ = 0;
};

/// "^(TestA|Suite\.Test)$" for a shell.
std::string run_flag(const std::vector<std::string>& names) {
  std::string pattern;
  for (const std::string& name : names) {
    if (!pattern.empty()) pattern += '|';
    for (char c : name) {
      if (std::string_view(".[]()*+?{}|^$\\").contains(c)) pattern += '\\';
      pattern += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
  }
  return fmt::format("--run='^({})$'", pattern);
}

/// Whether an order was found.
bool explain_failure(Trial& trial, const TestResult& test, const cli::BisectOptions& options,
                     const std::string& package) {
  auto say = [&](const std::string& what) {
    const unsigned runs = trial.take_runs();
    fmt::print("{}: {} {} ({} run{})\n", printable(package), test.name, what, runs, runs == 1 ? "" : "s");
  };
  if (trial.fails_behind(test, {})) {
    say("fails alone: no other test is to blame");
    return false;
  }
  const Items all = trial.before(test);
  if (all.empty() || !trial.fails_behind(test, all)) {
    say("does not fail every time in this order");
    return false;
  }
  const Items needed =
      bisect::minimise(all, [&](const Items& some) { return !some.empty() && trial.fails_behind(test, some); });
  if (!trial.fails_behind(test, needed)) {
    say("does not fail every time in this order");
    return false;
  }
  say(fmt::format("passes alone, and fails behind {}", needed.size() == 1 ? "one other" : "others"));
  std::vector<std::string> names;
  for (std::uint32_t index : needed) names.push_back(trial.name_of(index));
  names.push_back(test.name);
  for (const std::string& name : names) fmt::print("    {}\n", printable(name));
  std::string backend = options.test.backend == "dll" ? "" : " --backend=" + options.test.backend;
  fmt::print("again: dyad test{} --shuffle={} {} {}\n", backend, *options.test.shuffle->seed, run_flag(names),
             printable(options.test.patterns.front()));
  const bool colour = report::wants_colour(fileno(stdout));
  fmt::print("{}", report::package_text(trial.failure(), {.colour = colour}));
  return true;
}

}  // namespace

Result<int> bisect_order(const cli::BisectOptions& options) {
  auto opened = TestSession::open(options.test);
  if (!opened) return fail(opened.error());
  TestSession& session = **opened;
  std::vector<discover::Package> packages = session.packages;
  std::erase_if(packages, [](const discover::Package& package) { return package.tests.empty(); });
  if (packages.empty()) {
    fmt::print(stderr, "dyad: no package with tests matches\n");
    return static_cast<int>(ExitCode::kNothing);
  }
  if (packages.size() > 1)
    return fail(fmt::format("dyad bisect-order looks into one package, and {} match", packages.size()));
  const discover::Package& package = packages.front();

  build::Builder& builder = session.build->builder();
  builder.start(packages);
  auto built = builder.build(package, session.kind);
  if (!package.problem.empty()) built.failed = true;
  if (built.failed) {
    fmt::print(stderr, "# {}\n{}", printable(package.id.path),
               package.problem.empty() ? without_colours(built.diagnostics) : package.problem + "\n");
    return static_cast<int>(ExitCode::kBuildFailed);
  }

  run::InterruptWatch interrupts;
  bool any_failed = false, all_found = true;
  for (const build::Image& image : built.images) {
    Trial trial(session, package, image, artifact_of(built.kind), interrupts);
    auto failed = trial.run_all();
    if (!failed) {
      fmt::print(stderr, "{}: {} did not load: {}\n", printable(package.id.path), image.name, failed.error().text);
      return static_cast<int>(ExitCode::kBuildFailed);
    }
    for (const TestResult& test : *failed) {
      any_failed = true;
      all_found = explain_failure(trial, test, options, package.id.path) && all_found;
      std::fflush(stdout);
      if (interrupts.signal() != 0) return 128 + interrupts.signal();
    }
  }
  if (!any_failed) {
    fmt::print(stderr, "dyad: no test of {} fails with --shuffle={}\n", printable(package.id.path),
               *options.test.shuffle->seed);
    return static_cast<int>(ExitCode::kNothing);
  }
  return static_cast<int>(all_found ? ExitCode::kPassed : ExitCode::kTestFailed);
}

}  // namespace dyad
