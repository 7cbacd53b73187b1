// sources: cache/*.cpp host/base/*.cpp
//
// The store's reader, given any bytes as an entry's file. It never returns bytes whose digest is not the id's, removes
// what it refuses, and survives.
//
// The first byte of the input says what the rest is: an output's file, an action's file, an action's file whose checks
// are made to fit (so that the parts behind them are reached), or changes of a sound file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "cache/action_file.hpp"
#include "cache/entry_files.hpp"
#include "cache/store.hpp"
#include "host/base/file.hpp"

namespace {

using namespace dyad;
using namespace dyad::cache;

/// The bytes that were really put, which a changed file may claim to be.
const std::string kSmall = "the output of an action, small";
const std::string kLarge(5000, 'l');
const ActionId kAction{{0x0123456789abcdef, 0xfedcba9876543210}};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "store_fuzz: %s\n", what);
  std::abort();
}

struct Subject {
  TemporaryDirectory place = *TemporaryDirectory::create("dyad-store-fuzz-");
  Store store = *Store::open(place.path() / "cache");

  std::filesystem::path file_of(EntryKind kind, const Digest& digest) {
    return store.directory() / EntryName(kind, digest).text();
  }
  void write(const std::filesystem::path& path, std::string_view bytes) {
    ::unlink(path.c_str());
    std::filesystem::create_directories(path.parent_path());
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    require(file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "no file");
    ::close(file);
  }
};

void set_digest(std::string& file, std::size_t at, const Digest& digest) {
  auto bytes = digest.bytes();
  std::memcpy(file.data() + at, bytes.data(), bytes.size());
}

/// A header that carries right checks and ids, before whatever else the input says.
void make_fit(std::string& file) {
  if (file.size() < kActionHeaderSize) file.resize(kActionHeaderSize);
  std::memcpy(file.data(), "dyad\2\0", 6);
  set_digest(file, 8, kAction.digest);
  set_digest(file, 48, digest_of(std::string_view(file).substr(0, 48)));
}

/// Triples of a position and a byte to flip with; then where to cut, if anywhere.
std::string changed(std::string file, std::string_view changes) {
  while (changes.size() >= 3) {
    const auto at = static_cast<unsigned char>(changes[0]) * 256u + static_cast<unsigned char>(changes[1]);
    if (!file.empty()) file[at % file.size()] = static_cast<char>(file[at % file.size()] ^ changes[2]);
    changes.remove_prefix(3);
  }
  if (changes.size() == 2)
    file.resize(static_cast<unsigned char>(changes[0]) * 256u + static_cast<unsigned char>(changes[1]));
  return file;
}

void read_action(Subject& subject, std::string_view file) {
  const auto path = subject.file_of(EntryKind::kAction, kAction.digest);
  subject.write(path, file);
  auto entry = subject.store.find(kAction);
  require(entry.has_value() == (::access(path.c_str(), F_OK) == 0), "a refused action stays, or a good one went");
  auto bytes = subject.store.read(kAction);
  if (!bytes) return;
  require(entry.has_value(), "read gives what find refuses");
  require(digest_of(*bytes) == entry->output.digest, "bytes of another digest");
  require(bytes->size() == entry->size, "bytes of another size");
}

void read_output(Subject& subject, std::string_view file, const Digest& id) {
  const auto path = subject.file_of(EntryKind::kOutput, id);
  const bool is_right = digest_of(file) == id;
  subject.write(path, file);
  auto bytes = subject.store.read(OutputId{id});
  require(bytes.has_value() == is_right, "a wrong output was taken, or a right one was not");
  if (bytes) require(digest_of(*bytes) == id, "bytes of another digest");
  require((::access(path.c_str(), F_OK) == 0) == is_right, "a refused output stays, or a good one went");
  subject.write(path, file);
  require(subject.store.verify(OutputId{id}) == is_right, "verify and read disagree");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Subject subject;
  static const OutputId large = *subject.store.put(kAction, kLarge);
  static const OutputId small = *subject.store.put(kSmall);
  static const std::string inline_file = encode_action(kAction, small, kSmall.size(), kSmall);
  static const std::string plain_file = encode_action(kAction, large, kLarge.size(), {});
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 6) {
    case 0:
      read_action(subject, input);
      break;
    case 1: {
      std::string file(input);
      make_fit(file);
      read_action(subject, file);
      break;
    }
    case 2:
      read_action(subject, changed(inline_file, input));
      break;
    case 3:
      read_action(subject, changed(plain_file, input));
      break;
    case 4:
      read_output(subject, input, input.size() % 2 == 0 ? digest_of(input) : digest_of("else"));
      break;
    default:
      read_output(subject, changed(kLarge, input), large.digest);
      break;
  }
  // What the plain action's file leads to must be there for the next input.
  if (!subject.store.verify(large)) require(subject.store.put(kLarge).has_value(), "cannot put");
  return 0;
}
