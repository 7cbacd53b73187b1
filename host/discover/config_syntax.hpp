/// What stands between dyad.toml and its parser (toml11 3.7): text that would exhaust the parser's stack is refused,
/// and its drawings of several lines become one line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dyad::discover {

/// Why `text` must not be parsed: larger than 1 MiB, or brackets nested more than 100 deep (the parser is recursive).
std::optional<std::string> find_hostile_syntax(std::string_view text);

/// "[error] toml::parse_table: invalid line format\n --> ... ^--- expected newline, but got 'b'." becomes
/// "invalid line format (expected newline, but got 'b')". The first line is the message; what stands behind the last
/// underline says what was expected.
std::string condense_syntax_error(std::string_view what);

}  // namespace dyad::discover
