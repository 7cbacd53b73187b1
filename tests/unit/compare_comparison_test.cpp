#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/compare/comparison_text.hpp"

namespace dyad::compare {
namespace {

using namespace std::chrono_literals;
using run::PackageResult;
using run::Verdict;

PackageResult package(std::chrono::nanoseconds run, Verdict verdict = Verdict::kPass) {
  PackageResult result;
  result.times = {.start = 1ms, .load = 2ms, .run = run, .capture = 0ms, .stop = 1ms};
  result.tests.push_back({.name = "TestA", .verdict = verdict});
  return result;
}

/// Two packages, `b` the slower; exe takes twice the wall time of dll.
Measurements sample(Verdict on_exe = Verdict::kPass) {
  Measurements measurements({"dll", "exe"}, {"a", "b<&>"}, 1);
  for (int i = 0; i < 3; ++i) {
    const std::vector<PackageResult> dll{package(6ms), package(16ms)};
    const std::vector<PackageResult> exe{package(10ms, i == 1 ? on_exe : Verdict::kPass), package(40ms)};
    measurements.add(0, {dll, 30ms + i * 1ms}, dll);
    measurements.add(1, {exe, 60ms + i * 2ms}, exe);
  }
  return measurements;
}

TEST(CompareSpreadTest, IsTheMedianAndTheEnds) {
  EXPECT_EQ(spread_of({}), (Spread{0, 0, 0}));
  EXPECT_EQ(spread_of({3}), (Spread{3, 3, 3}));
  EXPECT_EQ(spread_of({5, 1, 3}), (Spread{3, 1, 5}));
  EXPECT_EQ(spread_of({4, 1, 2, 9}), (Spread{3, 1, 9}));
}

TEST(CompareSpreadTest, RatiosAreOfPairs) {
  EXPECT_EQ(ratio_of({1, 4, 9}, {2, 4, 3}), (Spread{1, 0.5, 3}));
  EXPECT_EQ(ratio_of({1, 2}, {0, 4}), (Spread{0.5, 0.5, 0.5}));
  EXPECT_EQ(ratio_of({1}, {}), (Spread{0, 0, 0}));
}

TEST(CompareComparisonTest, AddsUpPhasesOverPackages) {
  Comparison comparison = sample().compute();
  EXPECT_EQ(comparison.runs, 3u);
  EXPECT_EQ(comparison.tests, 2u);
  ASSERT_EQ(comparison.phases.size(), 5u);
  EXPECT_EQ(comparison.phases[0].name, "start");
  EXPECT_DOUBLE_EQ(comparison.phases[0].ms[0].median, 2);
  EXPECT_EQ(comparison.phases[2].name, "run");
  EXPECT_DOUBLE_EQ(comparison.phases[2].ms[0].median, 22);
  EXPECT_DOUBLE_EQ(comparison.phases[2].ms[1].median, 50);
  EXPECT_DOUBLE_EQ(comparison.phases[2].ratio.median, 0.44);
  EXPECT_DOUBLE_EQ(comparison.sum.ms[0].median, 30);
  EXPECT_DOUBLE_EQ(comparison.packages[1].ms[1].median, 44);
  EXPECT_DOUBLE_EQ(comparison.wall.ratio.median, 0.5);
  EXPECT_EQ(comparison.differences, std::vector<std::string>{});
  EXPECT_EQ(comparison.advice(), "dll is the better default for these packages: 0.50 (0.50..0.50) of exe's time");
}

TEST(CompareComparisonTest, AdvisesTheOtherBackendOrNone) {
  Comparison comparison = sample().compute();
  comparison.wall.ratio = {2, 1.6, 4};
  EXPECT_EQ(comparison.advice(), "exe is the better default for these packages: 0.50 (0.25..0.62) of dll's time");
  comparison.wall.ratio = {0.9, 0.8, 1.1};
  EXPECT_EQ(comparison.advice(), "neither is faster in every run: dll takes 0.90 (0.80..1.10) of exe's time");
}

TEST(CompareComparisonTest, CountsTheRunsWhoseVerdictsDiffer) {
  Comparison comparison = sample(Verdict::kFail).compute();
  EXPECT_EQ(comparison.differences, std::vector<std::string>{"a TestA: PASS on dll, FAIL on exe (1 of 3 runs)"});
  EXPECT_TRUE(comparison.advice().ends_with("; but their verdicts differ"));
}

TEST(CompareTextTest, TheTableFitsTheTerminalAndNamesTheSlowestFirst) {
  std::string table = format_table(sample(Verdict::kCrash).compute());
  EXPECT_NE(table.find("dll against exe: 2 packages, 2 tests, 3 runs of each in turn\nmilliseconds: median "
                       "(least..most); wall: 1 package at a time, the rest: one by one\n"),
            std::string::npos);
  EXPECT_NE(table.find("run              22.00 (22.00..22.00)   50.00 (50.00..50.00)  0.44 (0.44..0.44)\n"),
            std::string::npos)
      << table;
  EXPECT_LT(table.find("\nb<&> "), table.find("\na "));
  EXPECT_NE(table.find("DIFFERS: a TestA: PASS on dll, CRASH on exe (1 of 3 runs)\n"), std::string::npos);
  std::string one = format_table(sample().compute(), 1);
  EXPECT_EQ(one.find("\na "), std::string::npos);
  EXPECT_NE(one.find("\nslowest"), std::string::npos);
  EXPECT_NE(one.find("verdicts: the same on both, in every run\n"), std::string::npos);
}

TEST(CompareTextTest, JsonHoldsEverything) {
  auto json = nlohmann::json::parse(format_json(sample(Verdict::kFail).compute()));
  EXPECT_EQ(json["backends"], (std::vector<std::string>{"dll", "exe"}));
  EXPECT_EQ(json["phases"].size(), 5u);
  EXPECT_EQ(json["phases"][2]["name"], "run");
  EXPECT_EQ(json["phases"][2]["ms"][1]["backend"], "exe");
  EXPECT_EQ(json["phases"][2]["ms"][1]["median"], 50.0);
  EXPECT_EQ(json["packages"][1]["name"], "b<&>");
  EXPECT_EQ(json["wall"]["ratio"]["most"], 0.5);
  EXPECT_EQ(json["differences"].size(), 1u);
}

TEST(CompareTextTest, TheChartIsMarkupWithABarForEachMedian) {
  std::string svg = draw_chart(sample().compute());
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
  EXPECT_NE(svg.find("b&lt;&amp;&gt;"), std::string::npos);
  EXPECT_EQ(svg.find("b<&>"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  std::size_t bars = 0;
  for (std::size_t at = 0; (at = svg.find("fill=\"#0072b2\"", at)) != std::string::npos; ++at) ++bars;
  EXPECT_EQ(bars, 1u + 7 + 2);  // the legend, phases with sum and wall, packages
  // Nothing measured: still a chart.
  EXPECT_EQ(draw_chart(Measurements({"a", "b"}, {}, 1).compute()).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace dyad::compare
