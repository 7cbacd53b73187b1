#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "host/run/symbolizer.hpp"

extern char** environ;

namespace dyad::run {
namespace {

/// For one answer. The first one reads all debug information of a file.
constexpr int kAnswerLimitMs = 20'000;
/// Questions without an answer: so few that both pipes have room for them.
constexpr std::size_t kMostAsked = 8;

}  // namespace

std::vector<SourcePlace> read_symbolizer_answer(const std::string& answer) {
  std::vector<SourcePlace> places;
  std::string_view rest = answer;
  auto take_line = [&] {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
  };
  while (!rest.empty()) {
    std::string_view function = take_line(), place = take_line();
    if (function.empty() || function == "??") break;
    SourcePlace found{.function = std::string(function), .file = {}};
    // file:line:column; the file may hold colons.
    std::size_t column = place.rfind(':');
    std::size_t line = column == place.npos || column == 0 ? place.npos : place.rfind(':', column - 1);
    if (line != place.npos && !place.starts_with("??")) {
      std::from_chars(place.data() + line + 1, place.data() + column, found.line);
      found.file = place.substr(0, line);
    }
    places.push_back(std::move(found));
  }
  return places;
}

Symbolizer::~Symbolizer() { stop(); }

void Symbolizer::expect(const std::string& object, std::uint64_t offset) {
  const Address address{object, offset};
  if (!known_.contains(address) && !is_asked(address) && asked_.size() < kMostAsked) ask(address);
}

const std::vector<SourcePlace>& Symbolizer::find(const std::string& object, std::uint64_t offset) {
  const Address address{object, offset};
  if (!known_.contains(address) && (is_asked(address) || ask(address)))
    while (!asked_.empty() && !known_.contains(address)) take_answer();
  return known_[address];
}

bool Symbolizer::is_asked(const Address& address) const {
  return std::ranges::find(asked_, address) != asked_.end();
}

bool Symbolizer::ask(const Address& address) {
  const auto& [object, offset] = address;
  if (object.empty() || object.find_first_of("\"\n") != std::string::npos) return false;
  if (pid_ < 0 && !failed_) start();
  if (pid_ < 0) return false;
  const std::string question = fmt::format("CODE \"{}\" 0x{:x}\n", object, offset);
  // A symbolizer that has died must not take us along.
  struct sigaction ignore {
  }, before;
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  const bool asked = write(to_.get(), question.data(), question.size()) == static_cast<ssize_t>(question.size());
  sigaction(SIGPIPE, &before, nullptr);
  if (asked)
    asked_.push_back(address);
  else if (asked_.empty())  // else take_answer() finds the end, behind the answers that are there
    fail();
  return asked;
}

void Symbolizer::start() {
  int questions[2], answers[2];
  failed_ = true;
  if (pipe2(questions, O_CLOEXEC) != 0) return;
  Descriptor their_questions(questions[0]);
  to_ = Descriptor(questions[1]);
  if (pipe2(answers, O_CLOEXEC) != 0) return;
  from_ = Descriptor(answers[0]);
  Descriptor their_answers(answers[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, their_questions.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, their_answers.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // In our group, as all that we start for ourselves: Ctrl-C ends it, too. It ends when our end of its input is closed,
  // however we end. The keys by which people ask what runs, and by which we stop for a while, are not meant for it.
  sigset_t all, not_its;
  sigfillset(&all);
  sigemptyset(&not_its);
  sigaddset(&not_its, SIGQUIT);
  sigaddset(&not_its, SIGTSTP);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &not_its);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const char* chosen = std::getenv("DYAD_SYMBOLIZER");
  std::string program = chosen ? chosen : program_, style = "--output-style=LLVM";
  char* argv[] = {program.data(), style.data(), nullptr};
  failed_ = posix_spawnp(&pid_, program.c_str(), &actions, &attributes, argv, environ) != 0;
  if (failed_) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
}

void Symbolizer::stop() {
  if (pid_ < 0) return;
  to_.close();
  from_.close();
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void Symbolizer::take_answer() {
  pollfd ready{from_.get(), POLLIN, 0};
  char buffer[4096];
  // An empty line ends an answer.
  std::size_t end;
  while ((end = answers_.starts_with('\n') ? 0 : answers_.find("\n\n")) == answers_.npos) {
    const int polled = poll(&ready, 1, kAnswerLimitMs);
    if (polled < 0 && errno == EINTR) continue;
    const ssize_t got = polled > 0 ? read(from_.get(), buffer, sizeof buffer) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail();
    answers_.append(buffer, static_cast<std::size_t>(got));
  }
  known_[asked_.front()] = read_symbolizer_answer(answers_.substr(0, end));
  asked_.pop_front();
  answers_.erase(0, end == 0 ? 1 : end + 2);
  if (asked_.empty()) answers_.clear();  // whatever else it says is no answer
}

void Symbolizer::fail() {
  stop();
  failed_ = true;
  asked_.clear();
  answers_.clear();
}

}  // namespace dyad::run
