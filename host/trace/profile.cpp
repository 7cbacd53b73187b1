#include "host/trace/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dyad::trace {

namespace {

constexpr std::size_t kShownPackages = 10;

std::size_t index_of(Phase phase) { return static_cast<std::size_t>(phase); }

bool is_compile(Phase phase) { return phase >= Phase::kCompile && phase <= Phase::kEmit; }

/// Part of a lane in which the innermost span is the same: what that time is spent on.
struct Segment {
  std::int64_t begin_ns, end_ns;
  Phase phase, around;
  double busy;  ///< share of `phase`; the rest is `around`'s
};

class Reader {
 public:
  Reader(Profile& profile, const std::filesystem::path& root) : profile_(profile), root_(root) {}

  void read(const std::vector<Node>& nodes, Phase around, const std::string& subject) {
    for (const Node& node : nodes) read(node, around, node.event.subject.empty() ? subject : node.event.subject);
  }

  std::vector<Segment> take_segments() { return std::move(segments_); }
  std::vector<PackageTime> take_packages() {
    std::vector<PackageTime> all;
    for (auto& [name, package] : packages_) all.push_back(std::move(package));
    return all;
  }

 private:
  void read(const Node& node, Phase around, const std::string& subject) {
    const Event& event = node.event;
    if (event.phase != around) ++profile_.phases[index_of(event.phase)].count;  // a test is part of its process
    const bool whole = event.phase == Phase::kCompile || event.phase == Phase::kLink || event.phase == Phase::kRun;
    if (const auto time = event.end_ns - event.begin_ns; whole && time > profile_.longest.time_ns)
      profile_.longest = {fmt::format("{} {}", name_of(event.phase), shown_subject(subject, root_)), time};
    std::int64_t at = event.begin_ns;
    for (const Node& inner : node.inside) {
      add({at, inner.event.begin_ns, event.phase, around, event.busy}, subject);
      at = inner.event.end_ns;
    }
    add({at, event.end_ns, event.phase, around, event.busy}, subject);
    read(node.inside, event.phase, subject);
  }

  void add(const Segment& segment, const std::string& subject) {
    if (segment.begin_ns >= segment.end_ns) return;
    const auto time = static_cast<double>(segment.end_ns - segment.begin_ns);
    profile_.phases[index_of(segment.phase)].total_ns += time * segment.busy;
    profile_.phases[index_of(segment.around)].total_ns += time * (1 - segment.busy);
    segments_.push_back(segment);
    if (subject.empty()) return;
    PackageTime* package = nullptr;
    auto of = [&]() -> PackageTime& {
      if (package == nullptr) {
        std::string name = shown_subject(subject, root_);
        // A source stands for its directory.
        if (subject.starts_with('/')) name = std::filesystem::path(name).parent_path().native();
        if (name.empty()) name = ".";
        package = &packages_[name];
        package->name = name;
      }
      return *package;
    };
    if (is_compile(segment.phase)) of().compile_ns += time;
    if (segment.phase == Phase::kLink) of().link_ns += time;
    if (segment.phase == Phase::kLoad || segment.phase == Phase::kRun) of().run_ns += time;
  }

  Profile& profile_;
  const std::filesystem::path& root_;
  std::vector<Segment> segments_;
  std::map<std::string, PackageTime> packages_;
};

/// Divides each instant of [began, ended] among the segments that cover it.
void divide(const std::vector<Segment>& segments, std::int64_t began_ns, std::int64_t ended_ns, Profile& profile) {
  struct Edge {
    std::int64_t at_ns;
    const Segment* segment;
    int step;
  };
  std::vector<Edge> edges;
  edges.reserve(2 * segments.size());
  for (const Segment& segment : segments) {
    const auto begin = std::max(segment.begin_ns, began_ns), end = std::min(segment.end_ns, ended_ns);
    if (begin >= end) continue;
    edges.push_back({begin, &segment, 1});
    edges.push_back({end, &segment, -1});
  }
  std::ranges::sort(edges, {}, &Edge::at_ns);

  std::array<double, kPhases.size()> active{};
  int working = 0, waiting = 0;
  double worked_ns = 0;
  std::int64_t at = began_ns;
  auto pass = [&](std::int64_t until) {
    const auto time = static_cast<double>(until - at);
    at = until;
    worked_ns += time * working;
    if (working > 0) {
      for (std::size_t phase = 0; phase < active.size(); ++phase)
        profile.phases[phase].wall_ns += time * active[phase] / working;
    } else if (waiting > 0) {
      profile.phases[index_of(Phase::kWait)].wall_ns += time;
    } else {
      profile.other_ns += time;
    }
  };
  for (const Edge& edge : edges) {
    pass(edge.at_ns);
    if (edge.segment->phase == Phase::kWait) {
      waiting += edge.step;
      continue;
    }
    working += edge.step;
    active[index_of(edge.segment->phase)] += edge.step * edge.segment->busy;
    active[index_of(edge.segment->around)] += edge.step * (1 - edge.segment->busy);
    if (working == 0) active.fill(0);  // no rounding errors are carried on
  }
  pass(ended_ns);
  profile.at_once = profile.wall_ns > 0 ? worked_ns / static_cast<double>(profile.wall_ns) : 0;
}

void place(std::vector<Node>& siblings, const Event& event) {
  if (!siblings.empty() && event.begin_ns < siblings.back().event.end_ns) {
    Event cut = event;
    cut.end_ns = std::min(cut.end_ns, siblings.back().event.end_ns);
    place(siblings.back().inside, cut);
    return;
  }
  siblings.push_back({event, {}});
}

double seconds(double nanoseconds) { return nanoseconds / 1e9; }

}  // namespace

std::vector<Node> nest(const std::vector<Event>& events) {
  std::vector<const Event*> sorted;
  for (const Event& event : events) sorted.push_back(&event);
  // What began at the same time is around the other if it ends later; of two equal ones that which was opened first,
  // and so was closed last.
  std::ranges::reverse(sorted);
  std::ranges::stable_sort(sorted, [](const Event* a, const Event* b) {
    return a->begin_ns != b->begin_ns ? a->begin_ns < b->begin_ns : a->end_ns > b->end_ns;
  });
  std::vector<Node> nodes;
  for (const Event* event : sorted) place(nodes, *event);
  return nodes;
}

std::string shown_subject(const std::string& subject, const std::filesystem::path& root) {
  if (!subject.starts_with('/')) return subject;
  const auto relative = std::filesystem::path(subject).lexically_relative(root).native();
  return relative.empty() || relative.starts_with("..") ? subject : relative;
}

Profile compute_profile(const std::vector<Lane>& lanes, std::int64_t began_ns, std::int64_t ended_ns,
                        const std::filesystem::path& root) {
  Profile profile;
  profile.wall_ns = ended_ns - began_ns;
  Reader reader(profile, root);
  for (const Lane& lane : lanes) reader.read(nest(lane.events), Phase::kWait, {});
  divide(reader.take_segments(), began_ns, ended_ns, profile);
  profile.packages = reader.take_packages();
  std::ranges::stable_sort(profile.packages, std::greater(), &PackageTime::total_ns);
  return profile;
}

std::string format(const Profile& profile) {
  const auto wall = static_cast<double>(std::max<std::int64_t>(profile.wall_ns, 1));
  std::string text = fmt::format("profile: {:.3f}s of wall time; on average {:.2f} things went on at once\n",
                                 seconds(wall), profile.at_once);
  text += fmt::format("profile: {:<12}{:>10}{:>8}{:>10}{:>9}\n", "phase", "wall", "share", "total", "count");
  std::size_t most = 0;
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase) {
    const PhaseTime& time = profile.phases[phase];
    if (time.count == 0) continue;
    text += fmt::format("profile: {:<12}{:>9.3f}s{:>7.1f}%{:>9.3f}s{:>9}\n", kPhases[phase], seconds(time.wall_ns),
                        100 * time.wall_ns / wall, seconds(time.total_ns), time.count);
    if (time.wall_ns > profile.phases[most].wall_ns) most = phase;
  }
  text += fmt::format("profile: {:<12}{:>9.3f}s{:>7.1f}%\n", "other", seconds(profile.other_ns),
                      100 * profile.other_ns / wall);
  if (!profile.packages.empty()) text += "profile: slowest packages, summed over threads and processes:\n";
  for (std::size_t i = 0; i < std::min(kShownPackages, profile.packages.size()); ++i) {
    const PackageTime& package = profile.packages[i];
    text += fmt::format("profile: {:>9.3f}s  {} (compile {:.3f}s, link {:.3f}s, run {:.3f}s)\n",
                        seconds(package.total_ns()), package.name, seconds(package.compile_ns),
                        seconds(package.link_ns), seconds(package.run_ns));
  }
  text += fmt::format("profile: bottleneck: {}, {:.0f}% of the wall time", kPhases[most],
                      100 * profile.phases[most].wall_ns / wall);
  if (profile.longest.time_ns > 0)
    text += fmt::format("; longest: {}, {:.3f}s", profile.longest.name,
                        seconds(static_cast<double>(profile.longest.time_ns)));
  return text + "\n";
}

}  // namespace dyad::trace
