#include "host/run/package_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "host/base/duration.hpp"
#include "host/base/file.hpp"

namespace dyad::run {
namespace {

using Cause = ProcessEnd::Cause;

/// Read from one channel before the others get their turn.
constexpr std::size_t kTurn = 1 << 20;
/// What a channel can hold is less. Limits how long a child that a test left behind can keep the host reading.
constexpr std::size_t kMostAfterEnd = 4 << 20;

}  // namespace

PackageRun::PackageRun(PackageJob job, const RunOptions& options, Backend& backend, RunDirectory& directory)
    : job_(std::move(job)),
      options_(options),
      backend_(backend),
      directory_(directory),
      result_(std::move(job_.partial)),
      inputs_(job_.tolerance) {
  result_.kind = PackageResult::Kind::kRan;
}

std::optional<PackageRun::Clock::time_point> PackageRun::deadline() const {
  return timed_out_ ? std::nullopt : deadline_;
}

void PackageRun::advance(Clock::time_point now) {
  while (!process_) {
    // A process that was already being killed for another reason when the time was up asks for a restart.
    if (image_run_ && image_run_->next() == ImageRun::Next::kRestart && (interrupted_ || timed_out_))
      image_run_->abandon(stop_reason());
    if (image_run_ && image_run_->next() == ImageRun::Next::kOver) collect(now);
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

void PackageRun::begin_image(const std::string& left_out) {
  ImageRun::Options options{options_.list_only, options_.failfast, job_.directory};
  if (repetitions_) options.repeated = repetitions_->done();
  options.left_out = job_.images[image_].left_out;
  if (!options.left_out.empty() && !left_out.empty()) options.left_out += ',';
  options.left_out += left_out;
  image_run_.emplace(std::move(options));
}

void PackageRun::start_process(Clock::time_point now) {
  if (!deadline_ && options_.time_limit.count() > 0) deadline_ = now + options_.time_limit;
  if (auto* recorder = trace::Recorder::current()) trace_.emplace(*recorder, result_.id.path, job_.images[image_].name);
  clock_.emplace(Clock::now());
  auto artifact = static_cast<dyad_artifact>(backend_.functions().artifact);
  Result<void> ready;
  if (image_run_->next() == ImageRun::Next::kStart) {
    const ImageJob& image = job_.images[image_];
    Result<StagedImage> staged = directory_.stage(image.image, image.name, artifact);
    if (staged)
      staged_ = *staged;
    else
      ready = fail(staged.error());
  }
  Result<Process> process = ready ? make_process() : Result<Process>(fail(ready.error()));
  if (!process) {
    if (options_.log_inputs) inputs_.set_uncacheable("a process did not start");
    image_run_->end_process({.cause = Cause::kNotStarted, .text = process.error().text}, now);
    trace_.reset();
    return;
  }
  process_.emplace(std::move(*process));
  clock_->started(Clock::now());
  process_began_ = now;
  reader_ = {};
  stop_.reset();
  image_run_->begin_process(process_->capture());
}

Result<Process> PackageRun::make_process() {
  std::optional<InputLog> log;
  if (options_.log_inputs) {
    Result<InputLog> made = InputLog::create(staged_.directory);
    if (made)
      log = std::move(*made);
    else
      inputs_.set_uncacheable(made.error().text);
  }
  return Process::start(backend_, staged_.image, job_.directory, arguments(Clock::now()), std::move(log));
}

std::vector<std::string> PackageRun::arguments(Clock::time_point now) const {
  std::vector<std::string> arguments{options_.list_only ? "--list" : "--run-all"};
  if (!options_.run_pattern.empty()) arguments.push_back("--run=" + options_.run_pattern);
  if (!options_.skip_pattern.empty()) arguments.push_back("--skip=" + options_.skip_pattern);
  if (options_.failfast) arguments.push_back("--failfast");
  if (options_.shuffle) arguments.push_back(fmt::format("--shuffle={}", *options_.shuffle));
  // After a crash only what has no verdict runs, once.
  if (repetitions_ && image_run_->next() == ImageRun::Next::kStart)
    std::ranges::move(repetitions_->arguments(now), std::back_inserter(arguments));
  if (std::string done = image_run_->done_ranges(); !done.empty()) arguments.push_back("--done=" + done);
  arguments.push_back("--temp-dir=" + staged_.temporary.string());
  arguments.push_back(fmt::format("--events-fd={}", DYAD_CHILD_EVENT_FD));
  return arguments;
}

void PackageRun::on_events(Clock::time_point now) { read(kTurn, now); }

void PackageRun::read(std::size_t limit, Clock::time_point now) {
  process_->read_events(reader_, limit);
  while (stop_ != Cause::kDamage) {
    Result<std::optional<Event>> event = reader_.next();
    if (event && !*event) return;
    if (trace_ && event) trace_->on(**event);
    if (event && ProcessClock::concerns(**event)) clock_->on(**event, Clock::now());
    const std::uint64_t repetitions = image_run_->repetitions();
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
}

void PackageRun::on_ended(Clock::time_point now) {
  if (stop_ != Cause::kDamage) read(kMostAfterEnd, now);
  ProcessEnd end = process_->finish();
  trace_.reset();
  if (!stop_ && end.kind == DYAD_END_EXITED && reader_.inside_frame()) {
    stop_ = Cause::kDamage;
    stop_text_ = "the stream ends inside a frame";
  }
  if (stop_) {
    end.cause = *stop_;
    end.text = stop_text_;
  }
  image_run_->end_process(end, now);
  result_.times += clock_->end(Clock::now(), image_run_->take_capture_time());
  if (options_.retries == 0) any_failed_ = any_failed_ || image_run_->any_failed();
  result_.time += now - process_began_;
  if (const InputLog* log = process_->inputs()) inputs_.add_log(log->read());
  process_.reset();
  advance(now);
}

void PackageRun::on_deadline() {
  timed_out_ = true;
  if (!stop_) {
    stop_ = Cause::kTimeLimit;
    stop_text_ = "time limit of " + format_duration(options_.time_limit);
  }
  process_->kill();
}

void PackageRun::on_interrupt() {
  interrupted_ = true;
  if (!stop_) stop_ = Cause::kInterrupted;
  process_->kill();
}

void PackageRun::collect(Clock::time_point now) {
  const bool may_go_on = !timed_out_ && !interrupted_;
  const bool cut_short = timed_out_ || options_.failfast;
  bool repeat = false;
  if (repetitions_) {
    repetitions_->add(image_run_->repetitions());
    repeat = may_go_on && !image_run_->failed() && repetitions_->wanted(now);
  }
  if (!repeat) tries_->add(image_run_->take());
  image_run_.reset();
  RunDirectory::unstage(staged_);
  if (repeat) return begin_image();
  if (!interrupted_)
    if (auto left_out = tries_->next(cut_short)) {
      if (std::exchange(timed_out_, false)) deadline_.reset();  // a further try has time of its own
      return begin_image(*left_out);
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
