/// The exit codes of `dyad`, all of them. 128 + signal is used when a run was interrupted.
#pragma once

namespace dyad {

enum class ExitCode : int {
  kPassed = 0,      ///< everything passed
  kTestFailed = 1,  ///< a test failed, crashed or timed out
  kUsage = 2,       ///< bad command line, bad dyad.toml, no such directory
  kBuildFailed = 3, ///< a package did not build or load
  kNothing = 4,     ///< no package or no test matched
  kTool = 5,        ///< dyad itself failed
};

/// The worse of two, by the order in which a user must act: tool, usage, build, test, nothing, passed.
ExitCode worse(ExitCode a, ExitCode b);

}  // namespace dyad
