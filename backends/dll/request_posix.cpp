#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "backends/dll/request.hpp"

namespace dyad::dll {
namespace {

/// False if the file cannot be read.
bool read_all(int fd, std::string& bytes) {
  char buffer[1 << 14];
  for (;;) {
    const ssize_t got = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string write_request(const dyad_start& what, const std::string& program) {
  std::string bytes;
  auto add = [&](std::string_view text) { bytes.append(text).push_back('\0'); };
  add(what.image);
  add(program);
  add(what.cwd);
  for (char* const* list : {what.argv, what.envp}) {
    for (; *list != nullptr; ++list)
      if (**list != '\0') add(*list);
    add("");
  }
  return bytes;
}

bool Request::read(std::string_view text) {
  bytes = text;
  return split();
}

bool Request::read_from(int fd) {
  bytes.clear();
  return read_all(fd, bytes) && split();
}

bool Request::split() {
  argv.clear();
  envp.clear();
  if (bytes.empty() || bytes.back() != '\0') return false;
  char* next = bytes.data();
  char* const end = next + bytes.size();
  auto take = [&]() -> char* {
    if (next == end) return nullptr;
    char* text = next;
    next += std::strlen(next) + 1;
    return text;
  };
  image = take();
  argv.push_back(take());
  cwd = take();
  if (cwd == nullptr) return false;
  for (auto* list : {&argv, &envp}) {
    char* text = take();
    for (; text != nullptr && *text != '\0'; text = take()) list->push_back(text);
    if (text == nullptr) return false;
    list->push_back(nullptr);
  }
  return next == end;
}

}  // namespace dyad::dll
