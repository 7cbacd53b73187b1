#include "host/base/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace dyad {
namespace {

using std::chrono::nanoseconds;

// Longer names first where one begins with another.
constexpr std::array<std::pair<std::string_view, double>, 8> kUnits{
    {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  auto bad = [&] { return fail(fmt::format("not a duration: \"{}\" (write 10m, 1m30s, 500ms, 0)", text)); };
  if (text == "0") return nanoseconds::zero();
  if (text.empty()) return bad();
  double total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    double number = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || rest.front() < '.' || rest.front() > '9') return bad();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::pair<std::string_view, double>* unit = nullptr;
    for (const auto& candidate : kUnits)
      if (!unit && rest.starts_with(candidate.first)) unit = &candidate;
    if (!unit) return bad();
    rest.remove_prefix(unit->first.size());
    total += number * unit->second;
  }
  if (!(total < static_cast<double>(std::numeric_limits<nanoseconds::rep>::max()))) return bad();
  return nanoseconds(static_cast<nanoseconds::rep>(total + 0.5));
}

std::string format_duration(nanoseconds duration) {
  auto n = duration.count();
  if (n == 0) return "0s";
  if (n < 0) return "-" + format_duration(-duration);
  auto decimal = [](double value) { return fmt::format("{}", value); };
  if (n < 1'000) return fmt::format("{}ns", n);
  if (n < 1'000'000) return decimal(static_cast<double>(n) / 1e3) + "µs";
  if (n < 1'000'000'000) return decimal(static_cast<double>(n) / 1e6) + "ms";
  constexpr nanoseconds::rep kMinute = 60'000'000'000, kHour = 60 * kMinute;
  std::string text;
  if (n >= kHour) text += fmt::format("{}h", n / kHour);
  if (n >= kMinute) text += fmt::format("{}m", n % kHour / kMinute);
  return text + decimal(static_cast<double>(n % kMinute) / 1e9) + "s";
}

}  // namespace dyad
