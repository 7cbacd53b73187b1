#include "host/run/package_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>
#include <variant>

#include "host/base/duration.hpp"
#include "host/base/file.hpp"
#include "host/run/query_signal.hpp"

namespace dyad::run {
namespace {

using Cause = ProcessEnd::Cause;

/// Read from one channel before the others get their turn.
constexpr std::size_t kTurn = 1 << 20;
/// How long events may wait for the next look, if the last one has found so few.
constexpr auto kBurst = std::chrono::milliseconds(2);
constexpr std::size_t kCalm = 32 << 10;
/// A process that is to end has so long to tell its stacks, and so long after SIGTERM.
constexpr auto kStacksTime = std::chrono::seconds(1), kGrace = std::chrono::seconds(1);
/// One that has crashed has so long to end.
constexpr auto kCrashTime = std::chrono::seconds(10);
constexpr std::size_t kMostCrashesTried = 8;
/// How long to wait for room for a process: at first and at most, and until it is given up although nothing else runs.
constexpr auto kFirstPause = std::chrono::milliseconds(10), kLongestPause = std::chrono::milliseconds(1000);
constexpr auto kMostWaiting = std::chrono::seconds(10);
/// What a channel can hold is less. Limits how long a child that a test left behind can keep the host reading.
constexpr std::size_t kMostAfterEnd = 4 << 20;

}  // namespace

PackageRun::PackageRun(PackageJob job, const RunOptions& options, Backend& backend, RunDirectory& directory,
                       RunStatistics& statistics, Symbolizer& symbolizer)
    : job_(std::move(job)),
      options_(options),
      backend_(backend),
      directory_(directory),
      statistics_(statistics),
      symbolizer_(symbolizer),
      result_(std::move(job_.partial)),
      inputs_(job_.tolerance) {
  result_.kind = PackageResult::Kind::kRan;
}

std::optional<PackageRun::Clock::time_point> PackageRun::deadline() const {
  if (retry_at_) return retry_at_;
  if (ending_) return ending_->next;
  std::optional<Clock::time_point> first;
  auto take = [&](std::optional<Clock::time_point> time) {
    if (time && (!first || *time < *first)) first = time;
  };
  if (!timed_out_) take(deadline_);
  if (stop_) return first;
  take(test_deadline());
  take(slow_at_);
  if (auto crashed = image_run_->crashed_at()) take(*crashed + kCrashTime);
  return first;
}

std::chrono::nanoseconds PackageRun::test_limit() const {
  auto running = image_run_->running();
  if (running && running->limit) return *running->limit;
  if (options_.test_time_limit) return *options_.test_time_limit;
  return job_.test_time_limit.value_or(kDefaultTestTimeLimit);
}

std::optional<PackageRun::Clock::time_point> PackageRun::test_deadline() const {
  auto running = image_run_->running();
  const auto limit = test_limit();
  if (!running || limit.count() == 0) return std::nullopt;
  return running->began + std::chrono::ceil<Clock::duration>(limit);
}

void PackageRun::look_for_slow_test(Clock::time_point now) {
  auto running = image_run_ ? image_run_->running() : std::nullopt;
  if (!running || options_.slow_after.count() == 0) return slow_at_.reset();
  if (!slow_at_ || slow_began_ != running->began) {
    slow_began_ = running->began;
    slow_at_ = running->began + options_.slow_after;
  }
  if (now < *slow_at_) return;
  if (options_.on_slow) options_.on_slow(this->running(now));
  *slow_at_ = now + options_.slow_after;
}

RunningTest PackageRun::running(Clock::time_point now) const {
  auto test = image_run_ ? image_run_->running() : std::nullopt;
  if (test) return {result_.id.path, test->name, now - test->began};
  return {result_.id.path, "", now - process_began_};
}

PackageRun::Clock::duration PackageRun::burst() const {
  return options_.measure_phases ? Clock::duration::zero() : Clock::duration(kBurst);
}

void PackageRun::stop() {
  if (process_) process_->signal(SIGSTOP);
}

void PackageRun::go_on(Clock::duration pause) {
  if (shortage_) shortage_->since += pause;
  if (!process_) return;
  process_->signal(SIGCONT);
  process_began_ += pause;
  if (deadline_) *deadline_ += pause;
  if (slow_at_) *slow_at_ += pause;
  slow_began_ += pause;
  if (ending_ && ending_->next) *ending_->next += pause;
  image_run_->postpone(pause);
}

void PackageRun::advance(Clock::time_point now) {
  while (!process_ && !retry_at_) {
    // A process that was already being killed for another reason when the time was up asks for a restart.
    if (image_run_ && image_run_->next() == ImageRun::Next::kRestart && (interrupted_ || timed_out_))
      image_run_->abandon(stop_reason());
    if (image_run_ && image_run_->next() == ImageRun::Next::kOver && !try_again()) collect(now);
    if (!image_run_ && !next_image(now)) return conclude();
    start_process(now);
  }
}

bool PackageRun::next_image(Clock::time_point now) {
  if (timed_out_ || interrupted_ || (options_.failfast && any_failed_)) return false;
  unsigned rounds = options_.list_only ? 1 : std::max(1u, options_.count);
  for (; round_ < rounds; ++round_, image_ = 0, names_.clear()) {
    while (image_ < job_.images.size() && broken_.contains(image_)) ++image_;
    if (image_ == job_.images.size()) continue;
    tries_.emplace(Tries::Options{options_.list_only ? 0 : options_.retries, options_.flaky_fails});
    if (options_.stress) repetitions_.emplace(*options_.stress, now);
    begin_image();
    return true;
  }
  return false;
}

void PackageRun::begin_image(std::optional<std::string> left_out) {
  further_try_ = left_out.has_value();
  left_out_ = std::move(left_out).value_or("");
  image_run_.emplace(image_options());
}

ImageRun::Options PackageRun::image_options() const {
  ImageRun::Options options{.list_only = options_.list_only,
                            .failfast = options_.failfast,
                            .one_at_a_time = options_.isolation == Isolation::kTest,
                            .directory = job_.directory};
  if (repetitions_) options.repeated = repetitions_->done();
  options.left_out = job_.images[image_].left_out;
  if (!options.left_out.empty() && !left_out_.empty()) options.left_out += ',';
  options.left_out += left_out_;
  return options;
}

void PackageRun::start_process(Clock::time_point now) {
  if (!deadline_ && options_.time_limit.count() > 0) deadline_ = now + options_.time_limit;
  if (auto* recorder = trace::Recorder::current()) trace_.emplace(*recorder, result_.id.path, job_.images[image_].name);
  clock_.emplace(Clock::now());
  auto artifact = static_cast<dyad_artifact>(backend_.functions().artifact);
  Result<void> ready;
  if (image_run_->next() == ImageRun::Next::kStart && stage_ == Stage::kFirst && !shortage_) {
    const ImageJob& image = job_.images[image_];
    Result<StagedImage> staged = directory_.stage(image.image, image.name, artifact);
    if (staged)
      staged_ = *staged;
    else
      ready = fail(staged.error());
  }
  auto process = ready ? make_process() : std::unexpected(StartFailure{ready.error().text});
  if (!process) return postpone_or_give_up(std::move(process.error()), now);
  if (retry_at_ && deadline_) *deadline_ += now - shortage_->postponed_at;
  retry_at_.reset();
  process_.emplace(std::move(*process));
  clock_->started(Clock::now());
  process_began_ = now;
  quiet_until_ = now + burst();
  reader_ = {};
  stop_.reset();
  ending_.reset();
  slow_at_.reset();
  image_run_->begin_process(process_->capture());
}

void PackageRun::postpone_or_give_up(StartFailure failure, Clock::time_point now) {
  trace_.reset();
  const bool hopeless = shortage_ && shortage_->alone && now - shortage_->since >= kMostWaiting;
  if (failure.may_pass && !hopeless && !interrupted_) {
    if (!shortage_) shortage_ = {.why = {}, .since = now, .postponed_at = now, .pause = kFirstPause};
    if (retry_at_ && deadline_) *deadline_ += now - shortage_->postponed_at;
    shortage_->why = std::move(failure.text);
    shortage_->postponed_at = now;
    retry_at_ = now + shortage_->pause;
    shortage_->pause = std::min<Clock::duration>(shortage_->pause * 2, kLongestPause);
    return;
  }
  shortage_.reset();
  retry_at_.reset();
  if (options_.log_inputs) inputs_.set_uncacheable("a process did not start");
  result_.backend_lost = backend_.is_lost();
  image_run_->end_process({.cause = Cause::kNotStarted, .text = std::move(failure.text)}, now);
}

void PackageRun::try_start(bool alone, Clock::time_point now) {
  if (!retry_at_) return;
  // The time of waiting for others does not count.
  if (alone && !shortage_->alone) shortage_->since = now;
  shortage_->alone = alone;
  start_process(now);
  if (over()) advance(now);
}

std::expected<Process, StartFailure> PackageRun::make_process() {
  std::optional<InputLog> log;
  if (options_.log_inputs) {
    // The test that makes its directory looks into the one above, which is the run's own, too.
    Result<InputLog> made = InputLog::create({staged_.directory, staged_.temporary.parent_path()});
    if (made)
      log = std::move(*made);
    else
      inputs_.set_uncacheable(made.error().text);
  }
  return Process::start(backend_, staged_.image, job_.directory, arguments(Clock::now()), std::move(log),
                        {sharing(), options_.core, options_.memory});
}

dyad_sharing PackageRun::sharing() const {
  // What is repeated or tried again shall not depend on others.
  if (stage_ != Stage::kFirst || repetitions_ || further_try_) return DYAD_OWN_PROCESS;
  switch (options_.isolation) {
    case Isolation::kNone:
      return DYAD_ANY_PROCESS;
    case Isolation::kAuto:
      return DYAD_SHARED_PROCESS;
    case Isolation::kPackage:
    case Isolation::kTest:
      return DYAD_OWN_PROCESS;
  }
  std::unreachable();
}

std::vector<std::string> PackageRun::arguments(Clock::time_point now) const {
  std::vector<std::string> arguments{options_.list_only ? "--list" : "--run-all"};
  if (!options_.run_pattern.empty()) arguments.push_back("--run=" + options_.run_pattern);
  if (!options_.skip_pattern.empty()) arguments.push_back("--skip=" + options_.skip_pattern);
  if (options_.failfast) arguments.push_back("--failfast");
  if (options_.isolation == Isolation::kTest) arguments.push_back("--most=1");
  if (stage_ == Stage::kAlone) arguments.push_back("--only=" + only_);
  if (options_.shuffle) arguments.push_back(fmt::format("--shuffle={}", *options_.shuffle));
  // After a crash only what has no verdict runs, once.
  if (repetitions_ && image_run_->next() == ImageRun::Next::kStart)
    std::ranges::move(repetitions_->arguments(now), std::back_inserter(arguments));
  if (std::string done = image_run_->done_ranges(); !done.empty()) arguments.push_back("--done=" + done);
  arguments.push_back("--temp-dir=" + staged_.temporary.string());
  arguments.push_back(fmt::format("--events-fd={}", DYAD_CHILD_EVENT_FD));
  return arguments;
}

int PackageRun::event_fd(Clock::time_point now) const {
  return !process_ || stop_ == Cause::kDamage || now < quiet_until_ ? -1 : process_->event_fd();
}

std::optional<PackageRun::Clock::time_point> PackageRun::next_burst(Clock::time_point now) const {
  if (!process_ || stop_ == Cause::kDamage || now >= quiet_until_) return std::nullopt;
  return quiet_until_;
}

void PackageRun::on_events(Clock::time_point now) {
  if (!process_) return;
  const std::size_t got = read(kTurn, now);
  // As long as the channel does not fill up.
  if (got < kCalm && !ending_) quiet_until_ = now + burst();
  look_up_stack();
}

void PackageRun::look_up_stack() {
  if (new_stack_ && !over()) expect_stack_text(*new_stack_, symbolizer_);
  new_stack_.reset();
}

std::size_t PackageRun::read(std::size_t limit, Clock::time_point now) {
  const std::size_t got = process_->read_events(reader_, limit);
  while (stop_ != Cause::kDamage) {
    Result<std::optional<Event>> event = reader_.next();
    if (event && !*event) break;
    if (trace_ && event) trace_->on(**event);
    // A test that goes on while it is being ended comes too late.
    if (event && ending_ && !std::holds_alternative<Stack>(**event) && !std::holds_alternative<Message>(**event))
      continue;
    if (event && ProcessClock::concerns(**event)) clock_->on(**event, Clock::now());
    const std::uint64_t repetitions = image_run_->repetitions();
    if (const Stack* stack = event ? std::get_if<Stack>(&**event) : nullptr;
        stack && image_run_->crashed_at() && !new_stack_)
      new_stack_ = *stack;
    Result<void> applied = event ? image_run_->apply(**event, now) : fail(event.error());
    if (repetitions_ && deadline_ && image_run_->repetitions() > repetitions) deadline_ = now + options_.time_limit;
    if (applied) continue;
    // The first reason to kill counts: a stream may well break off because of it.
    if (!stop_) stop_text_ = applied.error().text;
    if (!stop_)
      stop_ = Cause::kDamage;
    else
      break;
    process_->kill();
  }
  if (ending_ && ending_->step == Step::kStacks && image_run_->stacks_complete()) next_step(now);
  look_for_slow_test(now);
  return got;
}

void PackageRun::on_ended(Clock::time_point now) {
  if (stop_ != Cause::kDamage) read(kMostAfterEnd, now);
  ProcessEnd end = process_->finish();
  if (end.kind == DYAD_END_NOT_STARTED) {
    process_.reset();
    image_run_->end_unstarted();
    postpone_or_give_up({end.text, may_pass(end.code) && !stop_}, now);
    return advance(now);
  }
  shortage_.reset();
  ++(end.runs_before > 0 ? statistics_.executors_reused : statistics_.executors_started);
  if (!end.retired.empty()) ++statistics_.retired[end.retired];
  trace_.reset();
  if (!stop_ && end.kind == DYAD_END_EXITED && reader_.inside_frame()) {
    stop_ = Cause::kDamage;
    stop_text_ = "the stream ends inside a frame";
  }
  if (!stop_ && end.kind == DYAD_END_SIGNALED) result_.ended_by_signal = true;
  if (stop_) {
    end.cause = *stop_;
    end.text = stop_text_;
  }
  if (deadline_ && now >= *deadline_) timed_out_ = true;
  image_run_->end_process(end, now);
  result_.times += clock_->end(Clock::now(), image_run_->take_capture_time());
  if (options_.retries == 0 && stage_ == Stage::kFirst && image_run_->suspects().empty())
    any_failed_ = any_failed_ || image_run_->any_failed();
  result_.time += now - process_began_;
  if (const InputLog* log = process_->inputs()) inputs_.add_log(log->read());
  process_.reset();
  advance(now);
  look_up_stack();
}

void PackageRun::on_deadline(Clock::time_point now) {
  if (ending_) return next_step(now);
  if (!timed_out_ && deadline_ && *deadline_ <= now) {
    timed_out_ = true;
    return begin_ending(Cause::kTimeLimit, "time limit of " + format_duration(options_.time_limit), now);
  }
  // It hangs in its own signal handler.
  if (auto crashed = image_run_->crashed_at(); crashed && *crashed + kCrashTime <= now) {
    ending_ = {Step::kKill, std::nullopt};
    return process_->kill();
  }
  if (auto limit = test_deadline(); limit && *limit <= now)
    return begin_ending(Cause::kTestTimeLimit, "time limit of " + format_duration(test_limit()), now);
  look_for_slow_test(now);
}

void PackageRun::begin_ending(Cause cause, std::string text, Clock::time_point now) {
  if (!stop_) {
    stop_ = cause;
    stop_text_ = std::move(text);
  }
  ending_ = {Step::kStacks, now + kStacksTime};
  quiet_until_ = now;
  image_run_->expect_stacks();
  process_->signal(SIGQUIT);
  process_->signal(SIGCONT);  // one that has stopped itself answers, too
  image_run_->explain_missing_stacks(let_query_through(image_run_->pid()));
}

void PackageRun::next_step(Clock::time_point now) {
  switch (ending_->step) {
    case Step::kStacks:
      ending_ = {Step::kTerminate, now + kGrace};
      return process_->signal(SIGTERM);
    case Step::kTerminate:
    case Step::kKill:
      ending_ = {Step::kKill, std::nullopt};
      return process_->kill();
  }
}

void PackageRun::on_interrupt() {
  interrupted_ = true;
  if (!stop_) stop_ = Cause::kInterrupted;
  if (process_) return process_->kill();
  retry_at_.reset();
  image_run_->end_process({.cause = Cause::kInterrupted}, Clock::now());
  advance(Clock::now());
}

void PackageRun::restart_image(Stage stage) {
  stage_ = stage;
  ImageRun::Options options = image_options();
  options.failfast = options.failfast && stage == Stage::kWhole;
  options.one_at_a_time = false;
  image_run_.emplace(std::move(options));
}

bool PackageRun::try_again() {
  const bool stopped = interrupted_ || timed_out_;
  if (stage_ == Stage::kFirst) {
    if (stopped || options_.list_only) return false;
    std::vector<ImageRun::Suspect> suspects = image_run_->suspects();
    // Whether a crash depends on earlier tests is worth a process or two, not hundreds; further tries tell it anyway.
    if (suspects.size() > kMostCrashesTried || repetitions_ || options_.retries > 0)
      std::erase_if(suspects, [](const auto& one) { return !one.shared; });
    const bool outside = image_run_->failed_outside_in_shared_process();
    if (suspects.empty() && !outside) return false;
    only_.clear();
    for (const auto& one : suspects) only_ += fmt::format("{}{}", only_.empty() ? "" : ",", one.index);
    first_run_ = std::move(image_run_);
    restart_image(outside ? Stage::kWhole : Stage::kAlone);
    return true;
  }
  if (!stopped && stage_ == Stage::kAlone) {
    bool leaked = false;
    for (const auto& one : first_run_->suspects()) {
      auto verdict = image_run_->verdict(one.index);
      if (!verdict) continue;
      alone_[one.index] = *verdict;
      leaked = leaked || (one.shared && *verdict == Verdict::kPass);
    }
    // Whether it was another package, or an earlier test of this one, only the whole can tell.
    if (leaked) return restart_image(Stage::kWhole), true;
  }
  if (!stopped && stage_ == Stage::kWhole) {
    for (const auto& one : first_run_->suspects())
      if (one.shared && image_run_->verdict(one.index) == Verdict::kPass)
        image_run_->add_reason(
            one.index, fmt::format("passes alone; {} after {}", one.verdict == Verdict::kFail ? "fails" : "does not",
                                   one.ran_before));
  } else {
    image_run_ = std::move(first_run_);
  }
  for (const auto& [index, verdict] : alone_)
    if (verdict == Verdict::kPass && image_run_->verdict(index) == Verdict::kCrash)
      image_run_->add_reason(index, "crashes alone: no");
  first_run_.reset();
  alone_.clear();
  stage_ = Stage::kFirst;
  return false;
}

ImageRun::Outcome PackageRun::take_outcome() {
  ImageRun::Outcome outcome = image_run_->take();
  auto text = [&](const Stacks& stacks) {
    return OutputPiece{
        .kind = OutputPiece::Kind::kLog, .text = stack_text(stacks, job_.directory, symbolizer_), .file = {}};
  };
  for (const auto& [place, stacks] : outcome.stacks) outcome.tests[place].output.push_back(text(stacks));
  if (!outcome.outside_stacks.empty()) outcome.outside.push_back(text(outcome.outside_stacks));
  outcome.stacks.clear();
  outcome.outside_stacks = {};
  return outcome;
}

void PackageRun::collect(Clock::time_point now) {
  const bool may_go_on = !timed_out_ && !interrupted_;
  const bool cut_short = timed_out_ || options_.failfast;
  bool repeat = false;
  if (repetitions_) {
    repetitions_->add(image_run_->repetitions());
    repeat = may_go_on && !image_run_->failed() && repetitions_->wanted(now);
  }
  if (!repeat) tries_->add(take_outcome());
  image_run_.reset();
  RunDirectory::unstage(staged_);
  if (repeat) return begin_image();
  if (!interrupted_)
    if (auto left_out = tries_->next(cut_short)) {
      if (std::exchange(timed_out_, false)) deadline_.reset();  // a further try has time of its own
      return begin_image(std::move(left_out));
    }
  ImageRun::Outcome outcome = tries_->take();
  const std::string& image = job_.images[image_].name;
  if (repetitions_) result_.notices.push_back((job_.images.size() > 1 ? image + ": " : "") + repetitions_->summary());

  for (TestResult& test : outcome.tests) {
    test.name = unique_name(test.name, image);
    result_.tests.push_back(std::move(test));
  }
  result_.discovered += outcome.announced;
  std::ranges::move(outcome.outside, std::back_inserter(result_.outside));
  result_.failed_outside = result_.failed_outside || outcome.failed_outside;
  any_failed_ = any_failed_ || outcome.failed_outside || !outcome.load_failure.empty() ||
                std::ranges::any_of(outcome.tests, is_failure, &TestResult::verdict);
  if (!outcome.load_failure.empty()) {
    broken_.insert(image_);
    const auto& file = job_.images[image_].image;
    if (!allows_execution(file))
      outcome.load_failure += "; " + file.parent_path().native() + " is mounted noexec: set TMPDIR to another place";
    if (result_.kind == PackageResult::Kind::kRan) {
      result_.kind = PackageResult::Kind::kLoadFailed;
      result_.reason = (job_.images.size() > 1 ? image + ": " : "") + outcome.load_failure;
    } else {
      result_.notices.push_back(fmt::format("{} did not load: {}", image, outcome.load_failure));
    }
  }
  if (!outcome.interrupted) ++image_;
}

std::string PackageRun::unique_name(const std::string& name, const std::string& image) {
  std::string unique = name;
  if (!names_.insert(unique).second) {
    unique = fmt::format("{}@{}", name, image);
    for (unsigned n = 2; !names_.insert(unique).second; ++n) unique = fmt::format("{}@{}#{}", name, image, n);
  }
  return unique;
}

const char* PackageRun::stop_reason() const {
  return interrupted_ ? "interrupted" : timed_out_ ? "time limit of the package" : "--failfast";
}

void PackageRun::conclude() {
  const char* why = stop_reason();
  bool all_rounds = round_ == (options_.list_only ? 1 : std::max(1u, options_.count));
  if (options_.log_inputs && !all_rounds) inputs_.set_uncacheable(why);
  result_.consulted = inputs_.consulted();
  result_.written = inputs_.written();
  result_.uncacheable = inputs_.uncacheable();
  if (interrupted_ && result_.tests.empty() && result_.kind == PackageResult::Kind::kRan) {
    result_.kind = PackageResult::Kind::kNotRun;
    result_.reason = why;
  } else if (!all_rounds) {
    for (; image_ < job_.images.size(); ++image_)
      if (!broken_.contains(image_))
        result_.notices.push_back(fmt::format("{} was not run: {}", job_.images[image_].name, why));
    if (interrupted_) result_.reason = why;
  }
  if (result_.kind == PackageResult::Kind::kRan && result_.discovered != result_.tests.size())
    result_.reason = fmt::format("internal error: {} tests were announced and {} have a verdict", result_.discovered,
                                 result_.tests.size());
}

}  // namespace dyad::run
