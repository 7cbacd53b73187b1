/// A comparison for people: as a table, as JSON for scripts, as a chart (SVG).
#pragma once

#include <string>

#include "host/compare/comparison.hpp"

namespace dyad::compare {

/// The phases, the packages that take longest (at most `packages`), the verdicts, the advice; 80 columns for short
/// names.
std::string format_table(const Comparison& comparison, std::size_t packages = 10);

/// Everything: docs/dyad.1 names the fields.
std::string format_json(const Comparison& comparison);

/// Phases, and the packages that take longest (at most `packages`): a bar for the median, a line from the least to the
/// most.
std::string draw_chart(const Comparison& comparison, std::size_t packages = 30);

/// Places in Comparison::packages of those that take longest on the slower of the backends, longest first.
std::vector<std::size_t> slowest_packages(const Comparison& comparison, std::size_t most);

}  // namespace dyad::compare
