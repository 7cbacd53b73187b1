#include "host/results/difference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dyad::results {

using run::OutputPiece;
using run::PackageResult;
using run::Subtest;
using run::TestResult;

namespace {

bool same_output(const std::vector<OutputPiece>& a, const std::vector<OutputPiece>& b) {
  return std::ranges::equal(a, b, [](const OutputPiece& x, const OutputPiece& y) {
    return x.kind == y.kind && x.text == y.text && x.file == y.file && x.line == y.line && x.subtest == y.subtest;
  });
}

bool same_subtests(const std::vector<Subtest>& a, const std::vector<Subtest>& b) {
  return std::ranges::equal(a, b, [](const Subtest& x, const Subtest& y) {
    return x.name == y.name && x.verdict == y.verdict && x.begin == y.begin;
  });
}

std::string difference(const TestResult& cached, const TestResult& now) {
  if (cached.name != now.name) return fmt::format("{} stands where {} stood", now.name, cached.name);
  if (cached.verdict != now.verdict)
    return fmt::format("{} is {} and was {}", now.name, run::verdict_name(now.verdict),
                       run::verdict_name(cached.verdict));
  if (cached.reason != now.reason || cached.file != now.file || cached.line != now.line)
    return fmt::format("the place or the reason of {} differs", now.name);
  if (!same_subtests(cached.subtests, now.subtests)) return fmt::format("the subtests of {} differ", now.name);
  if (!same_output(cached.output, now.output)) return fmt::format("the output of {} differs", now.name);
  return {};
}

}  // namespace

std::string difference(const PackageResult& cached, const PackageResult& now) {
  if (cached.kind != now.kind) return "it did not run as it did";
  for (std::size_t i = 0; i < std::min(cached.tests.size(), now.tests.size()); ++i)
    if (auto found = difference(cached.tests[i], now.tests[i]); !found.empty()) return found;
  if (cached.tests.size() != now.tests.size())
    return fmt::format("there are {} tests and were {}", now.tests.size(), cached.tests.size());
  if (!same_output(cached.outside, now.outside)) return "the output outside the tests differs";
  return {};
}

}  // namespace dyad::results
