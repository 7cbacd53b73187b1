/// Median and spread of measurements.
#pragma once

#include <vector>

namespace dyad::compare {

struct Spread {
  double median = 0, least = 0, most = 0;
  friend bool operator==(const Spread&, const Spread&) = default;
};

/// All zero without values.
Spread spread_of(std::vector<double> values);

/// Of the quotients a[i] / b[i], which were measured one after the other; pairs whose b is 0 are left out.
Spread ratio_of(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace dyad::compare
