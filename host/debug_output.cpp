#include "host/debug_output.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "host/base/file.hpp"
#include "host/base/text.hpp"
#include "host/trace/chrome_trace.hpp"
#include "host/trace/profile.hpp"

namespace dyad {

namespace {

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

}  // namespace

void Timeline::end(std::string step) {
  std::lock_guard lock(mutex_);
  steps_.emplace_back(std::move(step), elapsed());
}

std::vector<std::pair<std::string, std::chrono::nanoseconds>> Timeline::steps() const {
  std::lock_guard lock(mutex_);
  return steps_;
}

void print_statistics(const build::Statistics& statistics, const cache::StoreCounts& cache) {
  fmt::print(stderr, "stats: compile run={} cached={}\n", statistics.compile_run.load(),
             statistics.compile_cached.load());
  fmt::print(stderr, "stats: link run={} cached={} cut={}\n", statistics.link_run.load(), statistics.link_cached.load(),
             statistics.link_cut.load());
  fmt::print(stderr, "stats: package known={} result cached={}\n", statistics.packages_known.load(),
             statistics.results_cached.load());
  fmt::print(stderr, "stats: index used={}\n", statistics.index_used.load());
  fmt::print(stderr, "stats: prelude made={} cached={} failed={} used={}\n", statistics.prelude_made.load(),
             statistics.prelude_cached.load(), statistics.prelude_failed.load(), statistics.prelude_used.load());
  for (const auto& [why, count] : statistics.prelude_refused.counts())
    fmt::print(stderr, "stats: prelude not used={} because of: {}\n", count, why);
  fmt::print(stderr, "stats: cache failures={} damaged={}\n", cache.write_failures, cache.damaged);
}

void print_statistics(const run::RunStatistics& statistics) {
  std::size_t retired = 0;
  std::string reasons;
  for (const auto& [reason, count] : statistics.retired) {
    retired += count;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? " (" : ", ", printable(reason), count);
  }
  if (!reasons.empty()) reasons += ")";
  fmt::print(stderr, "stats: executor started={} reused={} retired={}{}\n", statistics.executors_started,
             statistics.executors_reused, retired, reasons);
}

namespace {

std::string describe(const run::RunningTest& test) {
  auto time = std::chrono::duration<double>(test.time).count();
  return fmt::format("{}{}{}, {:.1f}s", printable(test.package), test.name.empty() ? "" : " ", printable(test.name),
                     time);
}

}  // namespace

void print_slow(const run::RunningTest& test) { fmt::print(stderr, "dyad: slow: {}\n", describe(test)); }

void print_running(const std::vector<run::RunningTest>& tests) {
  if (tests.empty()) fmt::print(stderr, "dyad: nothing is running\n");
  for (const auto& test : tests) fmt::print(stderr, "dyad: running: {}\n", describe(test));
}

void print_profile(const trace::Recorder& recorder, const std::filesystem::path& root) {
  auto text = trace::format(trace::compute_profile(recorder.lanes(), recorder.began_ns(), trace::now_ns(), root));
  std::fputs(text.c_str(), stderr);
}

Result<void> write_trace(const std::filesystem::path& file, const trace::Recorder& recorder,
                         const std::filesystem::path& root) {
  auto written = write_file_atomically(file, trace::chrome_trace(recorder.lanes(), recorder.began_ns(), root));
  if (!written) return fail("--trace: " + written.error().text);
  return {};
}

void print_times(const Timeline& timeline, const build::Statistics& statistics) {
  for (const auto& [step, at] : timeline.steps())
    fmt::print(stderr, "time: {} ended at {:.3f}s\n", step, seconds(at.count()));
  fmt::print(stderr,
             "time: all compilations {:.3f}s, cache look-ups {:.3f}s, links {:.3f}s, preludes {:.3f}s (sums over "
             "threads)\n",
             seconds(statistics.compile_ns), seconds(statistics.look_up_ns), seconds(statistics.link_ns),
             seconds(statistics.prelude_ns));
  fmt::print(stderr, "time: total {:.3f}s\n", seconds(timeline.elapsed().count()));
}

void print_shortage(const std::string& why, std::size_t processes) {
  fmt::print(stderr, "dyad: warning: no room for another process ({}): waiting for it; {} at a time from here on\n",
             printable(why), processes);
}

}  // namespace dyad
