/// Two ways to wake the runner's loop: another thread has something for it, or the user wants to stop.
#pragma once

#include "host/base/result.hpp"
#include "host/run/descriptor.hpp"

namespace dyad::run {

class WakeUp {
 public:
  WakeUp();
  /// Polls readable after wake(). -1 if the system refused it.
  int fd() const { return event_.get(); }
  /// Any thread.
  void wake();
  /// Makes fd() quiet again.
  void clear();

 private:
  Descriptor event_;
};

/// While it exists, SIGINT and SIGTERM are caught instead of ending the process, unless they were ignored before. A
/// second one ends the process at once with 128 + signal. One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  ~InterruptWatch();
  /// Polls readable once a signal was caught.
  int fd() const;
  /// The signal that was caught, or 0.
  int signal() const;
};

/// While it exists, SIGTSTP (Ctrl-Z) and SIGQUIT (Ctrl-\\) are caught: a wish to stop for a while, and the question
/// what is running. Unless they were ignored before. One at a time.
class ControlWatch {
 public:
  ControlWatch();
  ControlWatch(const ControlWatch&) = delete;
  ~ControlWatch();
  /// Polls readable once a signal was caught.
  int fd() const;
  /// Whether it was caught since the last call.
  bool take_stop();
  bool take_query();
};

}  // namespace dyad::run
