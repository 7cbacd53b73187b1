/// What `--profile` says: where the wall time of a run went.
///
/// Each instant of wall time is divided evenly among everything that went on then: with two compilations parsing and
/// one test process running, a millisecond gives a third of a millisecond to `run` and two thirds to `parse`. Only the
/// innermost span of a lane counts, and waiting only if nothing else goes on. So the phases' wall times and `other`,
/// when nothing was recorded, add up to the wall time; `total` is the plain sum over threads and processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/trace/recorder.hpp"

namespace dyad::trace {

struct PhaseTime {
  double wall_ns = 0, total_ns = 0;
  std::uint64_t count = 0;
};

/// Of a package, summed over threads and processes; or of a directory whose sources were compiled for others.
struct PackageTime {
  std::string name;
  double compile_ns = 0, link_ns = 0, run_ns = 0;
  double total_ns() const { return compile_ns + link_ns + run_ns; }
};

/// The longest single compilation, link, or run of a process.
struct LongestSpan {
  std::string name;
  std::int64_t time_ns = 0;
};

struct Profile {
  std::int64_t wall_ns = 0;
  std::array<PhaseTime, kPhases.size()> phases;
  double other_ns = 0;
  std::vector<PackageTime> packages;  ///< slowest first
  LongestSpan longest;
  double at_once = 0;  ///< lanes that did something, on average
};

/// Of [`began_ns`, `ended_ns`]. Subjects below `root` are named relative to it.
Profile compute_profile(const std::vector<Lane>& lanes, std::int64_t began_ns, std::int64_t ended_ns,
                        const std::filesystem::path& root);

/// A table of phases, the slowest packages, the bottleneck.
std::string format(const Profile& profile);

/// How a subject is shown: the path of a package as it is, a source relative to `root`.
std::string shown_subject(const std::string& subject, const std::filesystem::path& root);

/// An event with what lies inside of it. The same for all who read lanes: what overlaps without lying inside, which no
/// recorder makes on purpose, is cut to the event around it.
struct Node {
  Event event;
  std::vector<Node> inside;
};
std::vector<Node> nest(const std::vector<Event>& events);

}  // namespace dyad::trace
