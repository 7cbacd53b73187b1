/// A run as a timeline in Chrome's trace-event format (JSON object format, complete events), which ui.perfetto.dev and
/// chrome://tracing open. Process 1 is dyad, a track for each thread; process 2 are the tests, a track for each place
/// in which one test process runs at a time. Times are microseconds since the run began.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/trace/recorder.hpp"

namespace dyad::trace {

/// Sources are named relative to `root`.
std::string chrome_trace(const std::vector<Lane>& lanes, std::int64_t began_ns, const std::filesystem::path& root);

}  // namespace dyad::trace
