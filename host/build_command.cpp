#include <fmt/format.h>

#include <cstdio>

#include "host/base/installation.hpp"
#include "host/base/text.hpp"
#include "host/build/session.hpp"
#include "host/commands.hpp"
#include "host/debug_output.hpp"
#include "host/report/colour.hpp"
#include "host/run/backend.hpp"

namespace dyad {

Result<int> build_packages(const cli::BuildOptions& options) {
  Timeline timeline;
  auto installation = Installation::find();
  if (!installation) return fail(installation.error());
  auto cwd = std::filesystem::current_path();
  auto workspace = discover::find_workspace(cwd);
  if (!workspace) return fail(workspace.error());
  auto packages = discover::find_packages(*workspace, cwd, options.patterns);
  if (!packages) return fail(packages.error());
  auto backend = run::Backend::load(options.backend, installation->lib_dir);
  if (!backend) return fail(backend.error());

  const auto kind =
      backend->functions().artifact == DYAD_ARTIFACT_SHARED ? build::ImageKind::kShared : build::ImageKind::kExecutable;
  const auto output = std::filesystem::absolute(options.output);
  build::Statistics statistics;
  auto session = build::Session::open(
      *installation, *workspace,
      {.release = options.release, .jobs = options.compile_jobs, .output = output, .preludes = options.preludes},
      statistics);
  if (!session) return fail(session.error());
  const bool colour = report::wants_colour(fileno(stderr));

  build::Builder& builder = (*session)->builder();
  builder.start(*packages);
  std::size_t images = 0;
  bool any_failed = false;
  for (const auto& package : *packages) {
    if (!package.problem.empty()) {
      fmt::print(stderr, "error: {}: {}\n", package.directory.native(), package.problem);
      any_failed = true;
    }
    if (package.tests.empty()) continue;
    auto built = options.emit_llvm ? builder.emit_llvm(package) : builder.build(package, kind);
    if (!built.diagnostics.empty())
      fmt::print(stderr, "# {}\n{}", printable(package.id.path),
                 colour ? built.diagnostics : without_colours(built.diagnostics));
    for (const auto& notice : built.notices) fmt::print(stderr, "note: {}: {}\n", printable(package.id.path), notice);
    for (const auto& image : built.images) fmt::print("{}\n", image.file.native());
    images += built.images.size();
    any_failed = any_failed || built.failed;
  }
  if (options.debug_stats) print_statistics(statistics, (*session)->cache_counts());
  timeline.end("build");
  if (options.debug_time) print_times(timeline, statistics);
  if (any_failed) return static_cast<int>(ExitCode::kBuildFailed);
  if (images == 0) fmt::print(stderr, "dyad: nothing to build: no package with tests matches\n");
  return static_cast<int>(images == 0 ? ExitCode::kNothing : ExitCode::kPassed);
}

}  // namespace dyad
