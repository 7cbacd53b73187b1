// sources: host/run/wire_reader.cpp host/run/image_run.cpp host/run/index_ranges.cpp host/run/output_log.cpp
// sources: host/run/process_end.cpp host/run/signal_name_posix.cpp host/run/capture_posix.cpp
// sources: host/run/descriptor_posix.cpp host/run/stack_text.cpp
// The host's side of the event stream: the reader of bytes (host/run/wire_reader.hpp) and the accounting of what they
// say (host/run/image_run.hpp). The bytes come from processes that tests may have broken. Whatever they are, the
// accounts end, and then every test that was announced has one verdict.
//
// The first byte of the input says how the image is run and what the rest is: the event streams of processes, each
// ended by kEndMark and three bytes about the end; or a list of steps, from which well-formed frames are made with
// indices that often fit, so that the states behind a greeting and a list of tests are reached.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "host/run/image_run.hpp"
#include "host/run/stack_text.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/unit/run_frames.hpp"

namespace dyad::run {

// Instead of symbolizer_posix.cpp, which would start a process: what is asked comes back.
Symbolizer::~Symbolizer() = default;
void Symbolizer::expect(const std::string& object, std::uint64_t offset) { find(object, offset); }
const std::vector<SourcePlace>& Symbolizer::find(const std::string& object, std::uint64_t offset) {
  static std::vector<SourcePlace> places;
  places.clear();
  if (!object.empty()) places.push_back({object, object, static_cast<std::uint32_t>(offset)});
  return places;
}

namespace {

using fuzz::check;

constexpr std::string_view kEndMark =
    "\xfe"
    "END";

class Bytes : public fuzz::Input {
 public:
  using Input::Input;
  unsigned u8() { return byte(); }
  unsigned below(unsigned limit) { return u8() % limit; }
  /// Zeros at the input's end.
  std::string take(std::size_t size) {
    std::string bytes(Input::take(size));
    bytes.resize(size);
    return bytes;
  }
  std::string_view take_to(std::string_view mark) {
    const std::size_t at = rest_.find(mark);
    std::string_view bytes = rest_.substr(0, at);
    rest_.remove_prefix(at == rest_.npos ? rest_.size() : at + mark.size());
    return bytes;
  }
};

/// An image, its processes one after the other, and what must hold for its accounts.
class Image {
 public:
  explicit Image(unsigned flags)
      : options_{.list_only = (flags & 1) != 0,
                 .failfast = (flags & 2) != 0,
                 .one_at_a_time = (flags & 4) != 0,
                 .directory = "/ws/calc",
                 .repeated = (flags & 8) != 0 ? std::optional<std::uint64_t>(3) : std::nullopt,
                 .left_out = (flags & 16) != 0 ? "7" : ""},
        piece_((flags & 32) != 0   ? 1
               : (flags & 64) != 0 ? 7
                                   : 4096),
        run_(options_) {
    begin();
  }

  bool over() const { return run_.next() == ImageRun::Next::kOver; }
  bool damaged() const { return !damage_.empty(); }

  void print(std::string_view text) {
    printed_ += text.size();
    check(::write(capture_->fd(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  void feed(std::string_view bytes) {
    for (; !bytes.empty() && !damaged(); bytes.remove_prefix(std::min(piece_, bytes.size()))) {
      reader_.feed(bytes.substr(0, piece_));
      for (;;) {
        Result<std::optional<Event>> event = reader_.next();
        if (event && !*event) break;
        Result<void> applied = event ? run_.apply(**event, now_) : fail(event.error());
        if (event && std::holds_alternative<Started>(**event) && applied) check(run_.running().has_value());
        if (applied) continue;
        damage_ = applied.error().text;
        check(damaged());
        break;
      }
    }
    now_ += std::chrono::milliseconds(1);
  }

  void end(ProcessEnd end) {
    if (damaged()) {
      end.cause = ProcessEnd::Cause::kDamage;
      end.text = damage_;
    }
    run_.end_process(end, now_);
    check(run_.next() != ImageRun::Next::kStart && !run_.running() && !run_.crashed_at());
    // At most one restart for each test that was announced; so there is an end.
    if (run_.next() == ImageRun::Next::kRestart) {
      check(++restarts_ <= kMostTests);
      begin();
    }
  }

  /// To the end of the accounts, with processes that do nothing; then what must hold.
  void conclude() {
    for (int processes = 0; !over(); ++processes) {
      check(processes <= 1);  // the second has begun no test
      end({.kind = DYAD_END_SIGNALED, .code = 11});
    }
    const std::string done = run_.done_ranges();
    const std::vector<ImageRun::Suspect> suspects = run_.suspects();
    const bool failed = run_.failed();
    ImageRun::Outcome outcome = run_.take();
    check(outcome.announced == outcome.tests.size());
    check(restarts_ <= outcome.tests.size());
    check(outcome.load_failure.empty() || outcome.tests.empty());
    check(done.empty() == (outcome.tests.empty() && options_.left_out.empty()));
    std::set<std::uint32_t> indices;
    std::size_t shown = 0;
    bool any_failed = outcome.failed_outside || !outcome.load_failure.empty();
    for (const TestResult& test : outcome.tests) {
      check(indices.empty() || *indices.rbegin() < test.index);
      indices.insert(test.index);
      check(test.verdict <= Verdict::kNotRun && test.time.count() >= 0);
      if (test.verdict == Verdict::kNotRun && !options_.list_only) check(!test.reason.empty());
      any_failed = any_failed || is_failure(test.verdict);
      shown += printed(test.output);
      std::set<std::string_view> names;
      for (const Subtest& subtest : test.subtests) {
        check(names.insert(subtest.name).second && subtest.verdict <= Verdict::kNotRun);
        check(subtest.time.count() >= 0 && subtest.begin <= test.output.size());
      }
    }
    check(failed == any_failed);
    // Nothing that was printed is shown twice.
    check(shown + printed(outcome.outside) <= printed_);
    for (const auto& one : suspects) check(indices.contains(one.index));
    Symbolizer symbolizer("");
    for (const auto& [place, stacks] : outcome.stacks) {
      check(place < outcome.tests.size());
      for (const Stack& stack : stacks.threads) expect_stack_text(stack, symbolizer);
      stack_text(stacks, "/ws/calc", symbolizer);
    }
    stack_text(outcome.outside_stacks, "/ws/calc", symbolizer);
  }

 private:
  static std::size_t printed(const std::vector<OutputPiece>& pieces) {
    std::size_t size = 0;
    for (const OutputPiece& piece : pieces)
      if (piece.kind == OutputPiece::Kind::kPrinted) size += piece.text.size();
    return size;
  }

  void begin() {
    Result<Capture> made = Capture::create();
    check(made.has_value());
    capture_.emplace(std::move(*made));
    reader_ = {};
    damage_.clear();
    run_.begin_process(*capture_);
  }

  ImageRun::Options options_;
  std::size_t piece_;
  ImageRun run_;
  WireReader reader_;
  std::optional<Capture> capture_;
  std::string damage_;
  std::size_t printed_ = 0, restarts_ = 0;
  ImageRun::Clock::time_point now_{};
};

ProcessEnd read_end(Bytes& in) {
  using Cause = ProcessEnd::Cause;
  constexpr Cause causes[] = {Cause::kItself,        Cause::kItself, Cause::kItself,      Cause::kTimeLimit,
                              Cause::kTestTimeLimit, Cause::kDamage, Cause::kInterrupted, Cause::kNotStarted};
  constexpr dyad_end_kind kinds[] = {DYAD_END_EXITED, DYAD_END_SIGNALED, DYAD_END_LOST};
  ProcessEnd end;
  const unsigned how = in.u8(), before = in.u8();
  end.cause = causes[how % 8];
  end.kind = kinds[how / 8 % 3];
  end.code = static_cast<int>(in.u8());
  if (end.cause != Cause::kItself || before % 2 == 1) end.text = "why";
  end.runs_before = before / 2 % 2;
  if (end.runs_before > 0) end.ran_before = "other";
  return end;
}

void run_streams(Image& image, Bytes in) {
  while (!in.empty() && !image.over()) {
    image.feed(in.take_to(kEndMark));
    image.end(read_end(in));
  }
}

void run_steps(Image& image, Bytes in) {
  using namespace frames;
  const std::string names[] = {"A", "A/b", "Suite.Case", "A/b/c"};
  auto index = [&] { return static_cast<std::uint32_t>(in.below(6)); };
  auto output = [&] {
    const unsigned value = in.u8();
    return value == 255 ? ~std::uint64_t{0} : value;
  };
  auto time = [&] { return in.u8() < 250 ? std::uint64_t{1000} : ~std::uint64_t{0}; };
  auto name = [&] { return names[in.below(4)]; };
  while (!in.empty() && !image.over()) {
    switch (in.below(19)) {
      case 0:
        image.feed(hello(in.u8() < 250 ? DYAD_WIRE_VERSION : 9));
        break;
      case 1:
        image.feed(found(index(), name(), 1 + in.below(3)));
        break;
      case 2:
        image.feed(listed(index()));
        break;
      case 3: {  // as images begin
        std::string list = hello();
        const std::uint32_t count = index();
        for (std::uint32_t i = 0; i < count; ++i) list += found(i, names[i % 4], 1 + i % 3);
        image.feed(list + listed(count));
        break;
      }
      case 4:
        image.feed(started(index(), output()));
        break;
      case 5: {
        const auto test = index();
        image.feed(finished(test, 1 + in.below(3), output(), time()));
        break;
      }
      case 6: {
        const auto test = index();
        image.feed(message(test, "said", 1 + in.below(4), output(), name()));
        break;
      }
      case 7: {
        const auto test = index();
        image.feed(sub_started(test, name(), output()));
        break;
      }
      case 8: {
        const auto test = index();
        image.feed(sub_finished(test, name(), 1 + in.below(3), output(), time()));
        break;
      }
      case 9:
        image.feed(outside("outside", 1 + in.below(4), output()));
        break;
      case 10:
        image.feed(done(in.below(2), output()));
        break;
      case 11:
        image.feed(frame(DYAD_FRAME_CRASHED, u32(in.u8()) + u8(in.below(2)) + u64(time())));
        break;
      case 12: {
        const unsigned more = in.below(2), dropped = in.u8(), before = in.u8();
        image.feed(
            frame(DYAD_FRAME_STACK, u32(7) + u8(more) + u32(dropped) + u32(before) + str(in.take(in.below(64)))));
        break;
      }
      case 13: {
        const auto test = index();
        image.feed(frame(DYAD_FRAME_LIMIT, u32(test) + u64(time())));
        break;
      }
      case 14: {
        const auto test = index();
        image.feed(frame(DYAD_FRAME_NOTE, u32(test) + str(name())));
        break;
      }
      case 15:
        image.print(in.take(in.below(32)));
        break;
      case 16:
        image.end(read_end(in));
        break;
      case 17:
        image.feed(frame(DYAD_FRAME_REPORT, str(name())));
        break;
      default:
        image.feed(in.take(in.below(16)));
        break;
    }
  }
}

}  // namespace
}  // namespace dyad::run

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  dyad::run::Image image(data[0] & 0x7f);
  const dyad::run::Bytes rest(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
  if ((data[0] & 0x80) == 0)
    dyad::run::run_streams(image, rest);
  else
    dyad::run::run_steps(image, rest);
  image.conclude();
  return 0;
}
