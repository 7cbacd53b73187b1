/// The command line as plain data, and how it is read. Knows nothing of packages, compilers or backends: a pattern or a
/// backend's name is text here. CLI11 is known to the .cpp files of this folder alone.
///
/// People who come from Go type -run, -count=1, -timeout 5s: long flags are understood with one dash as well as with
/// two.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/base/result.hpp"

namespace dyad::cli {

/// --stress: so many repetitions, or for so long; the other is 0.
struct Stress {
  unsigned repetitions = 0;
  std::chrono::milliseconds time{0};
};

/// --shuffle: by this seed, or by one that nobody knows yet.
struct Shuffle {
  std::optional<std::uint32_t> seed;
};

/// --backend=both, of `dyad test` alone: dll and exe, and their verdicts compared.
inline constexpr std::string_view kBothBackends = "both";

/// dyad [test] [flags] [patterns]
struct TestOptions {
  std::vector<std::string> patterns;  ///< never empty: "." if none was given
  bool verbose = false;
  std::string run;                  ///< POSIX extended regular expression, split at '/'; empty: all. Checked.
  std::string skip;                 ///< the same; empty: none
  std::optional<std::string> list;  ///< name the tests that match, run none
  std::string backend = "dll";      ///< a name, a path, or kBothBackends
  bool backend_by_default = true;   ///< nobody has asked for it
  unsigned parallel_packages = 1;   ///< -p: packages run at once; default: processors and one more
  unsigned compile_jobs = 1;        ///< -j: compilations at once; default: number of processors
  std::chrono::milliseconds timeout = std::chrono::minutes(10);  ///< per package; zero: none
  std::optional<std::chrono::milliseconds> test_timeout;         ///< per test; zero: none; not given: dyad.toml, 1m
  std::chrono::milliseconds slow = std::chrono::seconds(15);     ///< said of a test that runs longer; zero: never
  bool failfast = false;
  std::uint64_t memory = 0;  ///< limit of each test process in bytes; 0: none
  bool core = false;         ///< test processes may leave core dumps
  enum class Isolate { kNone, kAuto, kPackage, kTest } isolate = Isolate::kAuto;
  std::optional<unsigned> count;  ///< runs of every test; at least 1. Given: nothing is taken from earlier results
  /// Given: tests and packages run in a random order, and nothing is taken from earlier results or kept.
  std::optional<Shuffle> shuffle;
  /// Given: tests are repeated until one fails, and nothing is taken from earlier results or kept.
  std::optional<Stress> stress;
  unsigned retries = 0;      ///< further tries of a test that does not pass
  bool flaky_fails = false;  ///< ... and passing in one of them is a failure
  bool release = false;
  bool preludes = true;  ///< parse the headers of libraries once for many sources
  enum class Cache { kUse, kOff, kVerify } cache = Cache::kUse;
  bool debug_explain = false;   ///< why each package was not cached
  bool debug_stats = false;     ///< counters at the end of the run
  bool debug_time = false;      ///< where the time went
  bool profile = false;         ///< phases, slowest packages, bottleneck at the end of the run
  std::filesystem::path trace;  ///< where a timeline of the run is written to; empty: nowhere

  /// Whether results of earlier runs count, and this one's are kept.
  bool reuses_results() const { return !count && !shuffle && !stress; }
};

/// dyad explain [flags] patterns: what the next `dyad test` with these flags would do again, and why.
struct ExplainOptions {
  TestOptions test;
};

/// dyad watch [flags] [patterns]: a run with these flags whenever something changes.
struct WatchOptions {
  TestOptions test;
};

/// dyad bisect-order [flags] PACKAGE
struct BisectOptions {
  TestOptions test;  ///< one pattern; `shuffle` with its seed
};

/// dyad compare [flags] [patterns]
struct CompareOptions {
  TestOptions test;  ///< `backend` is not used
  std::array<std::string, 2> backends{"dll", "exe"};
  unsigned runs = 9;           ///< of each
  std::filesystem::path json;  ///< where everything is written to; empty: nowhere
  std::filesystem::path svg;   ///< likewise a chart
};

/// dyad list [patterns]
struct ListOptions {
  std::vector<std::string> patterns;
};

/// dyad build [flags] [patterns]
struct BuildOptions {
  std::vector<std::string> patterns;
  std::filesystem::path output = "_dyad";  ///< as given, relative to the current directory; "..." leaves "_dyad" out
  bool emit_llvm = false;
  std::string backend = "dll";
  unsigned compile_jobs = 1;
  bool release = false;
  bool preludes = true;      ///< parse the headers of libraries once for many sources
  bool debug_stats = false;  ///< counters at the end of the run
  bool debug_time = false;   ///< where the time went
};

/// dyad cache stat, dyad cache verify, ...
struct CacheOptions {
  enum class Action { kStat, kVerify, kTrim, kClean, kPath, kSeed };
  Action action = Action::kStat;
};

/// dyad backends
struct BackendsOptions {};

/// dyad version, dyad --version
struct VersionOptions {};

/// --help, dyad help [command]: print `text` (it ends with a newline) on stdout and exit with 0.
struct HelpRequest {
  std::string text;
};

using Command = std::variant<TestOptions, ExplainOptions, WatchOptions, BisectOptions, CompareOptions, ListOptions,
                             BuildOptions, CacheOptions, BackendsOptions, VersionOptions, HelpRequest>;

/// Reads the arguments after argv[0]. A usage error is one line that ends with where to find help:
/// `unknown flag --foo; see dyad test --help`. Looks at the file system for one thing: whether a misspelt command is a
/// directory.
Result<Command> parse(int argc, const char* const* argv);

}  // namespace dyad::cli
