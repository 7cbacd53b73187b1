#include "host/cli/values.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

#include "host/base/duration.hpp"
#include "host/base/spelling.hpp"
#include "host/base/text.hpp"

namespace dyad::cli {
namespace {

std::unexpected<Error> bad_value(const std::string& flag, const std::string& text, const std::string& why) {
  return fail(fmt::format("bad value \"{}\" for {}: {}", printable(text), flag, why));
}

}  // namespace

Result<unsigned> read_number(const std::string& flag, const std::string& text, unsigned most, unsigned least) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return bad_value(flag, text, fmt::format("must be a number from {} to {}", least, most));
  return number;
}

Result<std::chrono::milliseconds> read_time_limit(const std::string& flag, const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration) return bad_value(flag, text, "must be a duration such as 10m, 1m30s or 500ms, or 0 for no limit");
  return std::chrono::ceil<std::chrono::milliseconds>(*duration);
}

Result<std::uint64_t> read_size(const std::string& flag, const std::string& text) {
  auto bad = [&] { return bad_value(flag, text, "must be a size such as 500M or 2G, or 0 for no limit"); };
  std::uint64_t size = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc()) return bad();
  static constexpr std::string_view kUnits = "KMGT";
  if (unit.empty()) return size;
  const std::size_t power = kUnits.find(unit.front());
  if (unit.size() != 1 || power == kUnits.npos) return bad();
  const unsigned shift = 10 * static_cast<unsigned>(power + 1);
  if (size > (UINT64_MAX >> shift)) return bad();
  return size << shift;
}

Result<Stress> read_stress(const std::string& flag, const std::string& text) {
  constexpr std::chrono::hours kLongest(24 * 49);  // milliseconds in 32 bits
  Stress stress;
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    std::from_chars(text.data(), text.data() + text.size(), stress.repetitions);
    if (stress.repetitions > 0) return stress;
  } else if (auto duration = parse_duration(text); duration && duration->count() > 0 && *duration <= kLongest) {
    stress.time = std::chrono::ceil<std::chrono::milliseconds>(*duration);
    return stress;
  }
  return bad_value(flag, text, "must be a number from 1 to 4294967295, or a duration such as 30s, at most 49 days");
}

Result<std::optional<Shuffle>> read_shuffle(const std::string& flag, const std::string& text) {
  if (text.empty() || text == "off") return std::nullopt;
  Shuffle shuffle;
  if (text == "on") return shuffle;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shuffle.seed.emplace());
  if (error != std::errc() || end != text.data() + text.size())
    return bad_value(flag, text, "must be on, off, or a seed: a number from 0 to 4294967295");
  return shuffle;
}

Result<Debug> read_debug(const std::string& flag, const std::vector<std::string>& texts) {
  static constexpr std::array<std::string_view, 3> kNames{"explain", "stats", "time"};
  Debug debug;
  for (const std::string& text : texts) {
    for (std::size_t begin = 0; begin <= text.size();) {
      std::size_t comma = std::min(text.find(',', begin), text.size());
      std::string name = text.substr(begin, comma - begin);
      if (name == "stats") {
        debug.stats = true;
      } else if (name == "time") {
        debug.time = true;
      } else if (name == "explain") {
        debug.explain = true;
      } else {
        return bad_value(flag, name, "must be explain, stats or time" + did_you_mean(name, kNames));
      }
      begin = comma + 1;
    }
  }
  return debug;
}

}  // namespace dyad::cli
