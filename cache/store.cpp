#include "cache/store.hpp"

#include "cache/action_file.hpp"
#include "cache/store_state.hpp"

namespace dyad::cache {

using Use = EntryFiles::Use;

Result<Store> Store::open(const std::filesystem::path& directory, Trust trust) {
  auto opened = open_directory(directory, trust);
  if (!opened) return fail(opened.error());
  return Store(std::make_shared<State>(directory / version_folder(), std::move(*opened)));
}

const std::filesystem::path& Store::directory() const { return state_->directory; }

std::filesystem::path Store::path_of(const OutputId& id) const {
  bool is_lent = false;
  if (state_->beneath) {
    std::lock_guard guard(state_->mutex);
    is_lent = state_->lent.contains(id.digest);
  }
  return (is_lent ? state_->beneath->directory : state_->directory) / name_of(id).text();
}

std::filesystem::path Store::State::memo_of(const Digest& subject) const {
  const std::string hex = subject.hex();
  return directory / kMemoFolder / hex.substr(0, 2) / hex;
}

std::filesystem::path Store::memo_of(const Digest& subject) const { return state_->memo_of(subject); }

StoreCounts Store::counts() const { return {state_->hits, state_->misses, state_->damaged, state_->write_failures}; }

std::string Store::write_problem() const {
  std::lock_guard guard(state_->mutex);
  return state_->write_problem;
}

// Reading.

bool Store::rest_on(const std::filesystem::path& directory) {
  auto place = directory / version_folder();
  std::error_code error;
  OpenedDirectory opened{open_folder(place), OwnedDescriptor()};
  if (!opened.directory || std::filesystem::equivalent(place, state_->directory, error)) return false;
  state_->beneath = std::make_unique<State>(std::move(place), std::move(opened));
  state_->beneath->is_beneath = true;
  return true;
}

std::expected<LoadedAction, MissReason> Store::State::load(const ActionId& id, Use use) {
  auto own = load_own(id, use);
  if (own || !beneath) return own;
  auto lent_one = beneath->load_own(id, Use::kLeave);
  return lent_one ? std::move(lent_one) : std::move(own);
}

std::expected<std::string, MissReason> Store::State::load(const OutputId& id, std::uint64_t most) {
  auto own = load_own(id, most, Use::kMark);
  if (own || !beneath) return own;
  auto lent_one = beneath->load_own(id, most, Use::kLeave);
  return lent_one ? std::move(lent_one) : std::move(own);
}

std::expected<Digest, MissReason> Store::State::verify(const OutputId& id, Use use) {
  std::call_once(knows_verified, [&] { VerifiedFiles::of_process().load(verified_memo()); });
  auto own = verify_own(id, use);
  if (!beneath) return own;
  auto lent_one = own ? own : beneath->verify_own(id, Use::kLeave);
  const bool is_lent = !own && lent_one;
  std::lock_guard guard(mutex);
  if (is_lent)
    lent.insert(id.digest);
  else
    lent.erase(id.digest);
  return is_lent ? lent_one : own;
}

std::expected<LoadedAction, MissReason> Store::State::load_own(const ActionId& id, Use use) {
  const EntryName name = name_of(id);
  FileIdentity identity;
  auto file = files.read(name, kLargestActionFile, use, &identity);
  auto record = file ? decode_action(id, *file) : std::unexpected(file.error());
  if (!record) {
    discard(record.error(), name, identity);
    return std::unexpected(record.error());
  }
  LoadedAction loaded{{record->output, record->size}, record->bytes.has_value(), {}};
  if (loaded.is_inline) loaded.bytes = std::move(file->erase(0, kActionHeaderSize));
  return loaded;
}

std::expected<std::string, MissReason> Store::State::load_own(const OutputId& id, std::uint64_t most, Use use) {
  const EntryName name = name_of(id);
  FileIdentity identity;
  auto bytes = files.read(name, most, use, &identity);
  if (bytes && digest_of(*bytes) != id.digest) bytes = std::unexpected(MissReason::kDamaged);
  if (!bytes) discard(bytes.error(), name, identity);
  return bytes;
}

std::expected<Digest, MissReason> Store::State::verify_own(const OutputId& id, Use use) {
  const EntryName name = name_of(id);
  // Before it is read: what is written meanwhile has another.
  const auto stamp = files.stamp(name);
  const bool is_telling = stamp && stamp->is_old(file_clock_ns());
  if (stamp && VerifiedFiles::of_process().has(id.digest, *stamp)) {
    if (use == Use::kMark) files.mark(name, *stamp);
    return id.digest;
  }
  FileIdentity identity;
  auto digest = files.digest(name, use, &identity);
  if (digest && *digest != id.digest) digest = std::unexpected(MissReason::kDamaged);
  if (!digest)
    discard(digest.error(), name, identity);
  else if (is_telling)
    VerifiedFiles::of_process().add(id.digest, *stamp);
  return digest;
}

void Store::State::discard(MissReason reason, const EntryName& name, const FileIdentity& identity) {
  if (!is_worthless(reason) || is_beneath) return;
  ++damaged;
  files.remove(name, identity);
}

std::expected<Entry, MissReason> Store::find(const ActionId& id) const {
  auto loaded = state_->count(state_->load(id, Use::kMark));
  if (!loaded) return std::unexpected(loaded.error());
  return loaded->entry;
}

std::expected<std::string, MissReason> Store::read(const OutputId& id) const {
  return state_->count(state_->load(id, kLargestOutput));
}

std::expected<std::string, MissReason> Store::read(const ActionId& id) const {
  auto loaded = state_->load(id, Use::kMark);
  if (!loaded) return state_->count(std::expected<std::string, MissReason>(std::unexpected(loaded.error())));
  if (loaded->is_inline) return state_->count(std::expected<std::string, MissReason>(std::move(loaded->bytes)));
  return state_->count(state_->load(loaded->entry.output, loaded->entry.size));
}

void Store::keep_verified() const { VerifiedFiles::of_process().save(state_->verified_memo()); }

bool Store::verify(const OutputId& id) const { return state_->count(state_->verify(id, Use::kMark)).has_value(); }

// Writing.

Result<OutputId> Store::State::put_file(std::string_view bytes) {
  const OutputId id{digest_of(bytes)};
  if (bytes.size() > kLargestOutput) return fail("an output of more than 4 GiB is not stored");
  if (verify(id, Use::kMark)) return id;
  auto written = files.write(name_of(id), bytes);
  if (!written) return fail(written.error());
  return id;
}

Result<OutputId> Store::State::put(const ActionId& id, std::string_view bytes, Form form) {
  std::optional<std::string_view> inline_bytes;
  OutputId output;
  if (form == Form::kCompact && bytes.size() <= kLargestInlineOutput) {
    inline_bytes = bytes;
    output = {digest_of(bytes)};
  } else {
    auto put = put_file(bytes);
    if (!put) return put;
    output = *put;
  }
  auto written = files.write(name_of(id), encode_action(id, output, bytes.size(), inline_bytes));
  if (!written) return fail(written.error());
  return output;
}

/// Notes what failed; the first failure is kept.
Result<OutputId> Store::State::noted(Result<OutputId> put) {
  if (put) return put;
  Error error = put.error().within("cache " + directory.native());
  ++write_failures;
  std::lock_guard guard(mutex);
  if (write_problem.empty()) write_problem = error.text;
  return fail(std::move(error));
}

Result<OutputId> Store::put(std::string_view bytes) { return state_->noted(state_->put_file(bytes)); }

Result<OutputId> Store::put(const ActionId& id, std::string_view bytes, Form form) {
  return state_->noted(state_->put(id, bytes, form));
}

}  // namespace dyad::cache
