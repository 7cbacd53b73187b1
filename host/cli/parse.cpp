#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "host/base/spelling.hpp"
#include "host/base/text.hpp"
#include "host/cli/flag_words.hpp"
#include "host/cli/help.hpp"
#include "host/cli/options.hpp"
#include "host/cli/values.hpp"

namespace dyad::cli {
namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 11> kCommands{"test",  "explain", "watch",    "bisect-order", "compare", "list",
                                                     "build", "cache",   "backends", "version",      "help"};

struct CacheAction {
  std::string_view name;
  CacheOptions::Action action;
  std::string_view description;
};
constexpr std::array<CacheAction, 6> kCacheActions{
    {{"stat", CacheOptions::Action::kStat, "Shows what is in the cache, and the limits."},
     {"verify", CacheOptions::Action::kVerify, "Reads every entry of the cache; names and removes the damaged ones."},
     {"trim", CacheOptions::Action::kTrim, "Removes what exceeds the limits, least recently used first."},
     {"clean", CacheOptions::Action::kClean, "Removes everything that dyad stored in the cache, and nothing else."},
     {"path", CacheOptions::Action::kPath, "Shows the directory of the cache."},
     {"seed", CacheOptions::Action::kSeed, "Compiles GoogleTest and the usual headers, as first runs need them."}}};

constexpr unsigned kMostAtOnce = 4096;
constexpr unsigned kMostRuns = 1'000'000;
constexpr unsigned kMostRetries = 1000;
constexpr unsigned kMostCompared = 10'000;

/// One command's flags. The values are text until they are checked, so that every message is ours.
class Parser {
 public:
  Parser(std::string name, const std::string& usage, const std::string& description, const std::string& footer)
      : name_(std::move(name)), app_(description) {
    app_.formatter(make_help_layout(usage));
    app_.footer(footer);
    app_.set_help_flag("-h,--help", "show this text and exit");
  }

  void add_switch(const std::string& names, bool& value, const std::string& description) {
    app_.add_flag(names, value, description)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  void add_value(const std::string& names, std::string& value, const std::string& shown,
                 const std::string& description) {
    app_.add_option(names, value, description)
        ->option_text(shown)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  /// The flag alone means `implied`; a value needs the '='.
  void add_optional_value(const std::string& names, std::string& value, const std::string& implied,
                          const std::string& shown, const std::string& description) {
    app_.add_option(names, value, description)
        ->option_text("[=" + shown + "]")
        ->expected(0, 1)
        ->default_str(implied)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  void add_values(const std::string& names, Words& values, const std::string& shown, const std::string& description) {
    app_.add_option(names, values, description)
        ->option_text(shown)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  /// Without this, patterns are an error.
  void add_patterns(Words& patterns) { patterns_ = &patterns; }

  /// Fills what was added; patterns: "." if none was given. Returns the help text if that is what was asked for.
  Result<std::optional<HelpRequest>> parse(const Words& words) {
    auto normal = normalise_words(app_, words);
    if (!normal) return usage_error(normal.error().text);
    std::ranges::reverse(normal->flags);  // CLI11 takes them from the back
    try {
      app_.parse(normal->flags);
    } catch (const CLI::CallForHelp&) {
      return HelpRequest{app_.help()};
    } catch (const CLI::ParseError& e) {
      return usage_error(printable(e.what()));
    }
    if (!patterns_ && !normal->patterns.empty()) return usage_error(fmt::format("dyad {} takes no arguments", name_));
    if (patterns_) *patterns_ = normal->patterns.empty() ? Words{"."} : std::move(normal->patterns);
    return std::nullopt;
  }

  std::unexpected<Error> usage_error(const std::string& text) const {
    return fail(fmt::format("{}; see dyad {} --help", text, name_));
  }

 private:
  std::string name_;
  CLI::App app_;
  Words* patterns_ = nullptr;
};

/// Takes values out of Results; the first failure is kept.
class Checks {
 public:
  template <class T>
  void take(T& to, Result<T> value) {
    if (value) {
      to = std::move(*value);
    } else {
      note(value.error());
    }
  }
  void take(const Result<void>& value) {
    if (!value) note(value.error());
  }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void note(const Error& error) {
    if (!failure_) failure_ = error;
  }
  std::optional<Error> failure_;
};

unsigned processors() { return std::max(1U, std::thread::hardware_concurrency()); }
/// One more, if there are several: a package that has ended leaves its processor with nothing to do until the next one
/// has been started.
unsigned packages_at_once() { return processors() == 1 ? 1 : processors() + 1; }

/// What `test` and `build` share.
struct BuildWords {
  std::string backend, jobs;
  Words debug;
  bool no_prelude = false;

  void add_to(Parser& parser, bool& release) {
    parser.add_value(
        "--backend", backend, "NAME",
        "how the images are run: dll (the default), exe,\nthe absolute path of a plugin; of test: both, and "
        "the\nverdicts compared");
    parser.add_switch("--release", release, "compile with -O2 instead of -O0; assert() stays");
    parser.add_switch("--no-prelude", no_prelude, "parse the headers of libraries anew for each source");
    parser.add_value("-j", jobs, "N", "compilations at once; default: number of processors");
    parser.add_values("--debug", debug, "WHAT",
                      "stats: count what was compiled and linked; time: say\nwhere the time went; explain: say why a "
                      "package was not\ncached; several: stats,time");
  }
  template <class Options>
  void check(Checks& checks, Options& options, bool may_be_both = false) const {
    options.preludes = !no_prelude;
    if (!backend.empty()) options.backend = backend;
    if constexpr (requires { options.backend_by_default; }) options.backend_by_default = backend.empty();
    if (options.backend == kBothBackends && !may_be_both) checks.take(fail("--backend=both is for dyad test alone"));
    options.compile_jobs = processors();
    if (!jobs.empty()) checks.take(options.compile_jobs, read_number("-j", jobs, kMostAtOnce));
    Debug wanted;
    checks.take(wanted, read_debug("--debug", debug));
    options.debug_stats = wanted.stats;
    options.debug_time = wanted.time;
    if constexpr (requires { options.debug_explain; }) options.debug_explain = wanted.explain;
  }
};

/// --cache=verify and --no-cache.
Result<TestOptions::Cache> read_cache(const std::string& text, bool off) {
  if (text.empty()) return off ? TestOptions::Cache::kOff : TestOptions::Cache::kUse;
  if (text != "verify") return fail(fmt::format("invalid value \"{}\" for --cache: must be verify", printable(text)));
  if (off) return fail("--cache=verify and --no-cache exclude each other");
  return TestOptions::Cache::kVerify;
}

Result<TestOptions::Isolate> read_isolate(const std::string& text) {
  using enum TestOptions::Isolate;
  for (auto [name, value] : {std::pair{"none", kNone}, {"auto", kAuto}, {"package", kPackage}, {"test", kTest}})
    if (text == name) return value;
  return fail(fmt::format("invalid value \"{}\" for --isolate: must be none, auto, package or test", printable(text)));
}

/// Whether --flaky says that a flaky test fails.
Result<bool> read_flaky(const std::string& text) {
  if (text.empty() || text == "pass") return false;
  if (text == "fail") return true;
  return fail(fmt::format("bad value \"{}\" for --flaky: must be pass or fail", printable(text)));
}

/// Commands that take the flags of a run: one that is made, one that is explained, one that is made again and again.
enum class RunCommand { kTest, kExplain, kWatch };

Parser make_run_parser(RunCommand command) {
  switch (command) {
    case RunCommand::kExplain:
      return {"explain", "dyad explain [flags] [patterns]", "Says why packages would be built or run again.",
              explain_footer()};
    case RunCommand::kWatch:
      return {"watch", "dyad watch [flags] [patterns]",
              "Runs the tests, and again what is affected whenever something changes.", watch_footer()};
    case RunCommand::kTest:
      break;
  }
  return {"test", "dyad [test] [flags] [patterns]", "Builds and runs the tests of packages.", test_footer()};
}

Result<Command> parse_test(const Words& words, RunCommand command = RunCommand::kTest) {
  TestOptions options;
  BuildWords build;
  std::string list, packages, timeout, count, shuffle, stress, retries, flaky, cache, trace, isolate, test_timeout,
      slow, memory;
  bool no_cache = false;
  Parser parser = make_run_parser(command);
  const bool is_watch = command == RunCommand::kWatch;
  parser.add_switch("-v,--verbose", options.verbose, "show all tests and their output");
  parser.add_value("--run", options.run, "REGEX", "run only the tests that match");
  parser.add_value("--skip", options.skip, "REGEX", "do not run the tests that match");
  if (!is_watch) parser.add_value("--list", list, "REGEX", "show the names of the tests that match, run none");
  parser.add_value("--timeout", timeout, "DURATION",
                   "kill a package that runs longer: 30s, 1m30s, 500ms;\n0: no limit; default: 10m");
  parser.add_value("--test-timeout", test_timeout, "DURATION",
                   "end a test that runs longer, and show where it is;\n0: no limit; default: 1m, or dyad.toml's");
  parser.add_value("--slow", slow, "DURATION", "say so of a test that runs longer, and again;\n0: never; default: 15s");
  parser.add_switch("--failfast", options.failfast, "start nothing more after the first failure");
  parser.add_value("--count", count, "N", "run each test N times");
  parser.add_optional_value("--shuffle", shuffle, "on", "SEED",
                            "run packages and their tests in a random order, which\na number SEED decides and is "
                            "printed; off: do not");
  if (!is_watch)
    parser.add_value("--stress", stress, "N|DURATION",
                     "repeat the tests until one fails, at most N times, or\nfor 30s, 5m, 1h; --timeout is for each "
                     "repetition");
  parser.add_value("--retries", retries, "N", "try a test that fails, crashes or times out up to N\ntimes more");
  parser.add_value("--flaky", flaky, "VERDICT", "what passing in a later try is: pass (the default) or\nfail");
  parser.add_value("-p", packages, "N", "packages run at once; default: processors and one more");
  parser.add_value("--isolate", isolate, "WHAT",
                   "a process of its own for each package or test, or none;\ndefault: auto, one that a package leaves "
                   "as it was takes\nthe next (dll)");
  parser.add_value("--memory", memory, "SIZE", "limit of each test process: 500M, 2G; default: none");
  parser.add_switch("--core", options.core, "let test processes leave core dumps");
  parser.add_switch("--no-cache", no_cache, "neither use nor keep anything of other runs");
  if (!is_watch) parser.add_value("--cache", cache, "verify", "run everything and compare it with what is cached");
  build.add_to(parser, options.release);
  parser.add_switch("--profile", options.profile, "say at the end where the time went");
  parser.add_value("--trace", trace, "FILE", "write a timeline of the run, for ui.perfetto.dev\nor chrome://tracing");
  parser.add_patterns(options.patterns);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;

  Checks checks;
  options.parallel_packages = packages_at_once();
  if (!packages.empty()) checks.take(options.parallel_packages, read_number("-p", packages, kMostAtOnce));
  if (!count.empty()) checks.take(options.count.emplace(), read_number("--count", count, kMostRuns));
  if (!retries.empty()) checks.take(options.retries, read_number("--retries", retries, kMostRetries, 0));
  checks.take(options.shuffle, read_shuffle("--shuffle", shuffle));
  if (!stress.empty()) checks.take(options.stress.emplace(), read_stress("--stress", stress));
  for (auto [given, flag] : {std::pair{options.count.has_value(), "--count"}, {options.retries > 0, "--retries"}})
    if (given && options.stress) checks.take(fail(fmt::format("--stress and {} exclude each other", flag)));
  checks.take(options.flaky_fails, read_flaky(flaky));
  checks.take(options.cache, read_cache(cache, no_cache));
  if (!memory.empty()) checks.take(options.memory, read_size("--memory", memory));
  if (!isolate.empty()) checks.take(options.isolate, read_isolate(isolate));
  if (!timeout.empty()) checks.take(options.timeout, read_time_limit("--timeout", timeout));
  if (!test_timeout.empty())
    checks.take(options.test_timeout.emplace(), read_time_limit("--test-timeout", test_timeout));
  if (!slow.empty()) checks.take(options.slow, read_time_limit("--slow", slow));
  build.check(checks, options, command == RunCommand::kTest);
  if (options.backend == kBothBackends)
    for (auto [given, flag] : {std::pair{!list.empty(), "--list"}, {!trace.empty(), "--trace"}})
      if (given) checks.take(fail(fmt::format("--backend=both and {} exclude each other", flag)));
  checks.take(check_pattern("--run", options.run));
  checks.take(check_pattern("--skip", options.skip));
  checks.take(check_pattern("--list", list));
  if (checks.failure()) return parser.usage_error(checks.failure()->text);
  if (!list.empty()) options.list = list;
  options.trace = trace;
  switch (command) {
    case RunCommand::kExplain:
      return ExplainOptions{std::move(options)};
    case RunCommand::kWatch:
      return WatchOptions{std::move(options)};
    case RunCommand::kTest:
      break;
  }
  return options;
}

/// dyad bisect-order PACKAGE --shuffle=SEED
Result<Command> parse_bisect(const Words& words) {
  TestOptions options;
  BuildWords build;
  std::string shuffle, timeout;
  Parser parser("bisect-order", "dyad bisect-order --shuffle=SEED [flags] PACKAGE",
                "Finds out which tests must run before a test for it to fail.", bisect_footer());
  parser.add_value("--shuffle", shuffle, "SEED", "the order in which a test failed, as dyad test said it");
  parser.add_value("--run", options.run, "REGEX", "only among the tests that match");
  parser.add_value("--skip", options.skip, "REGEX", "not among the tests that match");
  parser.add_value("--timeout", timeout, "DURATION", "kill a run that takes longer; default: 10m");
  build.add_to(parser, options.release);
  parser.add_patterns(options.patterns);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;

  Checks checks;
  checks.take(options.shuffle, read_shuffle("--shuffle", shuffle));
  if (!timeout.empty()) checks.take(options.timeout, read_time_limit("--timeout", timeout));
  build.check(checks, options);
  checks.take(check_pattern("--run", options.run));
  checks.take(check_pattern("--skip", options.skip));
  if (checks.failure()) return parser.usage_error(checks.failure()->text);
  if (!options.shuffle || !options.shuffle->seed)
    return parser.usage_error("dyad bisect-order needs the seed of a shuffled run: --shuffle=SEED");
  if (options.patterns.size() > 1) return parser.usage_error("dyad bisect-order looks into one package");
  return BisectOptions{std::move(options)};
}

/// "dll,exe"
Result<std::array<std::string, 2>> read_pair(const std::string& flag, const std::string& text) {
  const std::size_t comma = text.find(',');
  std::array<std::string, 2> pair{text.substr(0, comma), comma == text.npos ? "" : text.substr(comma + 1)};
  if (pair[0].empty() || pair[1].empty() || pair[1].contains(',') || pair[0] == pair[1])
    return fail(fmt::format("bad value \"{}\" for {}: must be two backends, as in dll,exe", printable(text), flag));
  return pair;
}

/// dyad compare [patterns]
Result<Command> parse_compare(const Words& words) {
  CompareOptions options;
  std::string backends, runs, packages, timeout, json, svg, jobs;
  Parser parser("compare", "dyad compare [flags] [patterns]",
                "Runs the tests on two backends in turn and says which takes less time.", compare_footer());
  parser.add_value("--runs", runs, "N", "runs on each backend; default: 9");
  parser.add_value("--backends", backends, "A,B", "names or absolute paths of plugins; default: dll,exe");
  parser.add_value("--json", json, "FILE", "write all that was measured");
  parser.add_value("--svg", svg, "FILE", "draw a chart");
  parser.add_value("--run", options.test.run, "REGEX", "run only the tests that match");
  parser.add_value("--skip", options.test.skip, "REGEX", "do not run the tests that match");
  parser.add_value("--timeout", timeout, "DURATION", "kill a package that runs longer; default: 10m");
  parser.add_value("-p", packages, "N", "packages run at once where the wall time is taken;\ndefault: as dyad test");
  parser.add_switch("--release", options.test.release, "compile with -O2 instead of -O0; assert() stays");
  parser.add_value("-j", jobs, "N", "compilations at once; default: number of processors");
  parser.add_patterns(options.test.patterns);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;

  Checks checks;
  options.test.compile_jobs = processors();
  options.test.parallel_packages = packages_at_once();
  options.test.count = 1;
  if (!runs.empty()) checks.take(options.runs, read_number("--runs", runs, kMostCompared));
  if (!backends.empty()) checks.take(options.backends, read_pair("--backends", backends));
  if (!packages.empty()) checks.take(options.test.parallel_packages, read_number("-p", packages, kMostAtOnce));
  if (!jobs.empty()) checks.take(options.test.compile_jobs, read_number("-j", jobs, kMostAtOnce));
  if (!timeout.empty()) checks.take(options.test.timeout, read_time_limit("--timeout", timeout));
  checks.take(check_pattern("--run", options.test.run));
  checks.take(check_pattern("--skip", options.test.skip));
  if (checks.failure()) return parser.usage_error(checks.failure()->text);
  options.json = json;
  options.svg = svg;
  return options;
}

Result<Command> parse_build(const Words& words) {
  BuildOptions options;
  BuildWords build;
  std::string output;
  Parser parser("build", "dyad build [flags] [patterns]",
                "Builds the test images of packages and keeps them; runs nothing.", build_footer());
  parser.add_value("-o,--output", output, "DIR", "where the images go; default: _dyad");
  parser.add_switch("--emit-llvm", options.emit_llvm, "write the images' LLVM IR as text instead");
  build.add_to(parser, options.release);
  parser.add_patterns(options.patterns);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;

  Checks checks;
  build.check(checks, options);
  if (checks.failure()) return parser.usage_error(checks.failure()->text);
  if (!output.empty()) options.output = output;
  return options;
}

Result<Command> parse_list(const Words& words) {
  ListOptions options;
  Parser parser("list", "dyad list [patterns]", "Shows the packages that hold test files, a path a line.",
                list_footer());
  parser.add_patterns(options.patterns);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;
  return options;
}

template <class Options>
Result<Command> parse_plain(const std::string& name, const std::string& description, const std::string& footer,
                            const Words& words) {
  Parser parser(name, "dyad " + name, description, footer);
  auto help = parser.parse(words);
  if (!help) return fail(help.error());
  if (*help) return **help;
  return Options{};
}

/// dyad cache ACTION
Result<Command> parse_cache(const Words& words) {
  Parser all("cache", "dyad cache ACTION", "Shows, checks, trims or removes the cache.", cache_footer());
  if (words.empty() || words[0].starts_with('-')) {
    auto help = all.parse(words);
    if (!help) return fail(help.error());
    if (*help) return **help;
    return all.usage_error("dyad cache needs an action: stat, verify, trim, clean, path or seed");
  }
  const auto chosen = std::ranges::find(kCacheActions, words[0], &CacheAction::name);
  if (chosen == kCacheActions.end()) {
    std::array<std::string_view, kCacheActions.size()> names;
    std::ranges::transform(kCacheActions, names.begin(), &CacheAction::name);
    return all.usage_error(
        fmt::format("dyad cache has no action \"{}\"{}", printable(words[0]), did_you_mean(words[0], names)));
  }
  const std::string name = fmt::format("cache {}", chosen->name);
  Parser parser(name, "dyad " + name, std::string(chosen->description), cache_action_footer());
  auto help = parser.parse(Words(words.begin() + 1, words.end()));
  if (!help) return fail(help.error());
  if (*help) return **help;
  return CacheOptions{chosen->action};
}

Result<Command> parse_help(const Words& words);

Result<Command> parse_command(std::string_view command, const Words& words) {
  if (command == "explain") return parse_test(words, RunCommand::kExplain);
  if (command == "watch") return parse_test(words, RunCommand::kWatch);
  if (command == "bisect-order") return parse_bisect(words);
  if (command == "compare") return parse_compare(words);
  if (command == "list") return parse_list(words);
  if (command == "build") return parse_build(words);
  if (command == "cache") return parse_cache(words);
  if (command == "backends")
    return parse_plain<BackendsOptions>("backends", "Shows the backends that were found.", backends_footer(), words);
  if (command == "version")
    return parse_plain<VersionOptions>("version", "Shows the version of dyad.", version_footer(), words);
  if (command == "help") return parse_help(words);
  return parse_test(words);
}

/// dyad help [command]
Result<Command> parse_help(const Words& words) {
  if (words.empty() || words[0] == "-h" || words[0] == "--help" || words[0] == "help")
    return HelpRequest{general_help()};
  if (std::ranges::find(kCommands, words[0]) == kCommands.end())
    return fail(
        fmt::format("no help for \"{}\"{}; see dyad --help", printable(words[0]), did_you_mean(words[0], kCommands)));
  // dyad help cache trim
  if (words[0] == "cache" && words.size() > 1) return parse_cache({words[1], "--help"});
  return parse_command(words[0], {"--help"});
}

/// Whether `word` is a command that was misspelt, and not the name of a directory.
bool is_misspelt_command(const std::string& word) {
  if (word.find_first_of("/.-") != std::string::npos || nearest_name(word, kCommands).empty()) return false;
  std::error_code error;
  return !std::filesystem::exists(word, error);
}

}  // namespace

Result<Command> parse(int argc, const char* const* argv) {
  Words words(argv + std::min(argc, 1), argv + argc);
  if (words.empty()) return parse_test(words);
  const std::string& first = words.front();
  if (first == "-h" || first == "--help" || first == "-help") return HelpRequest{general_help()};
  if (first == "--version" || first == "-version")
    return parse_command("version", Words(words.begin() + 1, words.end()));
  if (std::ranges::find(kCommands, first) != kCommands.end())
    return parse_command(first, Words(words.begin() + 1, words.end()));
  if (is_misspelt_command(first))
    return fail(
        fmt::format("unknown command \"{}\"{}; see dyad --help", printable(first), did_you_mean(first, kCommands)));
  return parse_test(words);
}

}  // namespace dyad::cli
