#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <utility>

#include "backends/abi/input_log.h"
#include "backends/runtime/crash_reporter.hpp"
#include "backends/runtime/kept_descriptors.hpp"
#include "backends/runtime/run.hpp"
#include "backends/runtime/sanitizer_reports.hpp"
#include "backends/runtime/text_sink.hpp"
#include "backends/runtime/wire_writer.hpp"

namespace dyad::runtime {
namespace {

Run* g_run = nullptr;

constexpr int kPage = 4096;
/// A page that the kernel empties in a child, however that is made. In place of one from mmap(), which takes longer to
/// come and to go than all else that is done before the first test. Where pages are larger there is none.
alignas(kPage) char g_here[kPage];

}  // namespace

Run::Run(Arguments arguments, Selection selection)
    : arguments_(std::move(arguments)), selection_(std::move(selection)), pid_(getpid()) {
  char directory[PATH_MAX];
  if (getcwd(directory, sizeof directory) != nullptr) directory_ = std::string(directory) + "/";
  if (arguments_.events_fd < 0) {
    sink_ = std::make_unique<TextSink>(arguments_.list);
  } else {
    capture_.open();
    channel_ = move_out_of_the_way(arguments_.events_fd);
    if (channel_ >= 0)
      close(arguments_.events_fd);
    else
      channel_ = arguments_.events_fd;
    keep_descriptor(channel_, O_WRONLY);
    sink_ = std::make_unique<WireWriter>(channel_);
    begin_crash_reports(channel_);
    surroundings_.begin(channel_, has_sanitizer());
  }
  begin_sanitizer_reports(channel_, directory_);
  if (getpagesize() == kPage && madvise(g_here, sizeof g_here, MADV_WIPEONFORK) == 0) {
    g_here[0] = 1;
    is_here_ = g_here;
  }
  sink_->hello(static_cast<std::uint32_t>(pid_));
  g_run = this;
}

Run::~Run() { g_run = nullptr; }

void Run::end() {
  if (!in_test_process()) return;
  output_size();  // flushes
  end_crash_reports();
  end_sanitizer_reports();
  forget_descriptors();
  surroundings_.end();
  std::lock_guard lock(mutex_);
  if (channel_ >= 0) close(channel_);
  capture_.close();
  pid_ = 0;
  is_here_ = nullptr;
}

Run* Run::current() { return g_run; }

bool Run::in_test_process() const { return is_here_ != nullptr ? *is_here_ != 0 : getpid() == pid_; }

std::uint32_t Run::found(dyad_test_kind kind, std::string_view name, std::string_view file, std::uint32_t line,
                         bool disabled, bool left_out) {
  Test test;
  test.what = {next_index(), kind, std::string(name), std::string(shown(file)), line};
  test.selected = !left_out && selection_.selects_test(test.what.name) && !arguments_.done.contains(test.what.index) &&
                  (!arguments_.has_only || arguments_.only.contains(test.what.index));
  test.disabled = disabled;
  tests_.push_back(std::move(test));
  return tests_.back().selected && !disabled ? tests_.back().what.index : kNoTest;
}

void Run::announce() {
  if (!in_test_process() || announced_) return;
  announced_ = true;
  std::vector<Remark> remarks = take_early_remarks();
  {
    std::lock_guard lock(mutex_);
    std::uint32_t count = 0;
    for (const Test& test : tests_) {
      if (!test.selected) continue;
      sink_->found(test.what);
      ++count;
    }
    sink_->listed(count);
  }
  rounds_ = 1;
  first_round_ = std::chrono::steady_clock::now();
  for (const Remark& remark : remarks) outside(remark.severity, {remark.file, remark.line}, remark.text);
}

void Run::started(std::uint32_t index, bool at_once) {
  if (!in_test_process()) return;
  // A sanitizer's reports come late.
  const std::uint64_t output = at_once && !has_sanitizer() ? output_before_ : output_size();
  start(index, at_once, std::chrono::steady_clock::now(), output);
}

void Run::started_earlier(std::uint32_t index, std::chrono::steady_clock::time_point time, std::uint64_t output) {
  if (in_test_process()) start(index, /*at_once=*/false, time, output);
}

void Run::start(std::uint32_t index, bool at_once, std::chrono::steady_clock::time_point time, std::uint64_t output) {
  // A test that is a program of its own may do what it likes.
  if (tests_[index].what.kind != DYAD_TEST_MAIN) surroundings_.test_begins(at_once);
  running_failed_ = false;
  running_ = index;
  tests_[index].begun = true;
  {
    std::lock_guard lock(mutex_);
    sink_->started(tests_[index].what, output);
  }
  start_time_ = time;
}

void Run::finished(std::uint32_t index, dyad_verdict verdict) {
  if (!in_test_process()) return;
  auto time = std::chrono::steady_clock::now() - start_time_;
  std::uint64_t output = output_size();
  if (tests_[index].what.kind != DYAD_TEST_MAIN) {
    std::string leaks;
    for (const std::string& what : surroundings_.test_ended()) leaks += (leaks.empty() ? "LEAK: " : ", ") + what;
    if (!leaks.empty()) note(index, leaks);
  }
  if (has_sanitizer()) {
    if (find_leaks()) {
      output_size();  // flushes
      flush();
      end_by_leak();
    }
    if (std::string report = take_sanitizer_report(); !report.empty()) {
      note(index, report);
      running_failed_ = true;
    }
  }
  if (running_failed_) verdict = DYAD_FAIL;
  if (verdict == DYAD_FAIL) {
    failed_ = true;
    stopped_ = stopped_ || arguments_.failfast;
  }
  if (++ended_ == arguments_.most) stopped_ = true;
  output_before_ = output;
  std::lock_guard lock(mutex_);
  running_ = kNoTest;
  sink_->finished(tests_[index].what, verdict, time, output);
}

void Run::message(dyad_severity severity, Place place, std::string_view text, std::string_view subtest, bool fails) {
  if (!in_test_process()) return;
  std::uint32_t index = running_;
  if (index == kNoTest) {
    outside(severity, place, text);
    return;
  }
  if (fails) running_failed_ = true;
  place.file = shown(place.file);
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  sink_->message(tests_[index].what, severity, place, output, subtest, text);
}

void Run::outside(dyad_severity severity, Place place, std::string_view text) {
  place.file = shown(place.file);
  if (severity == DYAD_SKIPPED) skip_reason_ = text;
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  if (!announced_) {
    early_remarks_.push_back({severity, std::string(place.file), place.line, std::string(text)});
    return;
  }
  bool failure = severity == DYAD_ERROR || severity == DYAD_FATAL;
  if (failure && own_main_) {
    severity = DYAD_LOG;
  } else if (failure) {
    failed_ = true;
  }
  sink_->outside(severity, place, output, text);
}

std::vector<Run::Remark> Run::take_early_remarks() {
  std::lock_guard lock(mutex_);
  return std::exchange(early_remarks_, {});
}

void Run::fail_outside(std::string_view text) {
  if (!in_test_process()) return;
  failed_ = true;
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  sink_->outside(DYAD_ERROR, {}, output, text);
}

void Run::sub_started(std::string_view subtest) {
  if (!in_test_process()) return;
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  sink_->sub_started(tests_[running_].what, output, subtest);
}

void Run::sub_finished(std::string_view subtest, dyad_verdict verdict, std::chrono::nanoseconds time) {
  if (!in_test_process()) return;
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  sink_->sub_finished(tests_[running_].what, verdict, time, output, subtest);
}

void Run::set_limit(std::chrono::nanoseconds limit) {
  const std::uint32_t index = running_;
  if (!in_test_process() || index == kNoTest) return;
  std::lock_guard lock(mutex_);
  sink_->limit(tests_[index].what, limit);
}

void Run::note(std::uint32_t index, std::string_view text) {
  if (!in_test_process()) return;
  std::lock_guard lock(mutex_);
  sink_->note(tests_[index].what, text);
}

bool Run::again() {
  if (!in_test_process() || failed_ || stopped_ || arguments_.list) return false;
  if (!arguments_.repeat && !arguments_.repeat_for_ms) return false;
  if (arguments_.repeat && rounds_ >= *arguments_.repeat) return false;
  if (arguments_.repeat_for_ms &&
      std::chrono::steady_clock::now() - first_round_ >= std::chrono::milliseconds(*arguments_.repeat_for_ms)) {
    return false;
  }
  ++rounds_;
  return true;
}

int Run::finish(bool image_failed) {
  if (!in_test_process() || finished_) return image_failed ? 1 : 0;
  finished_ = true;
  std::uint64_t output = output_size();
  std::lock_guard lock(mutex_);
  if (!arguments_.list && !stopped_) {
    for (const Test& test : tests_) {
      if (!test.selected || test.begun) continue;
      std::string reason = "disabled";
      if (!test.disabled) reason = skip_reason_.empty() ? "the framework did not run it" : skip_reason_;
      sink_->message(test.what, DYAD_SKIPPED, {}, output, "", reason);
      sink_->finished(test.what, DYAD_SKIP, {}, output);
    }
  }
  if (dyad_input_complete != nullptr) dyad_input_complete();
  sink_->done(failed_ || image_failed, output);
  sink_->flush();
  end_if_counted();
  return failed_ || image_failed ? 1 : 0;
}

void Run::flush() {
  if (!in_test_process()) return;
  std::lock_guard lock(mutex_);
  sink_->flush();
}

std::string_view Run::shown(std::string_view file) const {
  if (directory_.size() > 1 && file.substr(0, directory_.size()) == directory_) file.remove_prefix(directory_.size());
  return file;
}

}  // namespace dyad::runtime
