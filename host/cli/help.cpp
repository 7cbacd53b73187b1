#include "host/cli/help.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace dyad::cli {
namespace {

class Layout : public CLI::Formatter {
 public:
  explicit Layout(std::string usage) : usage_(std::move(usage)) { column_width(24); }

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const override {
    return "usage: " + usage_ + "\n\n" + app->get_description() + "\n" + make_groups(app, mode) + "\n" +
           app->get_footer();
  }
  std::string make_group(std::string, bool is_positional, std::vector<const CLI::Option*> options) const override {
    std::string text = "\nFlags:\n";
    for (const CLI::Option* option : options) text += make_option(option, is_positional);
    return text;
  }
  std::string make_option_name(const CLI::Option* option, bool) const override {
    std::string name;
    for (const std::string& letter : option->get_snames()) name += (name.empty() ? "-" : ", -") + letter;
    if (name.empty()) name = "   ";
    for (const std::string& word : option->get_lnames()) name += (name == "   " ? " --" : ", --") + word;
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_option_text().empty()) return {};
    if (option->get_option_text().starts_with('[')) return option->get_option_text();
    return (option->get_lnames().empty() ? " " : "=") + option->get_option_text();
  }

 private:
  std::string usage_;
};

constexpr const char* kPatterns = R"(Patterns name packages, which are directories:
  .          this directory (also if no pattern is given)
  ./dir      that directory
  ./...      this directory and all below it
  ./dir/...  that directory and all below it
"..." leaves out testdata, names that begin with . or _, build folders (with a
CMakeCache.txt) and directories with a dyad.toml of their own.
)";

/// Of a command that runs tests.
std::string run_exit_codes(const char* passed, const char* failed) {
  return std::string("Exit codes:\n  0  ") + passed + "\n  1  " + failed + R"(
  2  bad command line, bad dyad.toml, no such directory
  3  a package did not build or load
  4  no package or no test matched
  5  dyad itself failed
  128+n  interrupted by signal n
)";
}
std::string test_exit_codes() { return run_exit_codes("everything passed", "a test failed, crashed or timed out"); }

constexpr const char* kBuildExitCodes = R"(Exit codes:
  0  every package was built
  2  bad command line, bad dyad.toml, no such directory
  3  a package did not build
  4  no package with tests matched
  5  dyad itself failed
)";

constexpr const char* kListExitCodes = R"(Exit codes:
  0  there is such a package
  2  bad command line, bad dyad.toml, no such directory
  4  no package with tests matched
)";

constexpr const char* kPlainExitCodes = R"(Exit codes:
  0  done
  2  bad command line
  5  dyad itself failed
)";

}  // namespace

std::shared_ptr<CLI::FormatterBase> make_help_layout(std::string usage) {
  return std::make_shared<Layout>(std::move(usage));
}

std::string general_help() {
  return std::string(R"(usage: dyad [command] [flags] [patterns]

Tests C and C++ packages: finds the test files of a directory by their names,
compiles them with the library sources they need, and runs the tests.

Commands:
  test          build and run tests; what dyad does if no command is given
  explain       say why packages would be built or run again
  watch         run tests whenever something changes
  bisect-order  find out which tests must run before one for it to fail
  compare       run tests on two backends in turn: which takes less time
  list          show the packages that hold test files
  build         build test images and keep them, run nothing
  cache         show, check, trim or remove the cache
  backends      show the backends that can run tests
  version       show the version
  help          show this text, or the help of a command

dyad COMMAND --help describes a command. A directory that is called as a command
is written ./test. --version is the same as the command version.

)") + kPatterns +
         R"(
The workspace is the nearest parent directory with a dyad.toml, else the
repository (.git), else the current directory. No dyad.toml is needed; see
dyad-toml.md for what it can set.

Examples:
  dyad                  test this directory
  dyad ./...            test this directory and all below it
  dyad -v --run=Parse ./text

)" + test_exit_codes();
}

std::string test_footer() {
  return std::string(R"(Long flags may be written with one dash as well (-run Parse), and values after
a space. The last use of a flag counts. The word -- ends the flags.

Regular expressions are POSIX extended and match anywhere in a name; anchor with
^ and $. They are split at '/': the first part selects tests, the others their
subtests. GoogleTest's tests are called Suite.Test.

--profile divides each instant of wall time evenly among everything that goes on
in dyad's threads and the tests' processes, so that its phases add up to the
wall time of the run; "total" is the sum over threads and processes.

)") + kPatterns +
         R"(
Examples:
  dyad test ./...                       everything
  dyad test -v --run='^TestParse$' .    one test, with its output
  dyad test --run=TestParse/empty       one subtest
  dyad test --list=. ./...              the names of all tests
  dyad test --backend=exe --timeout=30s ./net/...
  dyad test --count=100 --failfast ./queue

)" + test_exit_codes();
}

std::string explain_footer() {
  return std::string(R"(The flags are those of the run that is explained. For each package: cached, or
what is not as it was when it was last built or run. Nothing is built or run.

)") + kPatterns +
         R"(
Examples:
  dyad explain ./...
  dyad explain --release ./text

)" + test_exit_codes();
}

std::string watch_footer() {
  return std::string(R"(Stays, and keeps the compiler and the worker warm. A burst of saves is one run; a
change of a source, a header or dyad.toml during a run ends that run and begins
the next. Packages that passed and are not affected are counted, not printed.
What tests write themselves starts no run. Ctrl-C ends it.

Watched are the files of the workspace, testdata too; not what is outside, nor
names that begin with '.', folders that begin with '_', and build folders.

)") + kPatterns +
         R"(
Examples:
  dyad watch ./...
  dyad watch -v --run=TestParse ./text

Exit codes:
  2      bad command line, no such directory
  5      dyad itself failed
  128+n  ended by signal n
)";
}

std::string bisect_footer() {
  return R"(For each test that fails in this order: does it fail alone, too? If not, its
predecessors are halved until none can be left out. Each try is a process of its
own; a failure that does not come every time is said to be one. The tests that
are left are shown in their order, with a command that runs just them.

Examples:
  dyad test --shuffle ./queue           a test fails; the seed is printed
  dyad bisect-order --shuffle=1234 ./queue

Exit codes:
  0  for every test that fails the tests that make it fail were found
  1  one fails alone, too, or not every time
  2  bad command line, no such directory
  3  the package did not build or load
  4  no test fails in this order, or there is none
  5  dyad itself failed
  128+n  interrupted by signal n
)";
}

std::string compare_footer() {
  return std::string(R"(The same objects, linked for each backend, run on both in turn; the first turn
is not counted. A turn is a whole run, as dyad test would do it, of which the
wall time is taken, and one in which the packages run one by one. That tells the
phases of a package's processes, as dyad sees them:
  start    the image is put in place, and the backend starts the process
  load     until the image has named its tests
  run      until it says that it is done
  capture  dyad reads what was printed and gives it to its tests
  stop     until the backend has let go of the process
"sum" is their sum over all packages, "wall" the whole run from its beginning to
its end. Ratios are of pairs of neighbouring runs. Verdicts are compared, too.

)") + kPatterns +
         R"(
Examples:
  dyad compare ./...
  dyad compare --runs=21 --svg=compare.svg --json=compare.json ./...
  dyad compare --backends=exe,/opt/valgrind_backend.so ./parse

)" + run_exit_codes("done, and the verdicts are the same on both", "verdicts differ");
}

std::string build_footer() {
  return std::string(R"(An image is written to DIR/PACKAGE/NAME, a shared library as NAME.so. An
executable one can be run by hand:

  dyad build --backend=exe ./text
  _dyad/text/parse_test --list
  _dyad/text/parse_test --run='^TestParse$'

)") + kPatterns +
         R"(
Examples:
  dyad build ./...
  dyad build --backend=exe -o /tmp/images ./text
  dyad build --emit-llvm ./text         one .ll file per image

)" + kBuildExitCodes;
}

std::string list_footer() {
  return std::string(kPatterns) + R"(
Examples:
  dyad list ./...

)" + kListExitCodes;
}

std::string cache_footer() {
  return R"(Actions:
  stat      show what is in the cache
  verify    read every entry, name and remove the damaged ones
  trim      remove what exceeds the limits, as runs do once a day
  clean     remove everything that dyad stored
  path      show the directory

dyad cache ACTION --help describes an action.

)" + cache_action_footer();
}

std::string cache_action_footer() {
  return R"(The directory is $DYAD_CACHE, else $XDG_CACHE_HOME/dyad, else ~/.cache/dyad. One
that others may write to is refused, unless DYAD_CACHE_SHARED=1 says to trust them.
The limits are 14 days without use ($DYAD_CACHE_AGE: 72h, 30d) and 10 GiB
($DYAD_CACHE_SIZE: 500M, 2G); 0 is no limit. What a running dyad uses is never
removed.

Exit codes:
  0  done; verify: every entry is sound
  2  bad command line, bad limit, a directory that cannot be used
  5  verify: entries were damaged, and removed; clean: another dyad is running
)";
}

std::string backends_footer() {
  return R"(A backend is shown with its name, version, kind of image and path; one that
cannot be used, with the reason. dyad test --backend takes a name of this list,
or the absolute path of a plugin.

)" + std::string(kPlainExitCodes);
}

std::string version_footer() { return kPlainExitCodes; }

}  // namespace dyad::cli
