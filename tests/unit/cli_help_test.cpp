#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "host/base/file.hpp"
#include "host/cli/options.hpp"

namespace dyad::cli {
namespace {

using Strings = std::vector<std::string>;

std::string help_of(const Strings& words) {
  std::vector<const char*> argv{"dyad"};
  for (const auto& word : words) argv.push_back(word.c_str());
  auto command = parse(static_cast<int>(argv.size()), argv.data());
  EXPECT_TRUE(command) << command.error().text;
  if (!command || !std::holds_alternative<HelpRequest>(*command)) {
    ADD_FAILURE() << "no help for " << words.back();
    return {};
  }
  return std::get<HelpRequest>(*command).text;
}

/// "--run" and "-p" of the lines that describe flags.
std::set<std::string> flags_of(const std::string& help) {
  std::set<std::string> flags;
  std::istringstream lines(help);
  const std::regex flag("(--?[a-z][a-z-]*)");
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_search(line, std::regex("^ +-"))) continue;
    std::string names = line.substr(0, line.find("  ", 6));
    for (std::sregex_iterator i(names.begin(), names.end(), flag), end; i != end; ++i) flags.insert(i->str());
  }
  return flags;
}

TEST(CliHelpTest, EveryCommandHasHelpThatFitsTheTerminal) {
  for (const Strings& words : {Strings{"--help"},
                               {"-h"},
                               {"help"},
                               {"test", "--help"},
                               {"list", "-h"},
                               {"build", "-help"},
                               {"backends", "--help"},
                               {"version", "--help"},
                               {"bisect-order", "--help"},
                               {"compare", "--help"},
                               {"help", "test"}}) {
    std::string help = help_of(words);
    EXPECT_TRUE(help.starts_with("usage: dyad")) << words.front();
    EXPECT_TRUE(help.ends_with('\n') && !help.ends_with("\n\n"));
    EXPECT_NE(help.find("Exit codes:"), std::string::npos) << words.front();
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(CliHelpTest, HelpOfACommandIsTheSameBothWays) {
  for (const char* command :
       {"test", "explain", "watch", "bisect-order", "compare", "list", "build", "cache", "backends", "version"})
    EXPECT_EQ(help_of({"help", command}), help_of({command, "--help"}));
  EXPECT_EQ(help_of({"--help"}), help_of({"help"}));
}

TEST(CliHelpTest, HelpWinsOverBadValues) {
  EXPECT_EQ(help_of({"test", "--count=0", "--help"}), help_of({"test", "--help"}));
  EXPECT_EQ(help_of({"-v", "-h"}), help_of({"test", "--help"}));
}

TEST(CliHelpTest, EveryFlagIsDescribed) {
  EXPECT_EQ(flags_of(help_of({"test", "--help"})),
            (std::set<std::string>{"-h",       "--help",     "-v",           "--verbose", "--run",          "--skip",
                                   "--list",   "--timeout",  "--failfast",   "--isolate", "--test-timeout", "--slow",
                                   "--memory", "--core",     "--count",      "--shuffle", "--stress",       "--retries",
                                   "--flaky",  "-p",         "-j",           "--backend", "--release",      "--debug",
                                   "--cache",  "--no-cache", "--no-prelude", "--profile", "--trace"}));
  EXPECT_EQ(flags_of(help_of({"explain", "--help"})), flags_of(help_of({"test", "--help"})));
  EXPECT_EQ(flags_of(help_of({"build", "--help"})),
            (std::set<std::string>{"-h", "--help", "-o", "--output", "--emit-llvm", "-j", "--backend", "--release",
                                   "--debug", "--no-prelude"}));
}

TEST(CliHelpTest, TheManualPageNamesEveryFlagAndCommand) {
  auto page = read_file(DYAD_SOURCE_DIR "/docs/dyad.1");
  ASSERT_TRUE(page) << page.error().text;
  for (const char* command : {"test", "build", "bisect-order", "compare"})
    for (std::string flag : flags_of(help_of({command, "--help"}))) {
      // mdoc: ".Fl v" is -v, ".Fl -run" is --run.
      EXPECT_NE(page->find("Fl " + flag.substr(1)), std::string::npos) << flag;
    }
  for (const char* command :
       {"test", "explain", "watch", "bisect-order", "compare", "list", "build", "cache", "backends", "version", "help"})
    EXPECT_NE(page->find(std::string("Ic ") + command), std::string::npos) << command;
}

}  // namespace
}  // namespace dyad::cli
