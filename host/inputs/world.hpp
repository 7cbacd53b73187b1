/// The state of facts now. Each is looked up once per run; thread-safe.
///
/// And, on top, the one way in which anything is found again: a lookup key leads to the facts of earlier computations;
/// their present states lead to the outcome. So an edit that is undone finds the old outcome.
#pragma once

#include <oneapi/tbb/concurrent_unordered_map.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache/store.hpp"
#include "host/inputs/facts.hpp"
#include "host/inputs/file_states.hpp"

namespace dyad::inputs {

/// Facts in two parts: a unit's or package's own, and lists that many have in common (what is outside the workspace),
/// kept once, by their ids. A list of an id never changes: another state of the same facts is another list.
struct FactSet {
  Facts own;
  std::vector<cache::Digest> shared;  ///< sorted, unique

  void add(const FactSet& other);  ///< normalise `own` afterwards
};

class World {
 public:
  /// State and text of a kGiven fact; nothing if nobody knows the name any more.
  struct Given {
    cache::Digest state;
    std::string text;
  };
  using GivenLookup = std::function<std::optional<Given>(const std::string& name)>;

  /// `store` may be null: nothing is ever found or kept. All three outlive the world.
  World(cache::Store* store, FileStates& files, GivenLookup given);

  /// The same fact as it is now.
  Fact present(Fact fact) const {
    renew(fact);
    return fact;
  }
  Fact present_given(const std::string& name) const { return present({FactKind::kGiven, name, {}, {}}); }

  struct Found {
    std::string bytes;
    FactSet facts;      ///< as they are now
    cache::Digest key;  ///< lookup and facts in 128 bits
  };
  /// What is kept for `lookup` under the present state of the world. `on_foreseen_miss`: called as soon as nothing can
  /// be found unless facts in common with other lookups have changed, too: before these, which are many, are looked at.
  std::optional<Found> find(const cache::ActionId& lookup, const std::function<void()>& on_foreseen_miss = {}) const;
  /// Keeps `bytes`; their key, or nothing if they could not be kept or the facts are inconsistent.
  std::optional<cache::Digest> keep(const cache::ActionId& lookup, const FactSet& facts, std::string_view bytes);
  /// Keeps a list of common facts; its id, or nothing if it could not be kept.
  std::optional<cache::Digest> keep_shared(const Facts& facts);
  /// Notes why the latest outcome was not kept: for the explanation.
  void keep_reason(const cache::ActionId& lookup, const std::string& not_stored);

  std::optional<Record> record_of(const cache::ActionId& lookup) const;
  /// Nothing if the store has lost it.
  std::optional<Facts> shared(const cache::Digest& id) const;

  FileStates& files() const { return files_; }
  cache::Store* store() const { return store_; }

 private:
  /// A list of common facts, brought up to date once per run, by whoever asks first.
  struct Shared {
    std::once_flag once;
    std::optional<cache::Digest> now;  ///< its id now; nothing if the list is lost
  };

  void renew(Fact& fact) const;
  bool is_superseded(const Record::Version& old, const FactSet& by) const;
  std::optional<cache::Digest> present_shared(const cache::Digest& id) const;

  cache::Store* store_;
  FileStates& files_;
  GivenLookup given_;
  mutable oneapi::tbb::concurrent_unordered_map<cache::Digest, Shared, std::hash<cache::Digest>> shared_;
};

/// A variable's value as a state; that it is unset is one too.
cache::Digest environment_state(const char* value);

}  // namespace dyad::inputs
