/// The help texts: what CLI11 knows of the flags, laid out for 80 columns, and around it what it does not know.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
class FormatterBase;
}  // namespace CLI

namespace dyad::cli {

/// Lays out the help of one command; `usage` is its first line without "usage: ".
std::shared_ptr<CLI::FormatterBase> make_help_layout(std::string usage);

/// `dyad --help`.
std::string general_help();

/// What stands below the flags of `dyad test --help`, `dyad build --help`, and so on.
std::string test_footer();
std::string explain_footer();
std::string watch_footer();
std::string bisect_footer();
std::string compare_footer();
std::string build_footer();
std::string list_footer();
std::string cache_footer();
std::string cache_action_footer();
std::string backends_footer();
std::string version_footer();

}  // namespace dyad::cli
