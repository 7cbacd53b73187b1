#include "host/compare/comparison_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "host/base/text.hpp"

namespace dyad::compare {
namespace {

/// "12.34 (11.90..15.20)"
std::string show(const Spread& spread) {
  const int digits = spread.most < 10 ? 3 : spread.most < 1000 ? 2 : 0;
  return fmt::format("{0:.{3}f} ({1:.{3}f}..{2:.{3}f})", spread.median, spread.least, spread.most, digits);
}

std::string show_ratio(const Spread& spread) {
  if (spread.most == 0) return "-";
  return fmt::format("{:.2f} ({:.2f}..{:.2f})", spread.median, spread.least, spread.most);
}

std::string line(const std::string& name, const std::string& a, const std::string& b, const std::string& ratio) {
  std::string text = fmt::format("{:<14}{:>23}{:>23}{:>19}", name, a, b, ratio);
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

std::string line(const Row& row) {
  return line(printable(row.name), show(row.ms[0]), show(row.ms[1]), show_ratio(row.ratio));
}

nlohmann::ordered_json json_of(const Spread& spread) {
  return {{"median", spread.median}, {"least", spread.least}, {"most", spread.most}};
}

nlohmann::ordered_json json_of(const Row& row, const Comparison& comparison) {
  nlohmann::ordered_json json{{"name", row.name}};
  for (std::size_t i = 0; i < 2; ++i) json["ms"].push_back({{"backend", comparison.backends[i]}});
  for (std::size_t i = 0; i < 2; ++i) json["ms"][i].update(json_of(row.ms[i]));
  json["ratio"] = json_of(row.ratio);
  return json;
}

}  // namespace

std::vector<std::size_t> slowest_packages(const Comparison& comparison, std::size_t most) {
  std::vector<std::size_t> places(comparison.packages.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, std::greater<>{}, [&](std::size_t place) {
    const Row& row = comparison.packages[place];
    return std::max(row.ms[0].median, row.ms[1].median);
  });
  places.resize(std::min(places.size(), most));
  return places;
}

std::string format_table(const Comparison& comparison, std::size_t packages) {
  const auto& [a, b] = comparison.backends;
  auto count = [](std::size_t number, const char* noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
  };
  std::string text =
      fmt::format("{} against {}: {}, {}, {} of each in turn\nmilliseconds: median (least..most); wall: {} at a time, "
                  "the rest: one by one\n\n",
                  a, b, count(comparison.packages.size(), "package"), count(comparison.tests, "test"),
                  count(comparison.runs, "run"), count(comparison.parallel, "package"));
  text += line("phase", a, b, a + "/" + b);
  for (const Row& row : comparison.phases) text += line(row);
  text += line(comparison.sum) + line(comparison.wall);
  auto shown = slowest_packages(comparison, packages);
  text += "\n";
  text += line(shown.size() < comparison.packages.size() ? "slowest" : "package", a, b, a + "/" + b);
  for (std::size_t place : shown) text += line(comparison.packages[place]);
  text += "\n";
  if (comparison.differences.empty()) text += fmt::format("verdicts: the same on both, in every run\n");
  for (const std::string& difference : comparison.differences) text += "DIFFERS: " + difference + "\n";
  return text + comparison.advice() + "\n";
}

std::string format_json(const Comparison& comparison) {
  nlohmann::ordered_json json{{"backends", comparison.backends},
                              {"runs", comparison.runs},
                              {"parallel", comparison.parallel},
                              {"tests", comparison.tests},
                              {"phases", nlohmann::ordered_json::array()}};
  for (const Row& row : comparison.phases) json["phases"].push_back(json_of(row, comparison));
  json["sum"] = json_of(comparison.sum, comparison);
  json["wall"] = json_of(comparison.wall, comparison);
  json["packages"] = nlohmann::ordered_json::array();
  for (const Row& row : comparison.packages) json["packages"].push_back(json_of(row, comparison));
  json["differences"] = comparison.differences;
  json["advice"] = comparison.advice();
  // Names need not be UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace dyad::compare
