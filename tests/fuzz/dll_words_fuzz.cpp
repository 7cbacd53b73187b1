// sources: backends/dll/outcome_posix.cpp backends/dll/request_posix.cpp
// What the plugin of the dll backend makes of whatever an executor's socket says (backends/dll/outcome.hpp), and an
// executor of whatever is in the file that should be a request (backends/dll/request.hpp).
//
// The first byte of the input says which. For the plugin: a byte of flags, then a list of what is said, each with a
// byte for how and its arguments. Whatever it is, the plugin comes to an end, believes nothing that has not the secret,
// and kills the process once if there was any of it.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/dll/outcome.hpp"
#include "backends/dll/protocol.hpp"
#include "backends/dll/request.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace {

using namespace dyad::dll;
using dyad::fuzz::check;
using dyad::fuzz::Input;
using Kind = Outcome::Kind;

constexpr std::uint64_t kSecret = 0x0123'4567'89ab'cdef;

std::string_view bytes_of(const Ending& ending) { return {reinterpret_cast<const char*>(&ending), sizeof ending}; }

Ending make_ending(Input& in) {
  Ending ending{in.byte() % 6, static_cast<std::int32_t>(in.byte()), kSecret, {}};
  const std::string_view text = in.take(in.byte() % 8);
  for (std::size_t at = 0; at < sizeof ending.text && !text.empty(); at += text.size()) {
    text.copy(ending.text + at, sizeof ending.text - at);
    if (text.size() < 7) break;  // else to the end, which is not marked
  }
  return ending;
}

/// Both ends of an executor's socket, and what went through.
class Talk {
 public:
  Talk() { check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_) == 0); }
  ~Talk() {
    for (int end : ends_)
      if (end >= 0) ::close(end);
  }

  int plugin_end() const { return ends_[0]; }
  void order() { has_order_ = ::send(ends_[0], "order", 5, MSG_NOSIGNAL | MSG_DONTWAIT) == 5; }
  void read_order() {
    char order[8];
    if (::recv(ends_[1], order, sizeof order, MSG_DONTWAIT) > 0) has_order_ = false;
  }
  /// Not if there is no room for it.
  void say(std::string_view message) {
    if (::send(ends_[1], message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) said_.emplace_back(message);
  }
  void shut_down() { ::shutdown(ends_[1], SHUT_RDWR); }
  void end() {
    ::close(std::exchange(ends_[1], -1));
    unread_ = has_order_;
  }

  const std::vector<std::string>& said() const { return said_; }
  bool unread() const { return unread_; }

 private:
  int ends_[2] = {-1, -1};
  bool has_order_ = false, unread_ = false;
  std::vector<std::string> said_;
};

void talk(Talk& talk, Input& in) {
  while (!in.empty()) {
    const unsigned how = in.byte() % 9;
    Ending ending = how < 5 ? make_ending(in) : Ending{};
    switch (how) {
      case 0:
      case 1:
        talk.say(bytes_of(ending));
        break;
      case 2:
        ending.secret ^= std::uint64_t{1} << in.byte() % 64;
        talk.say(bytes_of(ending));
        break;
      case 3:
        talk.say(bytes_of(ending).substr(0, in.byte() % 2 == 0 ? sizeof ending - 1 : in.byte()));
        break;
      case 4:
        talk.say(std::string(bytes_of(ending)) + std::string(1 + in.byte(), 'x'));
        break;
      case 5:
        talk.say(in.take(in.byte()));
        break;
      case 6:
        talk.say("");
        break;
      case 7:
        talk.read_order();
        break;
      default:
        talk.shut_down();
        break;
    }
  }
}

void listen(Input in) {
  const unsigned flags = in.byte();
  const bool killed = (flags & 1) != 0, stays = (flags & 4) != 0;
  Talk with;
  if ((flags & 2) != 0) with.order();
  talk(with, in);

  // What dyad has said, up to what settles it, and whether there was anything else before that.
  std::vector<Ending> words;
  bool foreign = false, empty = false, settled = false;
  for (const std::string& message : with.said()) {
    empty = empty || message.empty();
    if (message.empty()) continue;
    Ending ending;
    foreign = foreign || empty;  // nobody can tell an empty one from the end if nothing follows
    if (message.size() == sizeof ending) std::memcpy(&ending, message.data(), sizeof ending);
    if (message.size() != sizeof ending || ending.secret != kSecret) {
      foreign = true;
      continue;
    }
    words.push_back(ending);
    settled = ending.kind == Ending::kWaitStatus || ending.kind == Ending::kNotStarted ||
              (ending.kind == Ending::kReturned && ending.text[0] == '\0' && !killed && !foreign);
    if (settled) break;
  }
  if (!settled || !stays) with.end();

  int kills = 0;
  const Outcome outcome = read_outcome(with.plugin_end(), kSecret, killed, [&] { ++kills; });

  check(kills == (foreign ? 1 : 0));
  auto last = [&](std::uint32_t kind) {
    auto found = std::find_if(words.rbegin(), words.rend(), [&](const Ending& word) { return word.kind == kind; });
    return found == words.rend() ? nullptr : &*found;
  };
  auto text = [](const Ending* word) {
    return word == nullptr ? std::string() : std::string(word->text, ::strnlen(word->text, sizeof word->text - 1));
  };
  if (const Ending* returned = last(Ending::kReturned)) {
    check(outcome.kind == Kind::kReturned && outcome.code == returned->status && outcome.text == text(returned));
  } else if (!settled) {
    check(outcome.kind == Kind::kSilent && outcome.text.empty() && outcome.unread == with.unread());
  } else if (foreign) {
    check(outcome.kind == Kind::kSpoilt && outcome.text.empty());
  } else if (words.back().kind == Ending::kNotStarted) {
    check(outcome.kind == Kind::kNotStarted && outcome.text == text(&words.back()));
  } else {
    check(outcome.kind == Kind::kEnded && outcome.text == text(last(Ending::kLoadFailed)));
  }
  if (settled && outcome.kind != Kind::kReturned) check(outcome.code == words.back().status);
}

/// In a file of its own, as an executor gets it.
bool read(Request& request, std::string_view bytes) {
  static const int file = ::memfd_create("request", MFD_CLOEXEC);
  check(::ftruncate(file, 0) == 0);
  check(::pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return request.read_from(file);
}

/// A request that is accepted is one that the plugin would have written.
void read_request(std::string_view bytes) {
  static Request request;
  if (!read(request, bytes)) return;
  check(request.argv.size() >= 2 && request.argv.back() == nullptr);
  check(!request.envp.empty() && request.envp.back() == nullptr);
  dyad_start what{};
  what.image = request.image;
  what.cwd = request.cwd;
  what.argv = request.argv.data() + 1;
  what.envp = request.envp.data();
  check(write_request(what, request.argv.front()) == bytes);
}

/// What the plugin writes is accepted, and says the same.
void write_and_read(Input in) {
  std::string words[3];
  for (std::string& word : words) word = std::string(in.take(in.byte() % 16)).c_str();
  std::vector<std::string> lists[2];
  while (!in.empty()) {
    const unsigned how = in.byte();
    lists[how % 2].emplace_back(std::string(in.take(how / 2 % 32)).c_str());
  }
  std::vector<char*> pointers[2];
  for (int i : {0, 1}) {
    for (std::string& word : lists[i]) pointers[i].push_back(word.data());
    pointers[i].push_back(nullptr);
  }
  dyad_start what{};
  what.image = words[0].c_str();
  what.cwd = words[1].c_str();
  what.argv = pointers[0].data();
  what.envp = pointers[1].data();
  Request request;
  check(read(request, write_request(what, words[2])));
  check(request.image == words[0] && request.cwd == words[1] && request.argv.front() == words[2]);
  request.argv.erase(request.argv.begin());
  for (int i : {0, 1}) {
    std::erase(lists[i], "");
    const std::vector<char*>& got = i == 0 ? request.argv : request.envp;
    check(got.back() == nullptr && std::equal(got.begin(), got.end() - 1, lists[i].begin(), lists[i].end()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
    case 1:
      listen(Input(rest));
      break;
    case 2:
      read_request(rest);
      break;
    default:
      write_and_read(Input(rest));
      break;
  }
  return 0;
}
