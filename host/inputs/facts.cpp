#include "host/inputs/facts.hpp"

#include <algorithm>
#include <tuple>

#include "host/inputs/byte_stream.hpp"

namespace dyad::inputs {

namespace {

void write(ByteWriter& writer, const std::vector<Fact>& facts) {
  writer.u32(static_cast<std::uint32_t>(facts.size()));
  for (const auto& fact : facts) {
    writer.u8(static_cast<std::uint8_t>(fact.kind));
    writer.text(fact.name);
    writer.digest(fact.state);
    if (fact.kind == FactKind::kGiven) writer.text(fact.text);
  }
}

/// False if the bytes are not what write() made.
bool read(ByteReader& reader, Facts& facts) {
  auto count = reader.count(1 + 4 + 16);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Fact fact;
    auto kind = reader.u8();
    if (kind < 1 || kind > 7) return false;
    fact.kind = static_cast<FactKind>(kind);
    fact.name = reader.text();
    fact.state = reader.digest();
    if (fact.kind == FactKind::kGiven) fact.text = reader.text();
    facts.add(std::move(fact));
  }
  facts.normalise();
  return reader.ok() && facts.is_consistent();
}

auto place(const Fact& fact) { return std::tie(fact.kind, fact.name); }

}  // namespace

void Facts::add(Fact fact) { facts_.push_back(std::move(fact)); }

void Facts::normalise() {
  auto before = [](const Fact& a, const Fact& b) { return place(a) < place(b); };
  if (!std::ranges::is_sorted(facts_, before)) std::ranges::stable_sort(facts_, before);
  auto same = [this](const Fact& a, const Fact& b) {
    if (place(a) != place(b)) return false;
    if (a.state != b.state) consistent_ = false;
    return true;
  };
  facts_.erase(std::unique(facts_.begin(), facts_.end(), same), facts_.end());
}

cache::Digest Facts::digest() const {
  cache::Hasher hasher("facts 1");
  for (const auto& fact : facts_) hasher.add(static_cast<std::uint64_t>(fact.kind)).add(fact.name).add(fact.state);
  return hasher.finish();
}

std::string Facts::serialize() const {
  ByteWriter writer;
  write(writer, facts_);
  return writer.bytes();
}

std::optional<Facts> Facts::deserialize(std::string_view bytes) {
  ByteReader reader(bytes);
  Facts facts;
  if (!read(reader, facts) || !reader.at_end()) return std::nullopt;
  return facts;
}

std::string Record::serialize() const {
  ByteWriter writer;
  writer.text(not_stored);
  writer.u32(static_cast<std::uint32_t>(versions.size()));
  for (const auto& version : versions) {
    write(writer, version.own.all());
    writer.u32(static_cast<std::uint32_t>(version.shared.size()));
    for (const auto& id : version.shared) writer.digest(id);
  }
  return writer.bytes();
}

std::optional<Record> Record::deserialize(std::string_view bytes) {
  ByteReader reader(bytes);
  Record record;
  record.not_stored = reader.text();
  auto count = reader.count(5);
  for (std::uint32_t i = 0; i < count; ++i) {
    Version version;
    if (!read(reader, version.own)) return std::nullopt;
    auto lists = reader.count(16);
    for (std::uint32_t n = 0; n < lists; ++n) version.shared.push_back(reader.digest());
    record.versions.push_back(std::move(version));
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return record;
}

}  // namespace dyad::inputs
