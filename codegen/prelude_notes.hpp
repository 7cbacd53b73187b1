/// What is known about a prelude besides its module file: enough to judge whether a file may use it. Plain data with a
/// text form that is kept beside the module file. Knows nothing of Clang.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace dyad::codegen {

/// A name in an #include or __has_include of a header of the prelude, and where it was found when that was built.
struct IncludeSpelling {
  enum class Found : char { kBeside = 'b', kOnPath = 'p', kNowhere = 'n' };
  std::string name;
  bool angled = false;
  Found found = Found::kOnPath;
  bool operator<(const IncludeSpelling& other) const {
    return std::tie(name, angled, found) < std::tie(other.name, other.angled, other.found);
  }
};

struct PreludeNotes {
  std::vector<std::string> wanted;       ///< the headers it was asked for that are in it: "gtest/gtest.h"
  std::vector<std::string> headers;      ///< every file that is in it, as the compiler spells the path; sorted
  std::vector<std::string> identifiers;  ///< every identifier that the headers' text holds, macros' names too; sorted
  /// Of the identifiers, those that the headers may look up in the global scope: what is declared there, and what is
  /// called without a scope, because a call in a template is resolved late. Sorted.
  std::vector<std::string> global_names;
  std::vector<std::string> macros;  ///< that its arguments define or undefine
  std::vector<IncludeSpelling> spellings;
  std::vector<std::string> roots;  ///< where its includes were looked for, the system's directories too
  bool counts = false;             ///< a header expands __COUNTER__
  /// Name and text of the files that it was made from and that exist nowhere: the module file refers to them.
  std::vector<std::pair<std::string, std::string>> sources;

  /// Lines: "dyad-prelude 1", then "w NAME", "h PATH", "i IDENTIFIER", "g NAME", "m MACRO", "s FOUND q|a NAME", "r
  /// PATH", "c", "t SIZE NAME" and then SIZE bytes and a newline.
  std::string serialize() const;
  static std::optional<PreludeNotes> deserialize(llvm::StringRef text);
};

}  // namespace dyad::codegen
