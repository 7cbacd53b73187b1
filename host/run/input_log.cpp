#include "host/run/input_log.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dyad::run {
namespace {

constexpr std::size_t kRoom = DYAD_INPUT_SIZE - sizeof(dyad_input_header) - DYAD_INPUT_SLOTS * sizeof(std::uint32_t);

/// Without what says nothing: doubled slashes, ".", a slash at the end. ".." stays where it follows a name: the name
/// may be a symbolic link.
std::string normal_path(std::string_view path) {
  std::string normal;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (name.empty() || name == "." || (name == ".." && normal.empty())) continue;
    normal.append("/").append(name);
  }
  return normal.empty() ? "/" : normal;
}

/// Is its text a reason why the result must not be stored?
bool is_reason(dyad_record_kind kind) {
  return kind == DYAD_RECORD_UNCACHEABLE || kind == DYAD_RECORD_PROGRAM || kind == DYAD_RECORD_NETWORK;
}

Consulted::Kind kind_of(dyad_record_kind kind) {
  switch (kind) {
    case DYAD_RECORD_CONTENT:
      return Consulted::Kind::kContent;
    case DYAD_RECORD_STAT:
      return Consulted::Kind::kStat;
    case DYAD_RECORD_DIRECTORY:
      return Consulted::Kind::kDirectory;
    case DYAD_RECORD_LINK:
      return Consulted::Kind::kLink;
    case DYAD_RECORD_ENVIRONMENT:
      return Consulted::Kind::kEnvironment;
    case DYAD_RECORD_LOADED:
      return Consulted::Kind::kLoaded;
    case DYAD_RECORD_OUTPUT:
      return Consulted::Kind::kOutput;
    case DYAD_RECORD_WRITTEN:
    case DYAD_RECORD_TREE:
    case DYAD_RECORD_UNCACHEABLE:
    case DYAD_RECORD_PROGRAM:
    case DYAD_RECORD_NETWORK:
      break;
  }
  std::unreachable();  // add() has dealt with these
}

}  // namespace

Result<std::vector<InputRecord>> read_input_log(std::string_view bytes) {
  dyad_input_header header;
  if (bytes.size() < sizeof header) return fail("the input log is damaged: it has no header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != DYAD_INPUT_MAGIC || header.version != DYAD_INPUT_VERSION || header.size != DYAD_INPUT_SIZE)
    return fail("the input log is damaged: its header is not the one that was made");
  if ((header.flags & DYAD_INPUT_OVERFLOW) != 0) return fail("the tests consult more than an input log can hold");
  if ((header.flags & DYAD_INPUT_COMPLETE) == 0) return fail("the run did not come to its end");
  bytes.remove_prefix(sizeof header);
  if (header.used > kRoom || header.used > bytes.size()) return fail("the input log is damaged: it is cut off");

  std::vector<InputRecord> records;
  for (std::string_view rest = bytes.substr(0, header.used); !rest.empty();) {
    dyad_input_record head;
    if (rest.size() < sizeof head) return fail("the input log is damaged: a record is cut off");
    std::memcpy(&head, rest.data(), sizeof head);
    rest.remove_prefix(sizeof head);
    const std::size_t padded = (std::size_t{head.size} + 7) / 8 * 8;
    if (head.kind < DYAD_RECORD_CONTENT || head.kind > DYAD_RECORD_OUTPUT || head.seen > DYAD_INPUT_ABSENT ||
        head.zero != 0 || head.size == 0 || head.size > DYAD_INPUT_MAX_TEXT || padded > rest.size())
      return fail("the input log is damaged: a record makes no sense");
    const auto kind = static_cast<dyad_record_kind>(head.kind);
    std::string_view text = rest.substr(0, head.size);
    const bool is_path = kind != DYAD_RECORD_ENVIRONMENT && !is_reason(kind);
    if (text.find('\0') != std::string_view::npos || (is_path && text.front() != '/'))
      return fail("the input log is damaged: a record's text makes no sense");
    records.push_back({kind, static_cast<dyad_input_seen>(head.seen), text});
    rest.remove_prefix(padded);
  }
  return records;
}

void Inputs::add_log(std::string_view bytes) {
  Result<std::vector<InputRecord>> records = read_input_log(bytes);
  if (!records) return set_uncacheable(records.error().text);
  for (const InputRecord& record : *records) add(record);
}

void Inputs::set_uncacheable(std::string why) {
  if (!uncacheable_.empty()) return;
  uncacheable_ = std::move(why);
  for (char& c : uncacheable_)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
}

bool Inputs::is_own(const std::string& path) const {
  for (std::size_t end = path.size(); end != std::string::npos && end > 0; end = path.rfind('/', end - 1))
    if (std::ranges::binary_search(written_, std::string_view(path).substr(0, end))) return true;
  return false;
}

void Inputs::add(const InputRecord& record) {
  if (is_reason(record.kind)) {
    const bool tolerated = (record.kind == DYAD_RECORD_PROGRAM && tolerance_.programs) ||
                           (record.kind == DYAD_RECORD_NETWORK && tolerance_.network);
    if (!tolerated) set_uncacheable(std::string(record.text));
    return;
  }
  const bool is_path = record.kind != DYAD_RECORD_ENVIRONMENT;
  std::string text = is_path ? normal_path(record.text) : std::string(record.text);
  if (is_path && is_own(text)) return;
  if (record.kind == DYAD_RECORD_WRITTEN) {
    written_.insert(std::ranges::upper_bound(written_, text), std::move(text));
    return;
  }
  if (record.kind == DYAD_RECORD_TREE) return set_uncacheable("reads under another name what is in " + text);

  const auto seen = static_cast<Consulted::Seen>(record.seen);
  add(kind_of(record.kind), seen, text);
  if (record.kind == DYAD_RECORD_DIRECTORY) add(Consulted::Kind::kLink, Consulted::Seen::kUnknown, text);
}

void Inputs::add(Consulted::Kind kind, Consulted::Seen seen, const std::string& text) {
  auto [known, is_new] = inputs_.try_emplace({kind, text}, seen);
  if (is_new || seen == Consulted::Seen::kUnknown || known->second == seen) return;
  if (known->second == Consulted::Seen::kUnknown)
    known->second = seen;
  else
    set_uncacheable(text + " came or went while the tests ran");
}

std::vector<Consulted> Inputs::consulted() const {
  std::vector<Consulted> all;
  all.reserve(inputs_.size());
  for (const auto& [key, seen] : inputs_) all.push_back({key.first, seen, key.second});
  return all;
}

}  // namespace dyad::run
