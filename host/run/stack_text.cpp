#include "host/run/stack_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/run/process_end.hpp"

namespace dyad::run {
namespace {

/// The longest cycle of calls that is seen as a recursion.
constexpr std::size_t kLongestCycle = 4;
/// Frames of a stack that are shown, from the innermost.
constexpr std::size_t kMostLines = 64;
/// Frames that are looked up ahead: what calls the test is not shown, and most crash in the test or not far from it.
constexpr int kFramesAhead = 4;

struct Frame {
  std::uint64_t offset;
  std::string object;  ///< may be empty
};

/// Takes a line from the front of `rest`. Nothing if it is not a frame.
std::optional<Frame> take_frame(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  Frame frame{};
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), frame.offset, 16);
  if (error != std::errc()) return std::nullopt;
  frame.object = line.substr(std::min<std::size_t>(static_cast<std::size_t>(end - line.data()) + 1, line.size()));
  return frame;
}

/// Whether this function and what called it are ours, not the test's.
bool is_runner(std::string_view function) {
  for (std::string_view ours : {"dyad::runtime::", "dyad_dispatch", "dyad_run",
                                "dyad::dll::", "void testing::internal::Handle", "testing::internal::Handle"})
    if (function.starts_with(ours)) return true;
  return function == "start_thread" || function == "(anonymous namespace)::run_thread(void*)";
}

/// Whether this is how the library gets from a thread or a function object to the code in it.
bool is_passage(std::string_view function) {
  for (std::string_view part : {"std::__invoke", "std::thread::_"})
    if (std::size_t at = function.substr(0, function.find('(')).find(part);
        at == 0 || (at != function.npos && function[at - 1] == ' '))
      return true;
  return false;
}

class Lines {
 public:
  Lines(const std::filesystem::path& directory, Symbolizer& symbolizer)
      : prefix_(directory.native() + "/"), symbolizer_(symbolizer) {}

  /// The lines of a stack, innermost first.
  std::vector<std::string> of(const Stack& stack) {
    lines_.clear();
    std::string_view rest = stack.frames;
    for (std::uint32_t count = 0; !rest.empty(); ++count) {
      if (stack.dropped > 0 && count == stack.before) lines_.push_back(fmt::format("... {} frames ...", stack.dropped));
      if (const auto frame = take_frame(rest); frame && !add(*frame)) break;
    }
    return std::move(lines_);
  }

 private:
  /// False if nothing of interest follows.
  bool add(const Frame& frame) {
    const auto& [offset, object] = frame;
    const auto& places = symbolizer_.find(object, offset);
    if (places.empty()) {
      lines_.push_back(object.empty() ? fmt::format("0x{:x}", offset)
                                      : fmt::format("{}+0x{:x}", object.substr(object.rfind('/') + 1), offset));
      return true;
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      const SourcePlace& place = places[i];
      if (is_runner(place.function)) return false;
      if (is_passage(place.function)) continue;
      std::string shown = place.file.starts_with(prefix_) ? place.file.substr(prefix_.size()) : place.file;
      lines_.push_back(
          place.function +
          (shown.empty() ? " in " + object.substr(object.rfind('/') + 1) : fmt::format(" {}:{}", shown, place.line)) +
          (i + 1 < places.size() ? " (inlined)" : ""));
    }
    return true;
  }

  std::string prefix_;
  Symbolizer& symbolizer_;
  std::vector<std::string> lines_;
};

/// Repeated runs of up to kLongestCycle lines become one and a line that counts.
std::vector<std::string> collapse(const std::vector<std::string>& lines) {
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < lines.size();) {
    std::size_t best_length = 0, best_times = 0;
    for (std::size_t length = 1; length <= kLongestCycle && at + 2 * length <= lines.size(); ++length) {
      std::size_t times = 1;
      while (at + (times + 1) * length <= lines.size() &&
             std::equal(lines.begin() + static_cast<std::ptrdiff_t>(at),
                        lines.begin() + static_cast<std::ptrdiff_t>(at + length),
                        lines.begin() + static_cast<std::ptrdiff_t>(at + times * length)))
        ++times;
      if (times > 2 && times * length > best_times * best_length) best_length = length, best_times = times;
    }
    if (best_times == 0) {
      kept.push_back(lines[at++]);
      continue;
    }
    for (std::size_t i = 0; i < best_length; ++i) kept.push_back(lines[at + i]);
    kept.push_back(fmt::format("... {} more times ...", best_times - 1));
    at += best_length * best_times;
  }
  return kept;
}

}  // namespace

void expect_stack_text(const Stack& stack, Symbolizer& symbolizer) {
  std::string_view rest = stack.frames;
  for (int i = 0; i < kFramesAhead && !rest.empty(); ++i)
    if (const auto frame = take_frame(rest)) symbolizer.expect(frame->object, frame->offset);
}

std::string stack_text(const Stacks& stacks, const std::filesystem::path& directory, Symbolizer& symbolizer) {
  std::string text;
  if (stacks.crash) {
    text = signal_name(static_cast<int>(stacks.crash->signal));
    if (stacks.crash->by_fault) text += fmt::format(" at address 0x{:x}", stacks.crash->address);
    text += '\n';
  }
  Lines lines(directory, symbolizer);
  for (const Stack& stack : stacks.threads) {
    if (!stacks.crash || stacks.threads.size() > 1) text += fmt::format("thread {}\n", stack.thread);
    std::vector<std::string> shown = collapse(lines.of(stack));
    for (std::size_t i = 0; i < std::min(shown.size(), kMostLines); ++i) text += fmt::format("    {}\n", shown[i]);
    if (shown.size() > kMostLines) text += fmt::format("    ... {} more frames ...\n", shown.size() - kMostLines);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace dyad::run
