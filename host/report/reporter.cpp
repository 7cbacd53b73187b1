#include "host/report/reporter.hpp"

#include <fmt/format.h>

#include <utility>

#include "host/report/colour.hpp"
#include "host/report/package_text.hpp"

namespace dyad::report {

void Reporter::add(std::size_t order, run::PackageResult result) {
  early_.insert_or_assign(order, std::move(result));
  for (auto first = early_.begin(); first != early_.end() && first->first <= next_; first = early_.erase(first)) {
    print(first->second);
    ++next_;
  }
}

void Reporter::print(const run::PackageResult& result) {
  summary_.add(result);
  if (!result.no_news) sink_(package_text(result, options_));
}

void Reporter::finish(std::chrono::nanoseconds elapsed) {
  for (const auto& [order, result] : early_) print(result);
  early_.clear();
  std::string text;
  if (!options_.list_only) text += summary_.totals(elapsed) + "\n";
  for (const std::string& flaky : summary_.flaky())
    text += paint(options_.colour, Colour::kYellow, "FLAKY:") + " " + flaky + "\n";
  if (summary_.packages() > 1)
    for (const std::string& failure : summary_.failures())
      text += paint(options_.colour, Colour::kRed, "FAILED:") + " " + failure + "\n";
  for (const std::string& difference : summary_.differences())
    text += paint(options_.colour, Colour::kRed, "DIFFERS:") + " " + difference + "\n";
  if (summary_.any_failed()) text += paint(options_.colour, Colour::kRed, "FAIL") + "\n";
  if (!text.empty()) sink_(text);
}

}  // namespace dyad::report
