#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <variant>

#include "host/cli/options.hpp"
#include "host/commands.hpp"
#include "host/heap.hpp"

namespace {

using namespace dyad;

struct Dispatch {
  Result<int> operator()(const cli::TestOptions& options) const {
    return options.backend == cli::kBothBackends ? run_tests_on_both(options) : run_tests(options);
  }
  Result<int> operator()(const cli::ExplainOptions& options) const { return explain_packages(options); }
  Result<int> operator()(const cli::WatchOptions& options) const { return watch_packages(options); }
  Result<int> operator()(const cli::BisectOptions& options) const { return bisect_order(options); }
  Result<int> operator()(const cli::CompareOptions& options) const { return compare_backends(options); }
  Result<int> operator()(const cli::ListOptions& options) const { return list_packages(options); }
  Result<int> operator()(const cli::BuildOptions& options) const { return build_packages(options); }
  Result<int> operator()(const cli::CacheOptions& options) const { return manage_cache(options); }
  Result<int> operator()(const cli::BackendsOptions&) const { return show_backends(); }
  Result<int> operator()(const cli::VersionOptions&) const {
    fmt::print("dyad {}\n", DYAD_VERSION);
    return 0;
  }
  Result<int> operator()(const cli::HelpRequest& help) const {
    std::fputs(help.text.c_str(), stdout);
    return 0;
  }
};

int complain(ExitCode code, const std::string& text) {
  fmt::print(stderr, "dyad: {}\n", text);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) try {
  keep_free_memory();
  auto command = cli::parse(argc, argv);
  if (!command) return complain(ExitCode::kUsage, command.error().text);
  auto code = std::visit(Dispatch(), *command);
  return code ? *code : complain(ExitCode::kUsage, code.error().text);
} catch (const std::exception& problem) {
  return complain(ExitCode::kTool, fmt::format("internal error: {}", problem.what()));
}
