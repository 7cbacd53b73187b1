#include "cache/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "host/base/duration.hpp"
#include "host/base/text.hpp"

namespace dyad::cache {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr hours kTrimInterval{24};
constexpr hours kLongestTrustedPause{7 * 24};

/// "14d" as well as Go's durations, which know no days.
Result<seconds> parse_age(std::string_view text) {
  constexpr std::int64_t kMostDays = 36'500;
  auto bad = [] { return fail("must be an age such as 72h or 14d, or 0 for no limit"); };
  if (text.ends_with('d')) {
    std::int64_t days = 0;
    const char* last = text.data() + text.size() - 1;
    auto [end, error] = std::from_chars(text.data(), last, days);
    if (error != std::errc() || end != last || days < 0 || days > kMostDays) return bad();
    return hours(24 * days);
  }
  auto duration = parse_duration(text);
  if (!duration) return bad();
  return std::chrono::ceil<seconds>(*duration);
}

template <class Value>
Result<void> take_variable(const char* name, Result<Value> (*parse)(std::string_view), Value& to) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return {};
  auto value = parse(text);
  if (!value) return fail(fmt::format("bad value \"{}\" of ${}: {}", printable(text), name, value.error().text));
  to = *value;
  return {};
}

std::int64_t in_seconds(TimePoint time) { return std::chrono::floor<seconds>(time).time_since_epoch().count(); }

/// When an entry was last used, as far as its mark can be believed.
TimePoint believed_use(TimePoint mark, const TrimStamp& stamp, TimePoint now) {
  return std::min(std::max(mark, stamp.not_before), now);
}

}  // namespace

Result<TrimLimits> TrimLimits::from_environment() {
  TrimLimits limits;
  if (auto taken = take_variable("DYAD_CACHE_AGE", parse_age, limits.age); !taken) return fail(taken.error());
  if (auto taken = take_variable("DYAD_CACHE_SIZE", parse_size, limits.bytes); !taken) return fail(taken.error());
  return limits;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  auto bad = [] { return fail("must be a size such as 500M or 2G, or 0 for no limit"); };
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return bad();
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return number;
  const std::size_t power = std::string_view("KMGT").find(unit.front());
  if (power == std::string_view::npos) return bad();
  unit.remove_prefix(1);
  if (!unit.empty() && unit != "B" && unit != "iB") return bad();
  const std::uint64_t factor = std::uint64_t{1} << (10 * (power + 1));
  if (number > std::numeric_limits<std::uint64_t>::max() / factor) return bad();
  return number * factor;
}

std::string TrimStamp::text() const {
  return fmt::format("dyad-trim 1 {} {}\n", in_seconds(last), in_seconds(not_before));
}

std::optional<TrimStamp> TrimStamp::parse(std::string_view text) {
  constexpr std::string_view kStart = "dyad-trim 1 ";
  // Whatever a damaged stamp says, the arithmetic below must not overflow.
  constexpr std::int64_t kMost = std::int64_t{1} << 33;  // in the year 2242; nanoseconds reach 2262
  if (!text.starts_with(kStart) || !text.ends_with('\n')) return std::nullopt;
  const char* end = text.data() + text.size() - 1;
  std::int64_t last = 0, not_before = 0;
  auto first = std::from_chars(text.data() + kStart.size(), end, last);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  auto second = std::from_chars(first.ptr + 1, end, not_before);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  if (last < 0 || last > kMost || not_before < 0 || not_before > kMost) return std::nullopt;
  return TrimStamp{TimePoint(seconds(last)), TimePoint(seconds(not_before))};
}

TrimStamp next_stamp(const std::optional<TrimStamp>& before, const TrimLimits& limits, TimePoint now) {
  if (!before) return {now, TimePoint()};
  const bool jumped = now - before->last > std::max<Clock::duration>(kLongestTrustedPause, limits.age);
  return {now, jumped ? now : std::min(before->not_before, now)};
}

bool is_trim_due(const std::optional<TrimStamp>& before, TimePoint now) {
  return !before || now - before->last >= kTrimInterval || before->last - now >= kTrimInterval;
}

std::size_t choose_victims(std::vector<TrimCandidate>& files, const TrimLimits& limits, const TrimStamp& stamp,
                           TimePoint now, TimePoint spare_since) {
  std::uint64_t total = 0;
  for (auto& file : files) {
    file.used = believed_use(file.used, stamp, now);
    total += bytes_on_disk(file.size);
  }
  std::ranges::sort(files, [](const TrimCandidate& a, const TrimCandidate& b) {
    return a.used != b.used ? a.used < b.used : a.name < b.name;
  });
  std::size_t count = 0;
  for (const auto& file : files) {
    const bool too_old = limits.age != seconds::zero() && now - file.used > limits.age;
    const bool too_much = limits.bytes != 0 && total > limits.bytes;
    if (file.used >= spare_since || (!too_old && !too_much)) break;
    total -= bytes_on_disk(file.size);
    ++count;
  }
  return count;
}

}  // namespace dyad::cache
