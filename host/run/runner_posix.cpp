#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <map>
#include <mutex>
#include <utility>

#include "host/run/keyboard.hpp"
#include "host/run/package_run.hpp"
#include "host/run/run_directory.hpp"
#include "host/run/runner.hpp"
#include "host/run/wake_up.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::run {

class Runner::Impl {
 public:
  using Clock = PackageRun::Clock;

  Impl(Backend& backend, RunOptions options, Done done)
      : backend_(backend), options_(std::move(options)), done_(std::move(done)) {}

  void submit(PackageJob job) {
    {
      std::lock_guard lock(mutex_);
      inbox_.push_back(std::move(job));
    }
    wake_.wake();
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.wake();
  }

  void cancel() {
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    wake_.wake();
  }

  void run(InterruptWatch& interrupts) {
    ControlWatch controls;
    for (;;) {
      if (const bool typed = keyboard_.take_line(); controls.take_query() || typed) tell_running();
      if (controls.take_stop()) stop_for_a_while();
      auto [closed, cancelled] = take_inbox();
      if (interrupts.signal() || cancelled) interrupt();
      {
        trace::Span span(trace::Phase::kServe);
        start_packages();
        look_for_shortage();
      }
      if (active_.empty() && waiting_.empty() && (closed || interrupted_)) break;
      wait(interrupts.fd(), controls.fd());
    }
  }

  const RunStatistics& statistics() const { return statistics_; }

 private:
  /// Returns whether nothing more will come, and whether nothing more is wanted.
  std::pair<bool, bool> take_inbox() {
    std::vector<PackageJob> jobs;
    bool closed, cancelled;
    {
      std::lock_guard lock(mutex_);
      jobs.swap(inbox_);
      closed = closed_;
      cancelled = cancelled_;
    }
    for (PackageJob& job : jobs) {
      if (job.images.empty())
        done_(job.order, std::move(job.partial));
      else
        waiting_.emplace(job.turn.value_or(job.order), std::move(job));
    }
    return {closed, cancelled};
  }

  void start_packages() {
    while (!waiting_.empty() && active_.size() < most_) {
      PackageJob job = std::move(waiting_.extract(waiting_.begin()).mapped());
      if (interrupted_) {
        refuse(std::move(job), PackageResult::Kind::kNotRun, "interrupted");
      } else if (options_.failfast && failed_) {
        refuse(std::move(job), PackageResult::Kind::kNotRun, "--failfast");
      } else if (Result<RunDirectory*> directory = run_directory(); !directory) {
        refuse(std::move(job), PackageResult::Kind::kLoadFailed, directory.error().text);
      } else if (Result<Backend*> backend = backend_for(job); !backend) {
        refuse(std::move(job), PackageResult::Kind::kLoadFailed, backend.error().text);
      } else {
        auto package =
            std::make_unique<PackageRun>(std::move(job), options_, **backend, **directory, statistics_, symbolizer_);
        package->start(Clock::now());
        active_.push_back(std::move(package));
        reap();
      }
    }
  }

  Result<Backend*> backend_for(const PackageJob& job) {
    if (!job.artifact || *job.artifact == static_cast<dyad_artifact>(backend_.functions().artifact)) return &backend_;
    if (!options_.other_backend)
      return fail(fmt::format("backend {} does not run such images", backend_.functions().name));
    return options_.other_backend();
  }

  /// Where there is no room for a process, there is none for others, either: only as many as run now are run at a time.
  void look_for_shortage() {
    const std::string* why = nullptr;
    for (auto& package : active_)
      if (const std::string* one = package->postponed()) why = one;
    if (why == nullptr) return;
    most_ = std::min(most_, std::max<std::size_t>(1, count_running()));
    if (!std::exchange(shortage_said_, true) && options_.on_shortage) options_.on_shortage(*why, most_);
  }

  std::size_t count_running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(active_, [](const auto& package) { return !package->over() && !package->postponed(); }));
  }

  void refuse(PackageJob job, PackageResult::Kind kind, std::string reason) {
    job.partial.kind = kind;
    job.partial.reason = std::move(reason);
    done_(job.order, std::move(job.partial));
  }

  Result<RunDirectory*> run_directory() {
    if (!directory_) {
      Result<RunDirectory> made = RunDirectory::create();
      if (!made) return fail(made.error());
      directory_ = std::make_unique<RunDirectory>(std::move(*made));
    }
    return directory_.get();
  }

  /// Ctrl-Z: the tests are in process groups of their own, so they are stopped and continued here.
  void stop_for_a_while() {
    for (auto& package : active_) package->stop();
    const Clock::time_point stopped = Clock::now();
    std::raise(SIGSTOP);
    const Clock::duration pause = Clock::now() - stopped;
    for (auto& package : active_) package->go_on(pause);
  }

  void tell_running() {
    std::vector<RunningTest> running;
    for (auto& package : active_) {
      package->on_events(Clock::now());  // there may be some that wait for their burst
      running.push_back(package->running(Clock::now()));
    }
    if (options_.on_query) options_.on_query(running);
  }

  void interrupt() {
    if (std::exchange(interrupted_, true)) return;
    for (auto& package : active_) package->on_interrupt();
  }

  /// Waits for something to happen and lets the packages that it happened to act.
  void wait(int interrupt_fd, int control_fd) {
    std::vector<pollfd> fds{
        {wake_.fd(), POLLIN, 0}, {interrupted_ ? -1 : interrupt_fd, POLLIN, 0}, {control_fd, POLLIN, 0}};
    // Only what is open: there must not be more than the process may have open.
    struct Places {
      std::size_t events = 0, ended = 0;  // in fds; 0: none
    };
    std::vector<Places> places(active_.size());
    auto add = [&](int fd) {
      if (fd < 0) return std::size_t{0};
      fds.push_back({fd, POLLIN, 0});
      return fds.size() - 1;
    };
    add(keyboard_.fd());
    std::optional<Clock::time_point> deadline;
    const Clock::time_point before = Clock::now();
    for (std::size_t i = 0; i < active_.size(); ++i) {
      auto& package = active_[i];
      places[i] = {add(package->event_fd(before)), add(package->ended_fd())};
      for (auto own : {package->deadline(), package->next_burst(before)})
        if (own && (!deadline || *own < *deadline)) deadline = own;
    }
    timespec timeout{};
    if (deadline) {
      auto left = std::max(*deadline - Clock::now(), Clock::duration::zero());
      auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      timeout = {static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    }
    if (ppoll(fds.data(), fds.size(), deadline ? &timeout : nullptr, nullptr) < 0) return;  // EINTR: look again

    trace::Span span(trace::Phase::kServe);
    if (fds[0].revents) wake_.clear();
    Clock::time_point now = Clock::now();
    bool any_ended = false;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      PackageRun& package = *active_[i];
      if (package.postponed()) continue;
      auto is_ready = [&](std::size_t place) { return place != 0 && fds[place].revents != 0; };
      if (is_ready(places[i].events)) package.on_events(now);
      if (is_ready(places[i].ended)) {
        package.on_ended(now);
        any_ended = any_ended || package.postponed() == nullptr;
      } else if (package.deadline() && *package.deadline() <= now) {
        package.on_deadline(now);
      }
    }
    reap();
    look_for_shortage();
    for (auto& package : active_)
      if (package->postponed() && (any_ended || *package->deadline() <= now))
        package->try_start(count_running() == 0, now);
    reap();
  }

  /// Hands over the packages that are over.
  void reap() {
    for (std::size_t i = 0; i < active_.size();) {
      if (active_[i]->over()) {
        std::unique_ptr<PackageRun> package = std::move(active_[i]);
        active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
        failed_ = failed_ || package->any_failed();
        done_(package->order(), package->take());
      } else {
        failed_ = failed_ || active_[i]->any_failed();
        ++i;
      }
    }
  }

  Backend& backend_;
  const RunOptions options_;
  const Done done_;
  WakeUp wake_;

  std::mutex mutex_;  // for these three
  std::vector<PackageJob> inbox_;
  bool closed_ = false, cancelled_ = false;

  // The rest belongs to the thread of run().
  Keyboard keyboard_;
  std::unique_ptr<RunDirectory> directory_;
  std::multimap<std::size_t, PackageJob> waiting_;  // by turn: started in that order
  std::vector<std::unique_ptr<PackageRun>> active_;
  bool failed_ = false, interrupted_ = false;
  std::size_t most_ = std::max(1u, options_.parallel);  ///< processes at once
  bool shortage_said_ = false;
  RunStatistics statistics_;
  Symbolizer symbolizer_{options_.symbolizer};
};

Runner::Runner(Backend& backend, RunOptions options, Done done)
    : impl_(std::make_unique<Impl>(backend, std::move(options), std::move(done))) {}
Runner::~Runner() = default;
void Runner::submit(PackageJob job) { impl_->submit(std::move(job)); }
void Runner::close() { impl_->close(); }
void Runner::cancel() { impl_->cancel(); }
void Runner::run(InterruptWatch& interrupts) { impl_->run(interrupts); }
const RunStatistics& Runner::statistics() const { return impl_->statistics(); }

}  // namespace dyad::run
