#include "cache/verified_files.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "host/base/file.hpp"

namespace dyad::cache {

namespace {

constexpr std::string_view kMagic = "dyad-verified 1\n";

struct Record {
  Digest digest;
  FileStamp stamp;
};
static_assert(std::has_unique_object_representations_v<Record>);

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

VerifiedFiles& VerifiedFiles::of_process() {
  static VerifiedFiles files;
  return files;
}

bool VerifiedFiles::has(const Digest& digest, const FileStamp& stamp) {
  std::lock_guard guard(mutex_);
  const auto known = known_.find(digest);
  if (known == known_.end() || known->second.stamp != stamp) return false;
  known->second.is_asked_for = true;
  return true;
}

void VerifiedFiles::add(const Digest& digest, const FileStamp& stamp) {
  std::lock_guard guard(mutex_);
  known_.insert_or_assign(digest, Known{stamp, true});
  has_news_ = true;
}

void VerifiedFiles::load(const std::filesystem::path& memo) {
  const auto text = read_file(memo);
  if (!text || text->size() < kMagic.size() + sizeof(Digest) || !text->starts_with(kMagic)) return;
  const std::string_view body = std::string_view(*text).substr(0, text->size() - sizeof(Digest));
  if (text->substr(body.size()) != bytes_of(digest_of(body))) return;
  std::string_view records = body.substr(kMagic.size());
  std::lock_guard guard(mutex_);
  for (Record record; records.size() >= sizeof record; records.remove_prefix(sizeof record)) {
    std::memcpy(&record, records.data(), sizeof record);
    Known& known = known_[record.digest];
    if (record.stamp.changed_ns > known.stamp.changed_ns) known.stamp = record.stamp;
  }
}

void VerifiedFiles::save(const std::filesystem::path& memo, std::int64_t now_ns) {
  {
    std::lock_guard guard(mutex_);
    if (!std::exchange(has_news_, false)) return;
  }
  load(memo);
  std::string text(kMagic);
  {
    std::lock_guard guard(mutex_);
    const bool keeps_all = known_.size() <= kMostKept;
    for (const auto& [digest, known] : known_)
      if ((keeps_all || known.is_asked_for) && now_ns - known.stamp.changed_ns >= kSettled_ns)
        text += bytes_of(Record{digest, known.stamp});
  }
  text += bytes_of(digest_of(text));
  std::error_code ignored;
  std::filesystem::create_directories(memo.parent_path(), ignored);
  (void)write_file_atomically(memo, text, 0600);
}

}  // namespace dyad::cache
