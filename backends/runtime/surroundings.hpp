/// What a test finds around it and may leave changed: between two tests of a package it is put back, or said to be left
/// ("LEAK: thread").
///
/// Put back are the working directory, umask, rounding mode, the formats of cout, cerr and clog, and the interval timer
/// (alarm). Said are threads, child processes (adopted ones too, where the process is a subreaper), descriptors,
/// environment and locale. Compared with how it was when the test began, so that what a suite sets up for all its tests
/// is no leak. Costs one or two microseconds a test, since most tests take less.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ios>
#include <string>
#include <vector>

namespace dyad::runtime {

class Surroundings {
 public:
  /// `descriptor`: any that stays open until end(). `sanitized`: a sanitizer has threads, processes and descriptors of
  /// its own, which come and go: they are not looked for.
  void begin(int descriptor, bool sanitized = false);
  void end();

  /// `at_once`: behind the test that ended last nothing but our own code has run.
  void test_begins(bool at_once);
  /// Puts back, and returns what was left: "thread", "descriptor".
  std::vector<std::string> test_ended();

 private:
  struct Format {
    std::ios_base::fmtflags flags;
    std::streamsize precision, width;
    char fill;
    friend bool operator==(const Format&, const Format&) = default;
  };
  struct State {
    std::size_t threads;
    bool children, timer;
    int free_descriptor;
    mode_t umask;
    int rounding;
    Format formats[3];
    std::uint64_t environment;
    std::string locale;
    std::string directory;
  };
  State look() const;

  int descriptor_ = -1, tasks_ = -1;
  bool sanitized_ = false;
  State before_{};
  bool is_known_ = false;  // before_ is how it was when the last test ended
};

}  // namespace dyad::runtime
