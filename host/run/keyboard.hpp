/// The Enter key as a question: what is running?
///
/// Lines are taken from standard input while it is a terminal and dyad is in front of it. The terminal's own settings
/// are left alone, which is why it is Enter and no other key: there is nothing to put back, however dyad ends or stops.
#pragma once

namespace dyad::run {

class Keyboard {
 public:
  Keyboard();
  /// Polls readable once a line was typed. -1 while none is for us: standard input is no terminal or has ended, or
  /// another process group is in front. To be asked again before each poll.
  int fd() const;
  /// Whether a line was typed since the last call. Takes what was typed; does not wait.
  bool take_line();

 private:
  bool ended_;  ///< nothing will come
};

}  // namespace dyad::run
