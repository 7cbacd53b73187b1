/// A process is asked for its stacks by SIGQUIT, which its threads may block or ignore.
#pragma once

#include <string>

namespace dyad::run {

/// Lets SIGQUIT through to the threads of a process that block it: each is stopped for an instant (ptrace) and its mask
/// changed. Takes about a tenth of a millisecond a thread, at most a tenth of a second. `pid` is what the process has
/// said of itself: nothing is done unless it is a descendant of this one. Empty, or why there will be no stacks: "it
/// blocks SIGQUIT, and ptrace: Operation not permitted", "it ignores SIGQUIT".
std::string let_query_through(int pid);

}  // namespace dyad::run
