#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "host/run/wake_up.hpp"

namespace dyad::run {
namespace {

void raise_event(int fd) {
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(fd, &one, sizeof one);  // full means: readable already
}

// What the signal handler may touch.
std::atomic<int> caught_signal = 0;
std::atomic<int> caught_event = -1;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr std::array kSignals{SIGINT, SIGTERM};
std::array<struct sigaction, kSignals.size()> previous;

extern "C" void on_interrupt(int signal) {
  int saved = errno;
  if (caught_signal.exchange(signal) != 0) _exit(128 + signal);
  raise_event(caught_event);
  errno = saved;
}

constexpr std::array kControls{SIGTSTP, SIGQUIT};
std::array<struct sigaction, kControls.size()> previous_controls;
std::array<std::atomic<bool>, kControls.size()> caught_control;
std::atomic<int> control_event = -1;

extern "C" void on_control(int signal) {
  int saved = errno;
  caught_control[signal == SIGTSTP ? 0 : 1] = true;
  raise_event(control_event);
  errno = saved;
}

}  // namespace

WakeUp::WakeUp() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
void WakeUp::wake() { raise_event(event_.get()); }
void WakeUp::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] ssize_t got = read(event_.get(), &count, sizeof count);
}

InterruptWatch::InterruptWatch() {
  caught_signal = 0;
  caught_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    if (previous[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptWatch::~InterruptWatch() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous[i], nullptr);
  Descriptor closed(caught_event.exchange(-1));
}

int InterruptWatch::fd() const { return caught_event; }
int InterruptWatch::signal() const { return caught_signal; }

ControlWatch::ControlWatch() {
  for (auto& caught : caught_control) caught = false;
  control_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = on_control;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kControls.size(); ++i) {
    sigaction(kControls[i], nullptr, &previous_controls[i]);
    if (previous_controls[i].sa_handler != SIG_IGN) sigaction(kControls[i], &action, nullptr);
  }
}

ControlWatch::~ControlWatch() {
  for (std::size_t i = 0; i < kControls.size(); ++i) sigaction(kControls[i], &previous_controls[i], nullptr);
  Descriptor closed(control_event.exchange(-1));
}

int ControlWatch::fd() const { return control_event; }

bool ControlWatch::take_stop() {
  std::uint64_t count = 0;
  [[maybe_unused]] ssize_t got = read(control_event, &count, sizeof count);
  return caught_control[0].exchange(false);
}

bool ControlWatch::take_query() { return caught_control[1].exchange(false); }

}  // namespace dyad::run
