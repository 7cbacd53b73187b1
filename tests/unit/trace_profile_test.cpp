#include <gtest/gtest.h>

#include <numeric>

#include "host/trace/profile.hpp"

namespace dyad::trace {
namespace {

using Events = std::vector<Event>;

Lane thread(unsigned number, Events events) { return {Lane::Kind::kThread, number, {}, std::move(events)}; }

Profile profile_of(const std::vector<Lane>& lanes, std::int64_t end = 100) {
  return compute_profile(lanes, 0, end, "/root");
}

double wall(const Profile& profile, Phase phase) { return profile.phases[static_cast<std::size_t>(phase)].wall_ns; }
double total(const Profile& profile, Phase phase) { return profile.phases[static_cast<std::size_t>(phase)].total_ns; }
std::uint64_t count(const Profile& profile, Phase phase) {
  return profile.phases[static_cast<std::size_t>(phase)].count;
}

double sum(const Profile& profile) {
  return std::accumulate(profile.phases.begin(), profile.phases.end(), profile.other_ns,
                         [](double sum, const PhaseTime& time) { return sum + time.wall_ns; });
}

TEST(ProfileTest, TheInnermostSpanCounts) {
  auto profile = profile_of({thread(0, {{Phase::kLink, 20, 50, "a", {}}, {Phase::kPlan, 0, 100, "a", {}}})});
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kPlan), 70);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kLink), 30);
  EXPECT_DOUBLE_EQ(profile.other_ns, 0);
  EXPECT_DOUBLE_EQ(profile.at_once, 1);
}

TEST(ProfileTest, AnInstantIsDividedAmongWhatGoesOn) {
  auto profile = profile_of({thread(0, {{Phase::kParse, 0, 60, {}, {}}}),
                             thread(1, {{Phase::kParse, 0, 60, {}, {}}}),
                             {Lane::Kind::kProcess, 0, {}, {{Phase::kRun, 30, 90, "a", {}}}}});
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kParse), 30 + 20);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kRun), 10 + 30);
  EXPECT_DOUBLE_EQ(total(profile, Phase::kParse), 120);
  EXPECT_DOUBLE_EQ(total(profile, Phase::kRun), 60);
  EXPECT_DOUBLE_EQ(profile.other_ns, 10);
  EXPECT_DOUBLE_EQ(sum(profile), 100);
  EXPECT_DOUBLE_EQ(profile.at_once, 1.8);
}

TEST(ProfileTest, WaitingCountsOnlyIfNothingElseGoesOn) {
  auto profile = profile_of({thread(0, {{Phase::kWait, 10, 80, {}, {}}, {Phase::kPlan, 0, 100, {}, {}}}),
                             thread(1, {{Phase::kParse, 20, 50, {}, {}}})});
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kParse), 30);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kWait), 40);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kPlan), 30);
  EXPECT_DOUBLE_EQ(sum(profile), 100);
}

TEST(ProfileTest, WhatIsNotBusyBelongsToThePhaseAround) {
  auto profile =
      profile_of({thread(0, {{Phase::kInstantiate, 40, 80, {}, {}, 0.25}, {Phase::kParse, 0, 100, {}, {}}})});
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kInstantiate), 10);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kParse), 90);
  EXPECT_DOUBLE_EQ(total(profile, Phase::kInstantiate), 10);
  EXPECT_DOUBLE_EQ(total(profile, Phase::kParse), 90);
}

TEST(ProfileTest, OnlyTheRunIsDivided) {
  auto profile = profile_of({thread(0, {{Phase::kLink, -50, 20, {}, {}}, {Phase::kKeep, 90, 500, {}, {}}})});
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kLink), 20);
  EXPECT_DOUBLE_EQ(wall(profile, Phase::kKeep), 10);
  EXPECT_DOUBLE_EQ(sum(profile), 100);
}

TEST(ProfileTest, PackagesAreSortedByWhatTheyTook) {
  auto profile = profile_of({
      thread(0, {{Phase::kParse, 0, 30, {}, {}}, {Phase::kCompile, 0, 40, "/root/a/x_test.cc", {}}}),
      thread(1, {{Phase::kCompile, 0, 10, "/root/b/y.cc", {}}, {Phase::kLink, 10, 90, "b", {}}}),
      thread(2, {{Phase::kCompile, 0, 5, "/root/z_test.cc", {}}, {Phase::kCompile, 5, 7, "/usr/src/g/g.cc", {}}}),
      {Lane::Kind::kProcess, 0, {}, {{Phase::kRun, 52, 58, {}, "TestX"}, {Phase::kRun, 50, 60, "a", "x_test"}}},
  });
  std::vector<std::string> names;
  for (const auto& package : profile.packages) names.push_back(package.name);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "a", ".", "/usr/src/g"}));
  EXPECT_DOUBLE_EQ(profile.packages[1].compile_ns, 40);
  EXPECT_DOUBLE_EQ(profile.packages[1].run_ns, 10);
  EXPECT_EQ(count(profile, Phase::kRun), 1u);  // the test is part of its process
  EXPECT_EQ(profile.longest.name, "link b");
  EXPECT_EQ(profile.longest.time_ns, 80);
}

TEST(ProfileTest, EventsNestInWhateverOrderTheyEnded) {
  auto nodes = nest({{Phase::kParse, 10, 20, {}, {}},
                     {Phase::kCompile, 10, 20, {}, {}},  // the same time: closed later, so it is around
                     {Phase::kEmit, 30, 45, {}, {}},     // overlaps: cut
                     {Phase::kKeep, 25, 40, {}, {}},
                     {Phase::kLink, 40, 41, {}, {}}});
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].event.phase, Phase::kCompile);
  ASSERT_EQ(nodes[0].inside.size(), 1u);
  EXPECT_EQ(nodes[0].inside[0].event.phase, Phase::kParse);
  EXPECT_EQ(nodes[1].event.phase, Phase::kKeep);
  ASSERT_EQ(nodes[1].inside.size(), 1u);
  EXPECT_EQ(nodes[1].inside[0].event.end_ns, 40);
  EXPECT_EQ(nodes[2].event.phase, Phase::kLink);
}

TEST(ProfileTest, TheTableSaysWhatTheBottleneckIs) {
  auto profile = compute_profile(
      {thread(0, {{Phase::kParse, 0, 1'500'000'000, {}, {}}, {Phase::kCompile, 0, 2'000'000'000, "/root/a/x.cc", {}}})},
      0, 2'500'000'000, "/root");
  EXPECT_EQ(format(profile),
            "profile: 2.500s of wall time; on average 0.80 things went on at once\n"
            "profile: phase             wall   share     total    count\n"
            "profile: compile         0.500s   20.0%    0.500s        1\n"
            "profile: parse           1.500s   60.0%    1.500s        1\n"
            "profile: other           0.500s   20.0%\n"
            "profile: slowest packages, summed over threads and processes:\n"
            "profile:     2.000s  a (compile 2.000s, link 0.000s, run 0.000s)\n"
            "profile: bottleneck: parse, 60% of the wall time; longest: compile a/x.cc, 2.000s\n");
}

}  // namespace
}  // namespace dyad::trace
