#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "host/base/text.hpp"
#include "host/compare/comparison_text.hpp"

namespace dyad::compare {
namespace {

constexpr int kWidth = 920, kLeft = 230, kRight = 170, kBar = 11, kGroup = 34, kHead = 56, kFoot = 20;
// Told apart by people who do not see all colours (Okabe and Ito).
constexpr std::array<const char*, 2> kColours{"#0072b2", "#e69f00"};

std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

/// The next of 1, 2, 5, 10, 20... that is no less.
double round_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (double step : {1.0, 2.0, 5.0})
    if (value <= step * power) return step * power;
  return 10 * power;
}

/// Groups of two bars below each other, on one linear axis of milliseconds.
class Panel {
 public:
  Panel(std::string title, std::vector<const Row*> rows, int top)
      : title_(std::move(title)), rows_(std::move(rows)), top_(top) {
    double most = 0.001;
    for (const Row* row : rows_) most = std::max({most, row->ms[0].most, row->ms[1].most});
    most_ = round_up(most);
  }

  int height() const { return kHead + kGroup * static_cast<int>(rows_.size()) + kFoot; }

  std::string draw() const {
    std::string svg = fmt::format(R"(<text class="title" x="12" y="{}">{}</text>)", top_ + 22, escape(title_)) + "\n";
    for (int tick = 0; tick <= 4; ++tick) {
      const double ms = most_ * tick / 4;
      svg += fmt::format(
                 R"(<path d="M{0:.1f} {1}V{2}" stroke="#ddd"/><text class="tick" x="{0:.1f}" y="{3}">{4:g}</text>)",
                 x_of(ms), top_ + kHead - 6, top_ + height() - kFoot, top_ + kHead - 10, ms) +
             "\n";
    }
    int y = top_ + kHead;
    for (const Row* row : rows_) {
      svg += fmt::format(R"(<text class="name" x="{}" y="{}">{}</text>)", kLeft - 10, y + kBar + 4,
                         escape(printable(row->name))) +
             "\n";
      for (std::size_t i = 0; i < 2; ++i) svg += bar(row->ms[i], y + static_cast<int>(i) * kBar, kColours[i]);
      svg += fmt::format(R"(<text x="{}" y="{}">{:.2f} ({:.2f}..{:.2f})</text>)", kWidth - kRight + 14, y + kBar + 4,
                         row->ratio.median, row->ratio.least, row->ratio.most) +
             "\n";
      y += kGroup;
    }
    return svg;
  }

 private:
  double x_of(double ms) const { return kLeft + (kWidth - kLeft - kRight) * ms / most_; }

  std::string bar(const Spread& spread, int y, const char* colour) const {
    return fmt::format(
        "<rect x=\"{0}\" y=\"{1}\" width=\"{2:.1f}\" height=\"{3}\" fill=\"{4}\"/>"
        "<path d=\"M{5:.1f} {6}H{7:.1f}\" stroke=\"#222\" stroke-width=\"1.5\"/>\n",
        kLeft, y, std::max(0.5, x_of(spread.median) - kLeft), kBar - 1, colour, x_of(spread.least), y + kBar / 2,
        x_of(spread.most));
  }

  std::string title_;
  std::vector<const Row*> rows_;
  int top_;
  double most_;
};

}  // namespace

std::string draw_chart(const Comparison& comparison, std::size_t packages) {
  const auto& [a, b] = comparison.backends;
  std::vector<const Row*> phases, slowest;
  for (const Row& row : comparison.phases) phases.push_back(&row);
  phases.push_back(&comparison.sum);
  phases.push_back(&comparison.wall);
  for (std::size_t place : slowest_packages(comparison, packages)) slowest.push_back(&comparison.packages[place]);

  constexpr int kLegend = 40;
  Panel first("Phases, milliseconds; less is better", phases, kLegend);
  Panel second(
      slowest.size() < comparison.packages.size() ? fmt::format("The {} slowest packages", slowest.size()) : "Packages",
      slowest, kLegend + first.height());
  const int height = kLegend + first.height() + second.height();
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
      "<style>text{{font:12px sans-serif;fill:#222}}.title{{font-size:16px;font-weight:bold}}"
      ".tick{{fill:#666;text-anchor:middle}}.name{{text-anchor:end}}</style>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      kWidth, height);
  int x = 12;
  for (std::size_t i = 0; i < 2; ++i) {
    svg += fmt::format(
        "<rect x=\"{}\" y=\"14\" width=\"12\" height=\"12\" fill=\"{}\"/><text x=\"{}\" y=\"24\">{}</text>\n", x,
        kColours[i], x + 18, escape(printable(comparison.backends[i])));
    x += 150;
  }
  svg += fmt::format(
      "<text x=\"{}\" y=\"24\">median and range of {} turns; wall: {} at once, the rest: one by one</text>\n", x,
      comparison.runs, comparison.parallel);
  svg += fmt::format("<text x=\"{}\" y=\"24\">{} / {}</text>\n", kWidth - kRight + 14, escape(printable(a)),
                     escape(printable(b)));
  return svg + first.draw() + second.draw() + "</svg>\n";
}

}  // namespace dyad::compare
