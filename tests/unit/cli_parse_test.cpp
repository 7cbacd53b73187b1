#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "host/base/file.hpp"
#include "host/cli/options.hpp"

namespace dyad::cli {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

Result<Command> parse_words(const Strings& words) {
  std::vector<const char*> argv{"dyad"};
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse(static_cast<int>(argv.size()), argv.data());
}

template <class Options>
Options parse_as(const Strings& words) {
  auto command = parse_words(words);
  EXPECT_TRUE(command) << command.error().text;
  if (!command || !std::holds_alternative<Options>(*command)) {
    ADD_FAILURE() << "another command, " << (words.empty() ? "" : words[0]);
    return {};
  }
  return std::get<Options>(*command);
}

TestOptions test(const Strings& words) { return parse_as<TestOptions>(words); }

std::string error_of(const Strings& words) {
  auto command = parse_words(words);
  if (command) return "no error";
  EXPECT_EQ(command.error().text.find('\n'), std::string::npos) << command.error().text;
  return command.error().text;
}

TEST(CliTest, PlainDyadTestsTheCurrentDirectory) {
  for (const Strings& words : {Strings{}, Strings{"test"}}) {
    auto options = test(words);
    EXPECT_EQ(options.patterns, Strings{"."});
    EXPECT_EQ(options.backend, "dll");
    EXPECT_EQ(options.timeout, 10min);
    EXPECT_FALSE(options.count);
    const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
    EXPECT_EQ(options.parallel_packages, processors == 1 ? 1 : processors + 1);
    EXPECT_EQ(options.compile_jobs, std::max(1u, std::thread::hardware_concurrency()));
    EXPECT_FALSE(options.verbose || options.failfast || options.release || options.debug_stats || options.debug_time);
    EXPECT_TRUE(options.preludes);
    EXPECT_EQ(options.list, std::nullopt);
    EXPECT_EQ(options.run + options.skip, "");
  }
}

TEST(CliTest, ProfileAndTraceAreOffUnlessAskedFor) {
  EXPECT_FALSE(test({}).profile);
  EXPECT_EQ(test({}).trace, "");
  EXPECT_TRUE(test({"--profile"}).profile);
  EXPECT_EQ(test({"--trace=t.json"}).trace, "t.json");
  EXPECT_EQ(test({"-trace", "t.json"}).trace, "t.json");
}

TEST(CliTest, EveryTestFlagIsRead) {
  auto options =
      test({"test", "-v", "--run=A/b", "--skip=C", "--list=D", "--backend=exe", "-p", "3", "-j", "5", "--timeout=1m30s",
            "--failfast", "--count=7", "--release", "--no-prelude", "--debug=stats,time", "./x", "./y/..."});
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.run, "A/b");
  EXPECT_EQ(options.skip, "C");
  EXPECT_EQ(options.list, "D");
  EXPECT_EQ(options.backend, "exe");
  EXPECT_EQ(options.parallel_packages, 3u);
  EXPECT_EQ(options.compile_jobs, 5u);
  EXPECT_EQ(options.timeout, 90s);
  EXPECT_TRUE(options.failfast);
  EXPECT_EQ(options.count, 7u);
  EXPECT_TRUE(options.release);
  EXPECT_FALSE(options.preludes);
  EXPECT_TRUE(options.debug_stats);
  EXPECT_TRUE(options.debug_time);
  EXPECT_EQ(options.patterns, (Strings{"./x", "./y/..."}));
}

TEST(CliTest, ShuffleTakesItsSeedBehindAnEqualsSign) {
  EXPECT_FALSE(test({}).shuffle);
  auto options = test({"--shuffle", "./x"});
  ASSERT_TRUE(options.shuffle);
  EXPECT_EQ(options.shuffle->seed, std::nullopt);
  EXPECT_EQ(options.patterns, Strings{"./x"});
  EXPECT_FALSE(options.reuses_results());
  EXPECT_EQ(test({"-shuffle=on"}).shuffle->seed, std::nullopt);
  EXPECT_EQ(test({"--shuffle=0"}).shuffle->seed, 0u);
  EXPECT_EQ(test({"--shuffle", "--shuffle=4294967295", "-v"}).shuffle->seed, 4294967295u);
  EXPECT_FALSE(test({"--shuffle=7", "--shuffle=off"}).shuffle);
  EXPECT_TRUE(test({"--shuffle=off"}).reuses_results());
  for (const char* bad : {"4294967296", "-1", "1x", "yes"})
    EXPECT_EQ(error_of({std::string("--shuffle=") + bad}),
              fmt::format("bad value \"{}\" for --shuffle: must be on, off, or a seed: a number from 0 to 4294967295; "
                          "see dyad test --help",
                          bad));
  EXPECT_EQ(error_of({"--shuffle="}), "--shuffle needs a value; see dyad test --help");
}

TEST(CliTest, BisectOrderNeedsASeedAndOnePackage) {
  auto options = parse_as<BisectOptions>({"bisect-order", "./x", "--shuffle=7", "--run=A", "--backend=exe"}).test;
  EXPECT_EQ(options.shuffle->seed, 7u);
  EXPECT_EQ(options.patterns, Strings{"./x"});
  EXPECT_EQ(options.run, "A");
  EXPECT_EQ(options.backend, "exe");
  for (const Strings& words : {Strings{"bisect-order", "."}, {"bisect-order", "--shuffle=on", "."}})
    EXPECT_EQ(error_of(words),
              "dyad bisect-order needs the seed of a shuffled run: --shuffle=SEED; see dyad bisect-order --help");
  EXPECT_EQ(error_of({"bisect-order", "--shuffle=1", "a", "b"}),
            "dyad bisect-order looks into one package; see dyad bisect-order --help");
}

TEST(CliTest, BothBackendsAreForTestAlone) {
  EXPECT_EQ(test({"--backend=both"}).backend, kBothBackends);
  for (const char* command : {"explain", "watch", "build"})
    EXPECT_EQ(error_of({command, "--backend=both"}),
              fmt::format("--backend=both is for dyad test alone; see dyad {} --help", command));
  EXPECT_EQ(error_of({"--backend=both", "--list=."}),
            "--backend=both and --list exclude each other; see dyad test --help");
  EXPECT_EQ(error_of({"--backend=both", "--trace=t"}),
            "--backend=both and --trace exclude each other; see dyad test --help");
}

TEST(CliTest, StressIsANumberOrADuration) {
  EXPECT_FALSE(test({}).stress);
  EXPECT_EQ(test({"--stress=200"}).stress->repetitions, 200u);
  EXPECT_EQ(test({"--stress=200"}).stress->time.count(), 0);
  EXPECT_EQ(test({"--stress", "1m30s"}).stress->time, 90s);
  EXPECT_EQ(test({"--stress=1h"}).stress->repetitions, 0u);
  EXPECT_FALSE(test({"--stress=1h"}).reuses_results());
  for (const char* bad : {"0", "0s", "-1", "x", "4294967296", "1201h"})
    EXPECT_EQ(error_of({std::string("--stress=") + bad}),
              fmt::format("bad value \"{}\" for --stress: must be a number from 1 to 4294967295, or a duration such as "
                          "30s, at most 49 days; see dyad test --help",
                          bad));
  EXPECT_EQ(error_of({"--stress=2", "--count=1"}), "--stress and --count exclude each other; see dyad test --help");
  EXPECT_EQ(error_of({"--stress=2", "--retries=1"}), "--stress and --retries exclude each other; see dyad test --help");
}

TEST(CliTest, RetriesAreCountedAndFlakyIsPassOrFail) {
  EXPECT_EQ(test({}).retries, 0u);
  EXPECT_FALSE(test({}).flaky_fails);
  EXPECT_EQ(test({"--retries=3"}).retries, 3u);
  EXPECT_EQ(test({"--retries=3", "--retries=0"}).retries, 0u);
  EXPECT_TRUE(test({"--flaky=fail"}).flaky_fails);
  EXPECT_FALSE(test({"--flaky=fail", "--flaky=pass"}).flaky_fails);
  EXPECT_EQ(error_of({"--retries=1001"}),
            "bad value \"1001\" for --retries: must be a number from 0 to 1000; see dyad test --help");
  EXPECT_EQ(error_of({"--flaky=x"}), "bad value \"x\" for --flaky: must be pass or fail; see dyad test --help");
}

TEST(CliTest, GoSpellingOfFlagsIsUnderstood) {
  auto options =
      test({"-run", "X", "-v", "-count=2", "-timeout", "5s", "-failfast", "-p=4", "-skip=Y", "-list", ".", "./z"});
  EXPECT_EQ(options.run, "X");
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.count, 2u);
  EXPECT_EQ(options.timeout, 5s);
  EXPECT_TRUE(options.failfast);
  EXPECT_EQ(options.parallel_packages, 4u);
  EXPECT_EQ(options.skip, "Y");
  EXPECT_EQ(options.list, ".");
  EXPECT_EQ(options.patterns, Strings{"./z"});
}

TEST(CliTest, AFlagMayHaveOneDashOrTwo) {
  EXPECT_TRUE(test({"--v"}).verbose);
  EXPECT_TRUE(test({"-verbose"}).verbose);
  EXPECT_EQ(test({"--p=4"}).parallel_packages, 4u);
}

TEST(CliTest, FlagsMayFollowPatterns) {
  auto options = test({"./a", "-v", "./b", "-j8"});
  EXPECT_EQ(options.patterns, (Strings{"./a", "./b"}));
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.compile_jobs, 8u);
}

TEST(CliTest, ValuesMayLookLikeAnything) {
  EXPECT_EQ(test({"--run", "-v"}).run, "-v");
  EXPECT_EQ(test({"--run", "--"}).run, "--");
  EXPECT_EQ(test({"--run", "test"}).run, "test");
  EXPECT_EQ(test({"--run=a=b"}).run, "a=b");
  EXPECT_EQ(test({"--run=[a,b]"}).run, "[a,b]");
  EXPECT_EQ(test({"--run", "größe"}).run, "größe");
  EXPECT_EQ(test({"--backend", "/x y/z.so"}).backend, "/x y/z.so");
}

TEST(CliTest, PatternsMayLookLikeAnything) {
  EXPECT_EQ(test({"test", "test", "list"}).patterns, (Strings{"test", "list"}));
  EXPECT_EQ(test({"--", "-v", "--run"}).patterns, (Strings{"-v", "--run"}));
  EXPECT_EQ(test({"[a,b]", "{x}", "-", ""}).patterns, (Strings{"[a,b]", "{x}", "-", ""}));
  EXPECT_EQ(test({"./list"}).patterns, Strings{"./list"});
  EXPECT_EQ(test({"--"}).patterns, Strings{"."});
}

TEST(CliTest, TheLastUseOfAFlagCounts) {
  auto options = test({"--count=2", "--count=3", "--run=a", "--run=b", "-v", "-v", "--skip=a", "--skip="});
  EXPECT_EQ(options.count, 3u);
  EXPECT_EQ(options.run, "b");
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.skip, "");
}

TEST(CliTest, AnEmptyPatternSelectsEverythingAndDoesNotEatTheNextWord) {
  auto options = test({"--run=", "./x"});
  EXPECT_EQ(options.run, "");
  EXPECT_EQ(options.patterns, Strings{"./x"});
  EXPECT_EQ(test({"--list", "", "./x"}).list, std::nullopt);
}

TEST(CliTest, DebugNamesAddUp) {
  auto options = test({"--debug=stats", "--debug", "time"});
  EXPECT_TRUE(options.debug_stats && options.debug_time);
  EXPECT_FALSE(test({"--debug=time"}).debug_stats);
  EXPECT_EQ(
      error_of({"--debug=stats,tim"}),
      "bad value \"tim\" for --debug: must be explain, stats or time (did you mean \"time\"?); see dyad test --help");
  EXPECT_EQ(error_of({"--debug=stats,"}),
            "bad value \"\" for --debug: must be explain, stats or time; see dyad test --help");
}

TEST(CliTest, UnknownFlagsAreErrors) {
  EXPECT_EQ(error_of({"--foo"}), "unknown flag --foo; see dyad test --help");
  EXPECT_EQ(error_of({"test", "--verbos"}), "unknown flag --verbos (did you mean --verbose?); see dyad test --help");
  EXPECT_EQ(error_of({"-cuont=2"}), "unknown flag -cuont (did you mean --count?); see dyad test --help");
  EXPECT_EQ(error_of({"-x"}), "unknown flag -x; see dyad test --help");
  EXPECT_EQ(error_of({"-verify"}), "unknown flag -verify; see dyad test --help");
  EXPECT_EQ(error_of({"list", "-v"}), "unknown flag -v; see dyad list --help");
  EXPECT_EQ(error_of({"build", "--count=2"}), "unknown flag --count; see dyad build --help");
  EXPECT_EQ(error_of({"--verbosely"}), "unknown flag --verbosely (did you mean --verbose?); see dyad test --help");
}

TEST(CliTest, BadNumbersAreErrors) {
  for (const char* value : {"0", "-1", "1e9", "x", "4097", "99999999999999999999", "1.5", "0x10", " 1", "+1", "1 "})
    for (const char* flag : {"-p", "-j"})
      EXPECT_EQ(error_of({flag, value}), std::string("bad value \"") + value + "\" for " + flag +
                                             ": must be a number from 1 to 4096; see dyad test --help");
  EXPECT_EQ(error_of({"--count=0"}),
            "bad value \"0\" for --count: must be a number from 1 to 1000000; see dyad test --help");
  EXPECT_EQ(error_of({"build", "-j0"}),
            "bad value \"0\" for -j: must be a number from 1 to 4096; see dyad build --help");
}

TEST(CliTest, BadDurationsAreErrors) {
  for (const char* value : {"5", "-5s", "x", "1y", "99999999999h"})
    EXPECT_EQ(error_of({"--timeout", value}), std::string("bad value \"") + value +
                                                  "\" for --timeout: must be a duration such as 10m, 1m30s or 500ms, "
                                                  "or 0 for no limit; see dyad test --help");
  EXPECT_EQ(test({"--timeout=0"}).timeout, 0ms);
  EXPECT_EQ(test({"--timeout=0s"}).timeout, 0ms);
  EXPECT_EQ(test({"--timeout=1us"}).timeout, 1ms);  // not "no limit"
}

TEST(CliTest, BadRegularExpressionsAreErrors) {
  EXPECT_EQ(error_of({"--run=("}), "bad regular expression \"(\" for --run: unmatched ( or \\(; see dyad test --help");
  EXPECT_TRUE(error_of({"--skip=a/[b"}).starts_with("bad regular expression \"a/[b\" for --skip: unmatched ["));
  EXPECT_TRUE(error_of({"--run=a{2,1}"}).starts_with("bad regular expression \"a{2,1}\" for --run: "));
  for (const char* good : {"^TestX$", "A|B/c", "(a/b)", "[a/b]/c", "[]/]x", "[[:alpha:]/]+", "Suite\\.Test/0", "a/"})
    EXPECT_EQ(test({"--run", good}).run, good);
}

TEST(CliTest, AMissingOrUnwantedValueIsAnError) {
  EXPECT_EQ(error_of({"--count"}), "--count needs a value; see dyad test --help");
  EXPECT_EQ(error_of({"-p"}), "-p needs a value; see dyad test --help");
  EXPECT_EQ(error_of({"-p="}), "-p needs a value; see dyad test --help");
  EXPECT_EQ(error_of({"--backend="}), "--backend needs a value; see dyad test --help");
  EXPECT_EQ(error_of({"--backend", ""}), "--backend needs a value; see dyad test --help");
  EXPECT_EQ(error_of({"--failfast=3"}), "--failfast takes no value, but got \"3\"; see dyad test --help");
  EXPECT_EQ(error_of({"-v=\x1b[31m"}), "--verbose takes no value, but got \"\\x1b[31m\"; see dyad test --help");
}

TEST(CliTest, OtherCommandsAreRead) {
  EXPECT_EQ(parse_as<ListOptions>({"list", "./..."}).patterns, Strings{"./..."});
  EXPECT_EQ(parse_as<ListOptions>({"list"}).patterns, Strings{"."});
  parse_as<BackendsOptions>({"backends"});
  parse_as<VersionOptions>({"version"});
  parse_as<VersionOptions>({"--version"});
  auto build = parse_as<BuildOptions>({"build"});
  EXPECT_EQ(build.output, "_dyad");
  EXPECT_EQ(build.patterns, Strings{"."});
  EXPECT_FALSE(build.emit_llvm);
  build = parse_as<BuildOptions>(
      {"build", "-o", "out", "--emit-llvm", "--backend=exe", "--release", "-j3", "--debug=stats", "./a"});
  EXPECT_EQ(build.output, "out");
  EXPECT_TRUE(build.emit_llvm && build.release && build.debug_stats && !build.debug_time);
  EXPECT_EQ(build.backend, "exe");
  EXPECT_EQ(build.compile_jobs, 3u);
  EXPECT_EQ(build.patterns, Strings{"./a"});
  EXPECT_EQ(parse_as<BuildOptions>({"build", "-oout"}).output, "out");
  EXPECT_EQ(parse_as<BuildOptions>({"build", "--output=a b"}).output, "a b");
}

TEST(CliTest, CommandsWithoutArgumentsRefuseThem) {
  EXPECT_EQ(error_of({"version", "x"}), "dyad version takes no arguments; see dyad version --help");
  EXPECT_EQ(error_of({"backends", "./..."}), "dyad backends takes no arguments; see dyad backends --help");
}

TEST(CliTest, AMisspeltCommandIsNotADirectory) {
  auto home = *TemporaryDirectory::create("dyad-cli-");
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(home.path());
  EXPECT_EQ(error_of({"tset"}), "unknown command \"tset\" (did you mean \"test\"?); see dyad --help");
  EXPECT_EQ(error_of({"backend"}), "unknown command \"backend\" (did you mean \"backends\"?); see dyad --help");
  EXPECT_EQ(test({"calc"}).patterns, Strings{"calc"});
  EXPECT_EQ(test({"./tests"}).patterns, Strings{"./tests"});
  std::filesystem::create_directory("tests");
  EXPECT_EQ(test({"tests"}).patterns, Strings{"tests"});
  std::filesystem::current_path(before);
}

TEST(ParseWatch, TakesTheFlagsOfARun) {
  const char* argv[] = {"dyad", "watch", "-v", "--run=Parse", "./text"};
  auto command = parse(5, argv);
  ASSERT_TRUE(command) << command.error().text;
  const auto& test = std::get<WatchOptions>(*command).test;
  EXPECT_TRUE(test.verbose);
  EXPECT_EQ(test.run, "Parse");
  EXPECT_EQ(test.patterns, std::vector<std::string>{"./text"});
}

TEST(ParseWatch, RefusesWhatMakesNoSenseAgainAndAgain) {
  const char* argv[] = {"dyad", "watch", "--list=."};
  auto command = parse(3, argv);
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().text, "unknown flag --list; see dyad watch --help");
}

}  // namespace
}  // namespace dyad::cli
