/// Which tests --run and --skip mean. Knows names only.
///
/// A pattern is split at '/' (not inside brackets); its parts are POSIX extended regular expressions, matched anywhere
/// in the level of the name that they belong to: "Parse/^empty$" means the subtests called "empty" of tests with
/// "Parse" in their names. Names of frameworks' tests may hold '/' themselves ("Inst/Suite.Test/0"), so for tests (not
/// subtests) the whole pattern is also tried on the whole name.
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dyad::runtime {

class Pattern {
 public:
  /// Empty, or why `text` is no regular expression.
  std::string parse(const std::string& text);
  bool empty() const { return parts_.empty(); }

  /// How a name fits: its levels up to the shorter of the two all match; `whole`: and no part is left over.
  struct Fit {
    bool matches;
    bool whole;
  };
  Fit fit(std::string_view name) const;
  bool found_in(const std::string& name) const;

 private:
  struct Free {
    void operator()(regex_t* regex) const {
      regfree(regex);
      delete regex;
    }
  };
  using Regex = std::unique_ptr<regex_t, Free>;
  static std::string compile(const std::string& text, Regex& regex);

  std::vector<Regex> parts_;
  Regex all_;
};

class Selection {
 public:
  /// Empty, or what is wrong.
  std::string parse(const std::string& run, const std::string& skip);
  /// Whether a test shall run: also if only subtests of it may match.
  bool selects_test(const std::string& name) const;
  /// `name` from the test down: "TestParse/empty".
  bool selects_subtest(const std::string& name) const;

 private:
  Pattern run_, skip_;
};

}  // namespace dyad::runtime
