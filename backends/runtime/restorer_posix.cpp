#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "backends/runtime/restorer.hpp"

extern "C" char** environ;

namespace dyad::runtime {
namespace {

/// "NAME=value", or null. Not by getenv: nobody asks for the value, which therefore is no input of the test.
char* find_entry(std::string_view name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (std::strncmp(*entry, name.data(), name.size()) == 0 && (*entry)[name.size()] == '=') return *entry;
  return nullptr;
}

}  // namespace

const char* Restorer::make_temp_dir(const std::string& base, std::string& problem) {
  std::string directory = base;
  if (directory.empty()) {
    const char* system = getenv("TMPDIR");
    directory = system != nullptr && system[0] == '/' ? system : "/tmp";
  }
  // The host leaves it to the tests that need one.
  if (!base.empty() && mkdir(base.c_str(), 0700) != 0 && errno != EEXIST) {
    problem = "cannot make a directory " + base + ": " + std::strerror(errno);
    return nullptr;
  }
  directory += "/dyad-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    problem = "cannot make a directory " + directory + ": " + std::strerror(errno);
    return nullptr;
  }
  directories_.push_back(directory);
  return directories_.back().c_str();
}

void Restorer::set_environment(const char* name, const char* value) {
  environment_.emplace_back(name, find_entry(name));
  if (value == nullptr) {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

std::string Restorer::change_directory(const char* directory) {
  char old[PATH_MAX];
  const char* known = getcwd(old, sizeof old);
  if (chdir(directory) != 0) return std::string("cannot change to ") + directory + ": " + std::strerror(errno);
  if (!cwd_ && known != nullptr) cwd_ = known;
  return "";
}

void Restorer::restore(std::vector<std::string>& problems) {
  if (cwd_ && chdir(cwd_->c_str()) != 0) problems.push_back("cannot go back to " + *cwd_ + ": " + std::strerror(errno));
  cwd_.reset();
  for (; !environment_.empty(); environment_.pop_back()) {
    const auto& [name, entry] = environment_.back();
    if (entry != nullptr) {
      putenv(entry);
    } else {
      unsetenv(name.c_str());
    }
  }
  for (; !directories_.empty(); directories_.pop_back()) {
    std::error_code error;
    std::filesystem::remove_all(directories_.back(), error);
    if (error) problems.push_back("cannot remove " + directories_.back() + ": " + error.message());
  }
}

}  // namespace dyad::runtime
