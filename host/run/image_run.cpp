#include "host/run/image_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "host/run/index_ranges.hpp"

namespace dyad::run {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kMostStacks = 256;  // of one process
constexpr std::size_t kMostNotes = 16;    // of one test

/// Times come from the test process and may be anything.
nanoseconds sum(nanoseconds a, std::uint64_t b) {
  constexpr auto kMost = std::numeric_limits<nanoseconds::rep>::max();
  auto room = static_cast<std::uint64_t>(kMost - a.count());
  return b >= room ? nanoseconds(kMost) : a + nanoseconds(static_cast<nanoseconds::rep>(b));
}

nanoseconds sum(nanoseconds a, ImageRun::Clock::duration b) {
  return sum(a, static_cast<std::uint64_t>(std::max(b, ImageRun::Clock::duration::zero()).count()));
}

Verdict verdict_of(dyad_verdict verdict) {
  switch (verdict) {
    case DYAD_PASS:
      return Verdict::kPass;
    case DYAD_FAIL:
      return Verdict::kFail;
    case DYAD_SKIP:
      return Verdict::kSkip;
  }
  std::unreachable();  // the reader has checked the value
}

OutputPiece::Kind kind_of(dyad_severity severity) {
  switch (severity) {
    case DYAD_LOG:
      return OutputPiece::Kind::kLog;
    case DYAD_ERROR:
      return OutputPiece::Kind::kError;
    case DYAD_FATAL:
      return OutputPiece::Kind::kFatal;
    case DYAD_SKIPPED:
      return OutputPiece::Kind::kSkipReason;
  }
  std::unreachable();
}

}  // namespace

Verdict worse(Verdict a, Verdict b) {
  constexpr std::array order{Verdict::kSkip, Verdict::kPass,    Verdict::kNotRun,
                             Verdict::kFail, Verdict::kTimeout, Verdict::kCrash};
  return std::ranges::find(order, a) < std::ranges::find(order, b) ? b : a;
}

void ImageRun::begin_process(const Capture& capture) {
  ++process_;
  capture_ = &capture;
  phase_ = Phase::kHello;
  found_ = 0;
  last_found_.reset();
  began_new_ = false;
  begun_ = 0;
  failures_.clear();
  failed_outside_before_ = failed_outside_;
  outside_log_ = {};
  stacks_ = {};
  crashed_at_.reset();
  report_.clear();
  stacks_complete_ = false;
  no_stacks_.clear();
  pid_ = 0;
  log_ = {};
}

Result<void> ImageRun::apply(const Event& event, Clock::time_point now) {
  return std::visit([&](const auto& what) { return on(what, now); }, event);
}

Result<void> ImageRun::on(const Hello& hello, Clock::time_point) {
  if (phase_ != Phase::kHello) return fail("a second greeting");
  if (hello.version != DYAD_WIRE_VERSION)
    return fail(fmt::format("event stream version {}, this dyad reads {}", hello.version, DYAD_WIRE_VERSION));
  phase_ = Phase::kListing;
  pid_ = static_cast<int>(hello.pid);
  return {};
}

Result<void> ImageRun::on(const Found& found, Clock::time_point) {
  if (phase_ != Phase::kListing) return fail(fmt::format("test {} announced outside the list", found.index));
  if (last_found_ && found.index <= *last_found_)
    return fail(fmt::format("test {} announced after test {}", found.index, *last_found_));
  last_found_ = found.index;
  ++found_;

  auto known = position_.find(found.index);
  if (known != position_.end()) {
    Test& test = tests_[known->second];
    if (test.result.name != found.name)
      return fail(
          fmt::format("test {} is named {} after a restart, it was {}", found.index, found.name, test.result.name));
    test.listed_by = process_;
    return {};
  }
  if (listed_once_) return fail(fmt::format("test {} ({}) is announced only after a restart", found.index, found.name));
  if (tests_.size() >= kMostTests) return fail(fmt::format("more than {} tests", kMostTests));
  position_.emplace(found.index, tests_.size());
  tests_.push_back({.index = found.index,
                    .kind = found.kind,
                    .result = {.name = found.name, .index = found.index, .file = shown(found.file), .line = found.line},
                    .listed_by = process_});
  return {};
}

Result<void> ImageRun::on(const Listed& listed, Clock::time_point) {
  if (phase_ != Phase::kListing) return fail("an end of the list outside the list");
  if (listed.count != found_) return fail(fmt::format("{} tests announced, the list counts {}", found_, listed.count));
  phase_ = Phase::kRunning;
  if (!listed_once_) announced_ = listed.count;
  listed_once_ = true;
  return {};
}

Result<ImageRun::Test*> ImageRun::find(std::uint32_t index, const char* frame) {
  if (phase_ != Phase::kRunning) return fail(fmt::format("{} of test {} outside the run", frame, index));
  auto known = position_.find(index);
  if (known == position_.end() || tests_[known->second].listed_by != process_)
    return fail(fmt::format("{} of test {}, which was not announced", frame, index));
  return &tests_[known->second];
}

Result<ImageRun::Test*> ImageRun::find_running(std::uint32_t index, const char* frame) {
  Result<Test*> test = find(index, frame);
  if (test && *test != running_) return fail(fmt::format("{} of test {}, which does not run", frame, index));
  return test;
}

Result<void> ImageRun::on(const Started& started, Clock::time_point now) {
  Result<Test*> test = find(started.index, "start");
  if (!test) return fail(test.error());
  if (running_) return fail(fmt::format("start of test {} while test {} runs", started.index, running_->index));
  running_ = *test;
  ++begun_;
  began_ = now;
  own_limit_.reset();
  stacks_ = {};
  began_new_ = began_new_ || !running_->decided;
  if (!running_->decided) running_->result.turn = turn_++;
  repetitions_ = std::max(repetitions_, ++running_->begun);
  if (options_.repeated && !is_failure(running_->result.verdict)) {
    running_->result.output.clear();
    running_->result.subtests.clear();
    running_->result.time = {};
  }
  outside_log_.print_to(started.output, "");
  log_.skip_to(outside_log_.position());
  for (std::size_t place = 0; place < running_->result.subtests.size(); ++place)
    subtest_places_.emplace(running_->result.subtests[place].name, place);
  return {};
}

Result<void> ImageRun::on(const Finished& finished, Clock::time_point now) {
  Result<Test*> test = find(finished.index, "end");
  if (!test) return fail(test.error());
  Verdict verdict = verdict_of(finished.verdict);
  if (!running_) {
    // Its framework decided not to run it, or failed before it could.
    if (verdict == Verdict::kPass) return fail(fmt::format("test {} passed without having begun", finished.index));
  } else if (*test != running_) {
    return fail(fmt::format("end of test {} while test {} runs", finished.index, running_->index));
  } else {
    close_running(finished.output, verdict, now);
  }
  (*test)->result.time = sum((*test)->result.time, finished.nanoseconds);
  decide(**test, verdict, "");
  return {};
}

Result<void> ImageRun::on(const Message& said, Clock::time_point) {
  Result<Test*> test = find(said.index, "message");
  if (!test) return fail(test.error());
  OutputPiece piece = message(said.severity, said.file, said.line, said.text);
  piece.subtest = said.subtest;
  if (*test != running_) {  // why it was not run, or from a thread that outlived it
    add_late(**test, std::move(piece));
    return {};
  }
  log_.print_to(said.output, open_subtest());
  log_.say(std::move(piece));
  return {};
}

void ImageRun::add_late(Test& test, OutputPiece piece) {
  if (test.said_late > kKeptMessages) return;
  test.said_late += piece.text.size() + piece.file.size() + piece.subtest.size();
  if (test.said_late > kKeptMessages) piece = {.kind = OutputPiece::Kind::kLog, .text = "... later messages cut ..."};
  test.result.output.push_back(std::move(piece));
}

Result<void> ImageRun::on(const SubStarted& started, Clock::time_point now) {
  Result<Test*> test = find_running(started.index, "start of a subtest");
  if (!test) return fail(test.error());
  log_.print_to(started.output, open_subtest());
  std::vector<Subtest>& subtests = running_->result.subtests;
  auto [known, is_new] = subtest_places_.emplace(started.subtest, subtests.size());
  if (is_new) {
    subtests.push_back({started.subtest, Verdict::kNotRun, {}, running_->result.output.size() + log_.size()});
  } else if (std::ranges::find(open_subtests_, known->second, &OpenSubtest::place) != open_subtests_.end()) {
    return fail(fmt::format("subtest {} of test {} begins inside itself", started.subtest, started.index));
  }
  open_subtests_.push_back({known->second, now, !is_new});
  return {};
}

Result<void> ImageRun::on(const SubFinished& finished, Clock::time_point) {
  Result<Test*> test = find_running(finished.index, "end of a subtest");
  if (!test) return fail(test.error());
  if (open_subtests_.empty() || open_subtest() != finished.subtest)
    return fail(fmt::format("subtest {} of test {} ends, which does not run", finished.subtest, finished.index));
  log_.print_to(finished.output, open_subtest());
  auto [place, began, again] = open_subtests_.back();
  open_subtests_.pop_back();
  Subtest& subtest = running_->result.subtests[place];
  Verdict verdict = verdict_of(finished.verdict);
  subtest.verdict = again ? worse(subtest.verdict, verdict) : verdict;
  subtest.time = sum(subtest.time, finished.nanoseconds);
  return {};
}

Result<void> ImageRun::on(const Outside& outside, Clock::time_point) {
  if (phase_ == Phase::kHello || phase_ == Phase::kDone) return fail("a message outside the run");
  if (!running_) outside_log_.print_to(outside.output, "");
  outside_log_.say(message(outside.severity, outside.file, outside.line, outside.text));
  if (outside.severity == DYAD_ERROR || outside.severity == DYAD_FATAL) failed_outside_ = true;
  return {};
}

Result<void> ImageRun::on(const AllDone& done, Clock::time_point) {
  if (phase_ != Phase::kRunning) return fail("an end outside the run");
  if (running_) return fail(fmt::format("the end while test {} runs", running_->index));
  phase_ = Phase::kDone;
  says_failed_ = says_failed_ || done.failed;
  return {};
}

Result<void> ImageRun::on(const Crashed& crashed, Clock::time_point now) {
  if (phase_ == Phase::kHello) return fail("a crash before the greeting");
  stacks_ = {.crash = crashed, .threads = {}};
  crashed_at_ = now;
  return {};
}

Result<void> ImageRun::on(const Stack& stack, Clock::time_point) {
  if (phase_ == Phase::kHello) return fail("a stack before the greeting");
  if (stacks_.threads.size() >= kMostStacks) return fail(fmt::format("more than {} stacks", kMostStacks));
  stacks_.threads.push_back(stack);
  stacks_complete_ = !stack.more;
  return {};
}

Result<void> ImageRun::on(const Limit& limit, Clock::time_point) {
  Result<Test*> test = find_running(limit.index, "time limit");
  if (!test) return fail(test.error());
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<nanoseconds::rep>::max()) / 2;
  own_limit_ = nanoseconds(static_cast<nanoseconds::rep>(std::min(limit.nanoseconds, kMost)));
  return {};
}

Result<void> ImageRun::on(const Note& note, Clock::time_point) {
  Result<Test*> test = find(note.index, "note");
  if (!test) return fail(test.error());
  if ((*test)->notes.size() < kMostNotes) (*test)->notes.push_back(note.text);
  return {};
}

Result<void> ImageRun::on(const Report& report, Clock::time_point) {
  if (phase_ == Phase::kHello) return fail("a report before the greeting");
  report_ = report.text.substr(0, report.text.find('\n'));
  return {};
}

std::optional<ImageRun::Running> ImageRun::running() const {
  if (!running_) return std::nullopt;
  return Running{running_->result.name, began_, own_limit_};
}

void ImageRun::end_process(const ProcessEnd& end, Clock::time_point now) {
  Judgement judgement = judge(end, state());
  std::uint64_t printed = capture_ ? capture_->size() : 0;
  if (running_) {
    Test& test = *running_;
    test.result.time = sum(test.result.time, now - began_);
    if (*judgement.test == Verdict::kCrash || *judgement.test == Verdict::kTimeout) test.stacks = std::move(stacks_);
    close_running(printed, *judgement.test, now);
    if (*judgement.test == Verdict::kTimeout && test.stacks.empty())
      test.result.output.push_back(
          message(DYAD_LOG, "", 0, "no stacks: " + (no_stacks_.empty() ? "it did not answer SIGQUIT" : no_stacks_)));
    decide(test, *judgement.test, judgement.test_reason);
  }
  if (capture_) {
    outside_log_.print_to(printed, "");
    if (!judgement.outside.empty()) outside_log_.say(message(DYAD_ERROR, "", 0, judgement.outside));
    take_output(outside_log_, outside_);
  }
  if (!judgement.outside.empty()) failed_outside_ = true;
  if (!stacks_.empty() && outside_stacks_.empty() && (!judgement.outside.empty() || !judgement.load_failure.empty()))
    outside_stacks_ = std::move(stacks_);
  stacks_ = {};
  crashed_at_.reset();
  if (end.runs_before > 0) {
    for (std::size_t place : failures_) tests_[place].suspect = end.ran_before;
    if ((failed_outside_ && !failed_outside_before_) || !judgement.load_failure.empty())
      failed_outside_in_shared_process_ = true;
  }
  capture_ = nullptr;
  phase_ = Phase::kHello;

  if (judgement.restart) {
    next_ = Next::kRestart;
    return;
  }
  load_failure_ = judgement.load_failure;
  interrupted_ = end.cause == ProcessEnd::Cause::kInterrupted && !listed_once_;
  if (!listed_once_) {  // a list that broke off does not count as one
    tests_.clear();
    position_.clear();
  }
  if (says_failed_ && !any_failed_ && !failed_outside_) {
    failed_outside_ = true;
    outside_.push_back(message(DYAD_ERROR, "", 0, "the image reports a failure outside its tests"));
  }
  decide_rest(judgement.rest_reason);
}

void ImageRun::abandon(const std::string& reason) { decide_rest(reason); }

void ImageRun::decide_rest(const std::string& reason) {
  next_ = Next::kOver;
  for (Test& test : tests_)
    if (!test.decided) decide(test, Verdict::kNotRun, reason);
}

std::string ImageRun::done_ranges() const {
  std::vector<std::uint32_t> decided;
  for (const Test& test : tests_)
    if (test.decided) decided.push_back(test.index);
  std::string ranges = index_ranges(decided);
  if (!ranges.empty() && !options_.left_out.empty()) ranges += ',';
  return ranges + options_.left_out;
}

std::vector<ImageRun::Suspect> ImageRun::suspects() const {
  std::vector<Suspect> suspects;
  for (const Test& test : tests_)
    if (test.suspect || (test.failed_after_others && test.result.verdict == Verdict::kCrash))
      suspects.push_back({test.index, test.result.verdict, test.suspect.has_value(), test.suspect.value_or("")});
  return suspects;
}

std::optional<Verdict> ImageRun::verdict(std::uint32_t index) const {
  auto known = position_.find(index);
  if (known == position_.end()) return std::nullopt;
  return tests_[known->second].result.verdict;
}

void ImageRun::add_reason(std::uint32_t index, const std::string& text) {
  auto known = position_.find(index);
  if (known == position_.end()) return;
  std::string& reason = tests_[known->second].result.reason;
  reason += (reason.empty() ? "" : "; ") + text;
}

ImageRun::Outcome ImageRun::take() {
  Outcome outcome{.announced = announced_,
                  .outside = std::move(outside_),
                  .failed_outside = failed_outside_,
                  .load_failure = load_failure_,
                  .interrupted = interrupted_,
                  .outside_stacks = std::move(outside_stacks_)};
  outcome.tests.reserve(tests_.size());
  for (Test& test : tests_) {
    if (!test.stacks.empty()) outcome.stacks.emplace(outcome.tests.size(), std::move(test.stacks));
    for (const std::string& note : test.notes) test.result.reason += (test.result.reason.empty() ? "" : "; ") + note;
    outcome.tests.push_back(std::move(test.result));
  }
  return outcome;
}

void ImageRun::decide(Test& test, Verdict verdict, const std::string& reason) {
  Verdict merged = test.decided ? worse(test.result.verdict, verdict) : verdict;
  if (!test.decided || merged != test.result.verdict) {
    test.result.reason = reason;
    if (options_.repeated && is_failure(verdict))
      test.result.reason += fmt::format("{}repetition {}", reason.empty() ? "" : "; ", *options_.repeated + test.begun);
  }
  test.result.verdict = merged;
  test.decided = true;
  if (is_failure(verdict)) {
    any_failed_ = true;
    failures_.push_back(static_cast<std::size_t>(&test - tests_.data()));
    test.failed_after_others = begun_ > 1;
  }
}

void ImageRun::close_running(std::uint64_t offset, Verdict verdict, Clock::time_point now) {
  log_.print_to(offset, open_subtest());
  outside_log_.skip_to(log_.position());
  for (const OpenSubtest& open : open_subtests_) {
    Subtest& subtest = running_->result.subtests[open.place];
    subtest.verdict = open.again ? worse(subtest.verdict, verdict) : verdict;
    subtest.time = sum(subtest.time, now - open.began);
  }
  open_subtests_.clear();
  subtest_places_.clear();
  if (capture_) take_output(log_, running_->result.output);
  running_ = nullptr;
}

void ImageRun::take_output(OutputLog& log, std::vector<OutputPiece>& to) {
  const auto begin = Clock::now();
  std::ranges::move(log.take(*capture_), std::back_inserter(to));
  capture_time_ += Clock::now() - begin;
}

const std::string& ImageRun::open_subtest() const {
  static const std::string kNone;
  return open_subtests_.empty() ? kNone : running_->result.subtests[open_subtests_.back().place].name;
}

OutputPiece ImageRun::message(dyad_severity severity, const std::string& file, std::uint32_t line,
                              const std::string& text) const {
  return {.kind = kind_of(severity), .text = text, .file = shown(file), .line = line};
}

std::string ImageRun::shown(const std::string& file) const {
  std::string prefix = options_.directory.string() + "/";
  return file.starts_with(prefix) ? file.substr(prefix.size()) : file;
}

ProcessState ImageRun::state() const {
  ProcessState state{.restarted = listed_once_,
                     .began_new = began_new_,
                     .any_failed = any_failed_ || says_failed_,
                     .failfast = options_.failfast,
                     .one_at_a_time = options_.one_at_a_time,
                     .report = report_};
  using enum ProcessState::Phase;
  state.phase = running_                    ? kInTest
                : phase_ == Phase::kDone    ? kDone
                : phase_ == Phase::kRunning ? kBetweenTests
                                            : kLoading;
  if (running_) state.test_kind = running_->kind;
  if (!options_.list_only)
    state.tests_left = std::ranges::any_of(tests_, [&](const Test& t) { return !t.decided && &t != running_; });
  return state;
}

}  // namespace dyad::run
