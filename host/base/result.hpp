/// Failures as values. Three kinds of bad news are never mixed: bugs (assert), failures (Result), and outcomes that are
/// data (a test failed, a cache missed). Only main() turns a failure into an exit.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace dyad {

/// What went wrong, where, and what to do: one line, lower case, no full stop.
struct Error {
  std::string text;

  /// The same failure seen from further out: "link ./calc: cannot open libbar.a".
  Error within(const std::string& context) const { return Error{context + ": " + text}; }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string text) { return std::unexpected(Error{std::move(text)}); }
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace dyad
