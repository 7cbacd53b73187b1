/// The subcommands of `dyad`, each in a file of its own. Each returns the exit code; a Result's failure is a usage,
/// configuration or tool error that main() prints as one line.
#pragma once

#include "host/base/exit_code.hpp"
#include "host/base/result.hpp"
#include "host/cli/options.hpp"

namespace dyad {

struct Resident;

/// `dyad test`: the whole run. test_command.cpp is the file to read first. A test that failed is no failure but an exit
/// code; after an interruption the code is 128 + signal.
Result<int> run_tests(const cli::TestOptions& options);
/// One of several runs in one process. Only after it the process may end or begin the next.
Result<int> run_tests(const cli::TestOptions& options, Resident& resident);

/// `dyad test --backend=both`: on dll, then on exe. Of the second run only what differs is printed, and is a failure.
Result<int> run_tests_on_both(const cli::TestOptions& options);

/// `dyad watch`: runs tests whenever something changes, until it is interrupted. The exit code is 128 + signal.
Result<int> watch_packages(const cli::WatchOptions& options);

/// `dyad bisect-order`: for each test that fails in a shuffled order, which tests before it make it fail.
Result<int> bisect_order(const cli::BisectOptions& options);

/// `dyad compare`: runs on two backends in turn; says which takes less time, and whether the verdicts agree.
Result<int> compare_backends(const cli::CompareOptions& options);

/// `dyad build`: images, or LLVM IR, kept in a directory.
Result<int> build_packages(const cli::BuildOptions& options);

/// `dyad list`: the packages that the patterns name, a path a line.
Result<int> list_packages(const cli::ListOptions& options);

/// `dyad explain`: for each package whether it is cached, and if not, why.
Result<int> explain_packages(const cli::ExplainOptions& options);

/// `dyad cache stat`, `verify`, `trim`, `clean`, `path`, `seed`. `verify` is a tool error (5) if an entry was damaged.
Result<int> manage_cache(const cli::CacheOptions& options);

/// `dyad backends`: the plugins of this installation, a line each: name, version, artifact kind, path; or what is
/// wrong.
Result<int> show_backends();

}  // namespace dyad
