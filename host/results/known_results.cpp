#include "host/results/known_results.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/build/given_facts.hpp"
#include "host/results/stored_result.hpp"

namespace dyad::results {

using inputs::Fact;
using inputs::FactKind;
using run::Consulted;
using run::PackageResult;
using run::Verdict;

namespace {

/// What decides which libraries a process gets, before any of its code runs.
constexpr std::array kLoaderVariables{"LD_LIBRARY_PATH", "LD_PRELOAD", "LD_BIND_NOW", "GLIBC_TUNABLES"};

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
  }
  return FactKind::kMetadata;
}

}  // namespace

std::string reason_not_to_keep(const PackageResult& result, bool list_only) {
  if (result.kind != PackageResult::Kind::kRan) return "it was not run";
  if (!result.uncacheable.empty()) return "it " + result.uncacheable;
  if (result.failed_outside || !result.reason.empty()) return "it failed";
  for (const auto& test : result.tests)
    if (test.verdict != Verdict::kPass && test.verdict != Verdict::kSkip && !list_only)
      return test.name + " did not pass";
  return "";
}

KnownResults::KnownResults(inputs::World& world, std::string backend, const run::RunOptions& options)
    : world_(world), backend_(std::move(backend)), options_(options) {}

std::optional<cache::ActionId> KnownResults::lookup_action(const discover::Package& package,
                                                           const build::BuiltPackage& built) const {
  if (built.images.empty() || std::ranges::any_of(built.images, [](const build::Image& image) { return !image.key; }))
    return std::nullopt;
  cache::Hasher hasher("result 3");
  hasher.add(backend_).add(package.directory.native()).add(built.images.size());
  for (const auto& image : built.images) hasher.add(image.name).add(*image.key).add(image.content);
  hasher.add(options_.run_pattern)
      .add(options_.skip_pattern)
      .add(std::uint64_t{options_.failfast})
      .add(std::uint64_t{options_.list_only});
  hasher.add(static_cast<std::uint64_t>(options_.time_limit.count()));
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

void KnownResults::keep(const discover::Package& package, const build::BuiltPackage& built,
                        const PackageResult& result) {
  auto lookup = lookup_action(package, built);
  if (world_.store() == nullptr || !lookup) return;
  std::string reason = reason_not_to_keep(result, options_.list_only);
  inputs::FactSet facts;
  for (const auto& consulted : result.consulted) {
    Fact now = world_.present({kind_of(consulted.kind), consulted.text, {}, {}});
    bool is_file = consulted.kind != Consulted::Kind::kEnvironment;
    bool absent = now.state == inputs::FileStates::missing();
    bool other = (consulted.seen == Consulted::Seen::kPresent && absent) ||
                 (consulted.seen == Consulted::Seen::kAbsent && !absent);
    if (reason.empty() && is_file && (other || world_.files().changed_meanwhile(consulted.text)))
      reason = consulted.text + " changed during the run";
    facts.own.add(std::move(now));
  }
  if (!reason.empty()) return world_.keep_reason(*lookup, reason);

  facts.own.add(world_.present_given(build::GivenFacts::process()));
  for (const char* name : kLoaderVariables) facts.own.add(world_.present({FactKind::kEnvironment, name, {}, {}}));
  if (std::ranges::any_of(built.images, &build::Image::reads_environ))
    facts.own.add(world_.present({FactKind::kEnvironment, "", {}, {}}));
  facts.own.normalise();
  world_.keep(*lookup, facts, serialize(result));
}

}  // namespace dyad::results
