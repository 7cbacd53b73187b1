#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <thread>

#include "cache/store.hpp"
#include "host/base/duration.hpp"
#include "host/base/file.hpp"
#include "host/base/installation.hpp"
#include "host/build/session.hpp"
#include "host/commands.hpp"

namespace dyad {

namespace {

using Action = cli::CacheOptions::Action;

/// "0 bytes", "98304 bytes (96.0 KiB)"
std::string shown_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double number = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; number >= 1024 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return fmt::format("{} bytes ({:.1f} {})", bytes, number, kUnits[unit]);
}

std::string shown(const cache::Amount& amount, std::string_view what) {
  return fmt::format("{} {}, {}", amount.files, what, shown_bytes(amount.bytes));
}

std::string shown_time(const std::optional<cache::TimePoint>& time) {
  if (!time) return "never";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(cache::Clock::to_time_t(*time)));
}

/// "14d", "36h0m0s"
std::string shown_age(std::chrono::seconds age) {
  constexpr std::chrono::hours kDay{24};
  return age % kDay == age.zero() ? fmt::format("{}d", age / kDay) : format_duration(age);
}

int show_statistics(const cache::Store& store, const cache::TrimLimits& limits) {
  const auto statistics = store.statistics();
  const cache::Amount total{statistics.actions.files + statistics.outputs.files,
                            statistics.actions.bytes + statistics.outputs.bytes};
  const bool has_age = limits.age != limits.age.zero();
  fmt::print("directory:   {}\n", store.directory().parent_path().native());
  fmt::print("format:      {}\n", store.directory().filename().native());
  fmt::print("actions:     {}\n", shown(statistics.actions, "entries"));
  fmt::print("outputs:     {}\n", shown(statistics.outputs, "entries"));
  fmt::print("total:       {}\n", shown(total, "entries"));
  fmt::print("unfinished:  {}\n", shown(statistics.temporary, "files"));
  fmt::print("oldest use:  {}\n", shown_time(statistics.oldest_use));
  fmt::print("newest use:  {}\n", shown_time(statistics.newest_use));
  fmt::print("last trim:   {}\n", shown_time(statistics.last_trim));
  fmt::print("size limit:  {}\n", limits.bytes == 0 ? "none" : shown_bytes(limits.bytes));
  fmt::print("age limit:   {}\n", has_age ? shown_age(limits.age) : "none");
  return static_cast<int>(ExitCode::kPassed);
}

int check_entries(cache::Store& store) {
  const auto report = store.check();
  for (const auto& damaged : report.damaged)
    fmt::print("damaged: {}: {}; removed\n", damaged.name, describe(damaged.reason));
  fmt::print("checked {} actions and {} outputs, {}: {}\n", report.actions.files, report.outputs.files,
             shown_bytes(report.actions.bytes + report.outputs.bytes),
             report.damaged.empty() ? "all sound" : fmt::format("{} damaged", report.damaged.size()));
  return static_cast<int>(report.damaged.empty() ? ExitCode::kPassed : ExitCode::kTool);
}

Result<int> trim_entries(cache::Store& store, const cache::TrimLimits& limits) {
  auto report = store.trim(limits);
  if (!report) return fail(report.error());
  if (report->in_use) {
    fmt::print("nothing removed: another dyad is using the cache\n");
  } else {
    fmt::print("removed {}; kept {}\n", shown(report->removed, "files"), shown(report->kept, "entries"));
  }
  return static_cast<int>(ExitCode::kPassed);
}

int remove_entries(cache::Store& store) {
  auto removed = store.clean();
  if (!removed) {
    fmt::print(stderr, "dyad: {}\n", removed.error().text);
    return static_cast<int>(ExitCode::kTool);
  }
  fmt::print("removed {}\n", shown(*removed, "files"));
  return static_cast<int>(ExitCode::kPassed);
}

/// In an empty workspace: what is made there serves all that have no flags of their own.
Result<int> make_seed() {
  auto installation = Installation::find();
  if (!installation) return fail(installation.error());
  auto empty = TemporaryDirectory::create("dyad-seed-");
  if (!empty) return fail(empty.error());
  discover::Workspace workspace;
  workspace.root = std::filesystem::canonical(empty->path());
  build::Statistics statistics;
  auto session = build::Session::open(*installation, workspace,
                                      {.jobs = std::max(1U, std::thread::hardware_concurrency())}, statistics);
  if (!session) return fail(session.error());
  if (!(*session)->cache_warning().empty()) return fail((*session)->cache_warning());
  (*session)->builder().request_usual();
  (*session)->compiler().wait();
  if (auto problem = (*session)->cache_problem(); !problem.empty()) return fail(problem);
  fmt::print("{} preludes and {} sources compiled\n", statistics.prelude_made.load(), statistics.compile_run.load());
  return static_cast<int>(ExitCode::kPassed);
}

}  // namespace

Result<int> manage_cache(const cli::CacheOptions& options) {
  const auto directory = cache::Store::default_directory();
  if (options.action == Action::kPath) {
    fmt::print("{}\n", directory.native());
    return static_cast<int>(ExitCode::kPassed);
  }
  if (options.action == Action::kSeed) return make_seed();
  auto limits = cache::TrimLimits::from_environment();
  if (!limits) return fail(limits.error());
  auto store = cache::Store::open(directory, cache::Store::trust_asked_for());
  if (!store) return fail(store.error());
  switch (options.action) {
    case Action::kVerify:
      return check_entries(*store);
    case Action::kTrim:
      return trim_entries(*store, *limits);
    case Action::kClean:
      return remove_entries(*store);
    default:
      return show_statistics(*store, *limits);
  }
}

}  // namespace dyad
