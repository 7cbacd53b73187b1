#include "host/results/known_results.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/build/given_facts.hpp"
#include "host/results/stored_result.hpp"

namespace dyad::results {

using inputs::Fact;
using inputs::FactKind;
using inputs::FileStates;
using run::Consulted;
using run::PackageResult;
using run::Verdict;

namespace {

/// What the dynamic loader, the C library and the runtimes of sanitizers read by themselves, before any code of a
/// process runs or in calls that nobody can see.
constexpr std::array kVariables{"ASAN_OPTIONS",      "GCONV_PATH",
                                "GLIBCXX_TUNABLES",  "GLIBC_TUNABLES",
                                "HWASAN_OPTIONS",    "LD_AUDIT",
                                "LD_BIND_NOT",       "LD_BIND_NOW",
                                "LD_DYNAMIC_WEAK",   "LD_HWCAP_MASK",
                                "LD_LIBRARY_PATH",   "LD_PRELOAD",
                                "LSAN_OPTIONS",      "MALLOC_ARENA_MAX",
                                "MALLOC_ARENA_TEST", "MALLOC_CHECK_",
                                "MALLOC_MMAP_MAX_",  "MALLOC_MMAP_THRESHOLD_",
                                "MALLOC_PERTURB_",   "MALLOC_TCACHE_COUNT",
                                "MALLOC_TOP_PAD_",   "MALLOC_TRIM_THRESHOLD_",
                                "MSAN_OPTIONS",      "POSIXLY_CORRECT",
                                "TSAN_OPTIONS",      "UBSAN_OPTIONS"};
/// Files of the dynamic loader.
constexpr std::array kLoaderFiles{"/etc/ld.so.cache", "/etc/ld.so.preload"};

FactKind kind_of(Consulted::Kind kind) {
  switch (kind) {
    case Consulted::Kind::kContent:
    case Consulted::Kind::kLoaded:
      return FactKind::kFile;
    case Consulted::Kind::kStat:
      return FactKind::kMetadata;
    case Consulted::Kind::kDirectory:
      return FactKind::kListing;
    case Consulted::Kind::kLink:
      return FactKind::kLink;
    case Consulted::Kind::kEnvironment:
      return FactKind::kEnvironment;
    case Consulted::Kind::kOutput:
      return FactKind::kOutput;
  }
  return FactKind::kMetadata;
}

/// Is what is there now (`now`) not what the tests saw?
bool changed_meanwhile(const Consulted& consulted, const Fact& now, FileStates& files, FileStates::Ways& ways) {
  const std::string& path = consulted.text;
  switch (consulted.kind) {
    case Consulted::Kind::kEnvironment:
      return false;
    case Consulted::Kind::kOutput:  // the tests wrote it themselves
      return now.state != FileStates::free_to_write() && files.changed_meanwhile(path, ways);
    default:
      break;
  }
  // A link that leads nowhere is there for lstat() and is not for stat().
  if (consulted.seen == Consulted::Seen::kPresent && now.state == FileStates::missing()) return true;
  if (consulted.seen == Consulted::Seen::kAbsent && files.content_of(path) != FileStates::missing()) return true;
  return files.changed_meanwhile(path, ways);
}

}  // namespace

std::string reason_not_to_keep(const PackageResult& result, bool list_only) {
  if (result.kind != PackageResult::Kind::kRan) return "it was not run";
  if (!result.uncacheable.empty()) return "it " + result.uncacheable;
  if (result.failed_outside || !result.reason.empty()) return "it failed";
  for (const auto& test : result.tests)
    if (test.is_flaky()) return test.name + " is flaky";
  for (const auto& test : result.tests)
    if (test.verdict != Verdict::kPass && test.verdict != Verdict::kSkip && !list_only)
      return test.name + " did not pass";
  return "";
}

KnownResults::KnownResults(inputs::World& world, BackendOf backend_of, const run::RunOptions& options)
    : world_(world), backend_of_(std::move(backend_of)), options_(options) {}

std::optional<cache::ActionId> KnownResults::lookup_action(const discover::Package& package,
                                                           const build::BuiltPackage& built) const {
  if (built.images.empty() || std::ranges::any_of(built.images, [](const build::Image& image) { return !image.key; }))
    return std::nullopt;
  cache::Hasher hasher("result 4");
  hasher.add(backend_of_(built.kind)).add(package.directory.native()).add(built.images.size());
  for (const auto& image : built.images) hasher.add(image.name).add(*image.key).add(image.content);
  hasher.add(options_.run_pattern)
      .add(options_.skip_pattern)
      .add(std::uint64_t{options_.failfast})
      .add(std::uint64_t{options_.list_only})
      .add(std::uint64_t{options_.isolation == run::Isolation::kNone ? 1u
                                                                     : options_.isolation == run::Isolation::kTest});
  hasher.add(static_cast<std::uint64_t>(options_.time_limit.count()));
  const std::chrono::nanoseconds test_limit = options_.test_time_limit ? *options_.test_time_limit
                                              : package.test_timeout   ? *package.test_timeout
                                                                       : run::kDefaultTestTimeLimit;
  hasher.add(static_cast<std::uint64_t>(test_limit.count()));
  hasher.add(options_.memory);
  for (const auto& tolerated : package.cache_despite) hasher.add(tolerated);
  return cache::ActionId{hasher.finish()};
}

bool KnownResults::find(const discover::Package& package, const build::BuiltPackage& built,
                        PackageResult& result) const {
  auto lookup = lookup_action(package, built);
  if (!lookup) return false;
  auto found = world_.find(*lookup);
  if (!found || !deserialize(found->bytes, result)) return false;
  result.cached = true;
  return true;
}

std::optional<cache::Digest> KnownResults::every_process() {
  std::call_once(every_process_once_, [this] {
    inputs::Facts facts;
    facts.add(world_.present_given(build::GivenFacts::process()));
    for (const char* name : kVariables) facts.add(world_.present({FactKind::kEnvironment, name, {}, {}}));
    for (const char* path : kLoaderFiles) facts.add(world_.present({FactKind::kFile, path, {}, {}}));
    facts.normalise();
    every_process_ = world_.keep_shared(facts);
  });
  return every_process_;
}

void KnownResults::keep(const discover::Package& package, const build::BuiltPackage& built,
                        const PackageResult& result) {
  auto lookup = lookup_action(package, built);
  if (world_.store() == nullptr || !lookup) return;
  std::string reason = reason_not_to_keep(result, options_.list_only);
  inputs::FactSet facts;
  std::vector<Fact> present;
  for (const auto& consulted : result.consulted) {
    present.push_back(world_.present({kind_of(consulted.kind), consulted.text, {}, {}}));
    // What is opened below an opened directory is recorded by where that one is.
    if (consulted.kind == Consulted::Kind::kContent && present.back().state == FileStates::directory())
      facts.own.add(world_.present({FactKind::kLink, consulted.text, {}, {}}));
  }
  auto shared = every_process();
  FileStates::Ways ways;
  for (std::size_t i = 0; i < present.size() && reason.empty(); ++i)
    if (changed_meanwhile(result.consulted[i], present[i], world_.files(), ways))
      reason = result.consulted[i].text + " changed during the run";
  for (const char* path : kLoaderFiles)
    if (reason.empty() && world_.files().changed_meanwhile(path, ways))
      reason = std::string(path) + " changed during the run";
  if (!reason.empty()) return world_.keep_reason(*lookup, reason);

  if (!shared) return;
  for (auto& fact : present) facts.own.add(std::move(fact));
  facts.shared.push_back(*shared);
  if (std::ranges::any_of(built.images, &build::Image::reads_environ))
    facts.own.add(world_.present({FactKind::kEnvironment, "", {}, {}}));
  facts.own.normalise();
  world_.keep(*lookup, facts, serialize(result));
}

}  // namespace dyad::results
