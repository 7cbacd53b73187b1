#include "host/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace dyad::compare {

using run::ProcessTimes;

namespace {

using Nanoseconds = std::chrono::nanoseconds;
using Member = Nanoseconds ProcessTimes::*;
constexpr std::array<std::pair<const char*, Member>, 5> kPhases{{{"start", &ProcessTimes::start},
                                                                 {"load", &ProcessTimes::load},
                                                                 {"run", &ProcessTimes::run},
                                                                 {"capture", &ProcessTimes::capture},
                                                                 {"stop", &ProcessTimes::stop}}};

double milliseconds(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

void Measurements::add(std::size_t backend, const WholeRun& whole, const std::vector<run::PackageResult>& phases) {
  Run run{.wall = whole.wall};
  for (const run::PackageResult& result : whole.results) run.verdicts[0].push_back(run::verdicts_of(result));
  for (const run::PackageResult& result : phases) {
    run.times.push_back(result.times);
    run.verdicts[1].push_back(run::verdicts_of(result));
  }
  runs_.at(backend).push_back(std::move(run));
}

template <class Time>
Row Measurements::row(std::string name, Time time) const {
  std::array<std::vector<double>, 2> values;
  for (std::size_t backend = 0; backend < 2; ++backend)
    for (const Run& run : runs_[backend]) values[backend].push_back(milliseconds(time(run)));
  return {std::move(name), {spread_of(values[0]), spread_of(values[1])}, ratio_of(values[0], values[1])};
}

std::vector<std::string> Measurements::differences() const {
  std::vector<std::string> order;
  std::map<std::string, unsigned> seen;
  const std::size_t runs = std::min(runs_[0].size(), runs_[1].size());
  for (std::size_t i = 0; i < runs; ++i) {
    std::set<std::string> now;  // a line counts once in a pair of runs
    for (std::size_t kind = 0; kind < 2; ++kind)
      for (std::size_t package = 0; package < packages_.size(); ++package)
        for (const std::string& line : run::verdict_differences(runs_[0][i].verdicts[kind][package], backends_[0],
                                                                runs_[1][i].verdicts[kind][package], backends_[1])) {
          std::string text = packages_[package] + " " + line;
          if (now.insert(text).second && seen[text]++ == 0) order.push_back(text);
        }
  }
  for (std::string& text : order)
    text = fmt::format("{} ({} of {} run{})", text, seen[text], runs, runs == 1 ? "" : "s");
  return order;
}

Comparison Measurements::compute() const {
  Comparison result{.backends = backends_, .runs = static_cast<unsigned>(runs_[0].size()), .parallel = parallel_};
  if (!runs_[0].empty())
    for (const auto& package : runs_[0].front().verdicts[0]) result.tests += package.tests.size();
  for (auto [name, member] : kPhases)
    result.phases.push_back(row(name, [&](const Run& run) {
      Nanoseconds sum{};
      for (const ProcessTimes& times : run.times) sum += times.*member;
      return sum;
    }));
  result.sum = row("sum", [](const Run& run) {
    Nanoseconds sum{};
    for (const ProcessTimes& times : run.times) sum += times.sum();
    return sum;
  });
  result.wall = row("wall", [](const Run& run) { return run.wall; });
  for (std::size_t i = 0; i < packages_.size(); ++i)
    result.packages.push_back(row(packages_[i], [i](const Run& run) { return run.times[i].sum(); }));
  result.differences = differences();
  return result;
}

std::string Comparison::advice() const {
  const Spread& ratio = wall.ratio;
  std::string text;
  if (ratio.most < 1 || ratio.least > 1) {
    const bool first = ratio.most < 1;
    const double quotient = first ? ratio.median : 1 / ratio.median;
    const double least = first ? ratio.least : 1 / ratio.most, most = first ? ratio.most : 1 / ratio.least;
    text = fmt::format("{} is the better default for these packages: {:.2f} ({:.2f}..{:.2f}) of {}'s time",
                       backends[first ? 0 : 1], quotient, least, most, backends[first ? 1 : 0]);
  } else {
    text = fmt::format("neither is faster in every run: {} takes {:.2f} ({:.2f}..{:.2f}) of {}'s time", backends[0],
                       ratio.median, ratio.least, ratio.most, backends[1]);
  }
  if (!differences.empty()) text += "; but their verdicts differ";
  return text;
}

}  // namespace dyad::compare
