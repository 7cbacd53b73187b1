/// What something was computed from: facts, each with the state it had. The same list feeds a cache key and the text of
/// `dyad explain`, so that key and explanation cannot disagree.
///
/// Knows how facts are written down and compared; World knows how they are looked up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/digest.hpp"

namespace dyad::inputs {

enum class FactKind : std::uint8_t {
  kFile = 1,         ///< name: absolute path; state: content, a directory, or nothing
  kMetadata = 2,     ///< path; kind, mode, owner and content, of a link its target too
  kListing = 3,      ///< directory; the names in it and their kinds
  kLink = 4,         ///< path; the target, and where the path leads to
  kEnvironment = 5,  ///< variable; its value or that it is unset. Without a name: all of the environment
  kGiven = 6,        ///< something that dyad itself decides ("arguments of /x/a.cc"); text: how it looked
  kOutput = 7        ///< path; whether it may be made or emptied, or what stands there instead
};

struct Fact {
  FactKind kind = FactKind::kFile;
  std::string name;
  cache::Digest state;
  std::string text;  ///< kGiven only: for the explanation, not part of a key
};

/// A set of facts, without order and without doubles.
class Facts {
 public:
  /// A fact that is there already must have the same state: else is_consistent() is false from then on (a file changed
  /// while it was read twice), and nothing may be stored under these facts.
  void add(Fact fact);
  void add(FactKind kind, std::string name, cache::Digest state) { add({kind, std::move(name), state, {}}); }

  /// To be called once all are added, before the other functions.
  void normalise();
  bool is_consistent() const { return consistent_; }
  /// Nothing may be stored under these facts.
  void spoil() { consistent_ = false; }
  const std::vector<Fact>& all() const { return facts_; }
  /// Brings each fact up to date in its place: `present(fact)` changes its state and text, nothing else. Returns
  /// whether a state has changed.
  template <class Present>
  bool renew(Present&& present) {
    bool changed = false;
    for (Fact& fact : facts_) {
      const auto before = fact.state;
      present(fact);
      changed = changed || fact.state != before;
    }
    return changed;
  }
  /// What the facts are, states included, in 128 bits.
  cache::Digest digest() const;

  std::string serialize() const;
  static std::optional<Facts> deserialize(std::string_view bytes);

 private:
  std::vector<Fact> facts_;
  bool consistent_ = true;
};

/// What is kept under a lookup key: the facts of the last computations there, the latest first; and a word about the
/// last one if its outcome was not stored.
struct Record {
  struct Version {
    Facts own;                          ///< what belongs to this record
    std::vector<cache::Digest> shared;  ///< lists that many records have in common: outputs of the store, sorted
  };
  std::vector<Version> versions;
  std::string not_stored;  ///< why the latest outcome was not kept, or empty

  static constexpr std::size_t kMostVersions = 4;

  std::string serialize() const;
  static std::optional<Record> deserialize(std::string_view bytes);
};

}  // namespace dyad::inputs
