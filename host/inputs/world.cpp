#include "host/inputs/world.hpp"

#include <algorithm>
#include <cstdlib>

extern char** environ;

namespace dyad::inputs {

namespace {

cache::Digest key_of(const cache::ActionId& lookup, const FactSet& facts) {
  cache::Hasher hasher("outcome 1");
  hasher.add(lookup.digest).add(facts.own.digest()).add(facts.shared.size());
  for (const auto& id : facts.shared) hasher.add(id);
  return hasher.finish();
}

cache::Digest whole_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  std::ranges::sort(entries);
  cache::Hasher hasher("environment 1");
  for (const auto& entry : entries) hasher.add(entry);
  return hasher.finish();
}

void sort(std::vector<cache::Digest>& ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

/// Do both name the same things, whatever the states?
bool same_names(const Facts& a, const Facts& b) {
  return std::ranges::equal(a.all(), b.all(),
                            [](const Fact& x, const Fact& y) { return x.kind == y.kind && x.name == y.name; });
}

}  // namespace

cache::Digest environment_state(const char* value) {
  return value == nullptr ? cache::Digest{0, 1} : cache::digest_of(value);
}

void FactSet::add(const FactSet& other) {
  for (const auto& fact : other.own.all()) own.add(fact);
  if (!other.own.is_consistent()) own.spoil();
  shared.insert(shared.end(), other.shared.begin(), other.shared.end());
  sort(shared);
}

World::World(cache::Store* store, FileStates& files, GivenLookup given)
    : store_(store), files_(files), given_(std::move(given)) {}

void World::renew(Fact& fact) const {
  switch (fact.kind) {
    case FactKind::kFile:
      fact.state = files_.content_of(fact.name);
      break;
    case FactKind::kMetadata:
      fact.state = files_.metadata_of(fact.name);
      break;
    case FactKind::kListing:
      fact.state = files_.listing_of(fact.name);
      break;
    case FactKind::kLink:
      fact.state = files_.link_of(fact.name);
      break;
    case FactKind::kOutput:
      fact.state = files_.output_of(fact.name);
      break;
    case FactKind::kEnvironment:
      fact.state = fact.name.empty() ? whole_environment() : environment_state(std::getenv(fact.name.c_str()));
      break;
    case FactKind::kGiven:
      auto given = given_(fact.name).value_or(Given{});
      fact.state = given.state;
      fact.text = std::move(given.text);
      break;
  }
}

std::optional<cache::Digest> World::present_shared(const cache::Digest& id) const {
  Shared& shared_list = shared_[id];
  std::call_once(shared_list.once, [&] {
    auto facts = shared(id);
    if (!facts) return;
    if (!facts->renew([this](Fact& fact) { renew(fact); }))
      shared_list.now = id;
    else if (auto now = store_->put(facts->serialize()))
      shared_list.now = now->digest;
  });
  return shared_list.now;
}

std::optional<Facts> World::shared(const cache::Digest& id) const {
  auto bytes = store_->read(cache::OutputId{id});
  if (!bytes) return std::nullopt;
  return Facts::deserialize(*bytes);
}

std::optional<Record> World::record_of(const cache::ActionId& lookup) const {
  if (store_ == nullptr) return std::nullopt;
  auto bytes = store_->read(lookup);
  if (!bytes) return std::nullopt;
  return Record::deserialize(*bytes);
}

std::optional<World::Found> World::find(const cache::ActionId& lookup,
                                        const std::function<void()>& on_foreseen_miss) const {
  auto record = record_of(lookup);
  if (!record) return std::nullopt;
  for (auto& version : record->versions) {
    // The own facts first: they are few, and mostly what changes is one of them.
    Found found;
    const bool changed = version.own.renew([this](Fact& fact) { renew(fact); });
    found.facts.own = std::move(version.own);
    if (changed && on_foreseen_miss && record->versions.size() == 1) {
      found.facts.shared = version.shared;  // as if these had not changed
      if (!store_->read(cache::ActionId{key_of(lookup, found.facts)})) on_foreseen_miss();
      found.facts.shared.clear();
    }
    for (const auto& id : version.shared)
      if (auto now = present_shared(id)) found.facts.shared.push_back(*now);
    if (found.facts.shared.size() != version.shared.size()) continue;
    sort(found.facts.shared);
    found.key = key_of(lookup, found.facts);
    if (auto bytes = store_->read(cache::ActionId{found.key})) {
      found.bytes = *std::move(bytes);
      return found;
    }
  }
  return std::nullopt;
}

std::optional<cache::Digest> World::keep(const cache::ActionId& lookup, const FactSet& facts, std::string_view bytes) {
  if (store_ == nullptr || !facts.own.is_consistent()) return std::nullopt;
  auto key = key_of(lookup, facts);
  if (!store_->put(cache::ActionId{key}, bytes)) return std::nullopt;

  Record record;
  record.versions.push_back({facts.own, facts.shared});
  if (auto earlier = record_of(lookup))
    for (auto& old : earlier->versions)
      if (record.versions.size() < Record::kMostVersions && !is_superseded(old, facts))
        record.versions.push_back(std::move(old));
  if (!store_->put(lookup, record.serialize())) return std::nullopt;
  return key;
}

/// Another state of the same facts finds its outcome through the new version. A version whose lists are lost finds
/// none.
bool World::is_superseded(const Record::Version& old, const FactSet& by) const {
  std::vector<cache::Digest> shared, wanted = by.shared;
  for (const auto& id : old.shared) {
    auto now = present_shared(id);
    if (!now) return true;
    shared.push_back(*now);
  }
  sort(shared);
  sort(wanted);
  return same_names(old.own, by.own) && shared == wanted;
}

std::optional<cache::Digest> World::keep_shared(const Facts& facts) {
  if (store_ == nullptr || !facts.is_consistent()) return std::nullopt;
  auto id = store_->put(facts.serialize());
  if (!id) return std::nullopt;
  return id->digest;
}

void World::keep_reason(const cache::ActionId& lookup, const std::string& not_stored) {
  if (store_ == nullptr) return;
  auto record = record_of(lookup).value_or(Record{});
  if (record.not_stored == not_stored) return;
  record.not_stored = not_stored;
  (void)store_->put(lookup, record.serialize());  // costs an explanation only
}

}  // namespace dyad::inputs
