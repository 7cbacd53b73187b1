// The input log of real processes, on both backends: an image in C++ that consults its surroundings through the C and
// C++ libraries, started as the host starts it, and read as the host reads it.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "host/run/backend.hpp"
#include "host/run/input_log.hpp"
#include "host/run/process.hpp"

namespace dyad::run {
namespace {

namespace fs = std::filesystem;
using Kind = Consulted::Kind;
using Seen = Consulted::Seen;

// main() obeys its arguments, one after the other.
constexpr char kImage[] = R"IMAGE(
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include "backends/abi/input_log.h"
#include "backends/abi/package.h"
static const char* const at_start = getenv("BEFORE_MAIN");
static int run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string what = argv[i];
    if (what == "stream") std::ifstream("data.txt");
    if (what == "exists") std::error_code(), (void)std::filesystem::exists("folder");
    if (what == "list") for (auto& entry : std::filesystem::directory_iterator("folder")) (void)entry;
    if (what == "std-getenv") (void)std::getenv("ASKED");
    if (what == "own-file") { std::ofstream("own.txt") << "x"; std::ifstream("own.txt"); std::filesystem::remove("own.txt"); }
    if (what == "locale") std::setlocale(LC_ALL, "");
    if (what == "shell") (void)!std::system("true");
    if (what == "uncacheable") dyad_input_uncacheable("says so");
    if (what == "fork") { if (fork() == 0) { (void)getenv("OF_CHILD"); _exit(0); } wait(nullptr); }
    if (what == "again") {
      if (fork() == 0) { char* again[] = {argv[0], (char*)"std-getenv", nullptr}; execv(argv[0], again); _exit(9); }
      int status = 0;
      wait(&status);
      if (status != 0) return 8;
    }
    if (what == "again-without-log") {
      if (fork() == 0) {
        for (int fd = 5; fd < 1000; ++fd) close(fd);
        char* again[] = {argv[0], (char*)"std-getenv", nullptr};
        execv(argv[0], again);
        _exit(9);
      }
      wait(nullptr);
    }
    if (what == "descriptors")
      for (int fd = 4; fd < 300; ++fd) if (fcntl(fd, F_GETFD) >= 0) printf("fd %d is open\n", fd);
    if (what == "crash") abort();
  }
  dyad_input_complete();
  return at_start != nullptr;
}
static const dyad_package package = {DYAD_PACKAGE_ABI, sizeof(dyad_package), "p", run};
extern "C" __attribute__((visibility("default"))) const dyad_package* dyad_package_entry(uint32_t abi) { return abi == DYAD_PACKAGE_ABI ? &package : 0; }
)IMAGE";

/// The same, with a function of the C library of its own.
constexpr char kFake[] = R"FAKE(
extern "C" __attribute__((visibility("default"))) int access(const char*, int) { return 0; }
)FAKE";

/// A folder with the images, made once for all tests.
class Images {
 public:
  static const Images& get() {
    static Images images;
    return images;
  }
  ~Images() { fs::remove_all(folder_); }
  const fs::path& folder() const { return folder_; }
  bool made() const { return made_; }

 private:
  Images() {
    std::string made = (fs::temp_directory_path() / "dyad-inputs-XXXXXX").string();
    folder_ = fs::canonical(mkdtemp(made.data()));
    std::ofstream(folder_ / "image.cpp") << kImage;
    std::ofstream(folder_ / "fake.cpp") << kFake;
    made_ = compile("image.so", "-shared image.cpp") &&
            compile("image", "image.cpp '" DYAD_BINARY_DIR "/lib/dyad/main.o'") &&
            compile("fake", "image.cpp fake.cpp '" DYAD_BINARY_DIR "/lib/dyad/main.o'");
  }
  bool compile(const std::string& output, const std::string& arguments) const {
    return std::system(("cd '" + folder_.string() + "' && c++ -std=c++20 -w -O0 -fPIC -I '" DYAD_SOURCE_DIR "' -o " +
                        output + " " + arguments)
                           .c_str()) == 0;
  }
  fs::path folder_;
  bool made_ = false;
};

class InputsOfAnImage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Images::get().made());
    Result<Backend> backend = Backend::load(GetParam(), DYAD_BINARY_DIR "/lib/dyad");
    ASSERT_TRUE(backend) << backend.error().text;
    backend_.emplace(std::move(*backend));
    // The run's own directory, and the package's, as the host arranges them.
    root_ = Images::get().folder() / (std::string(GetParam()) + std::to_string(++count_));
    package_ = root_ / "package";
    fs::create_directories(package_ / "folder");
    fs::create_directories(root_ / "run" / "bin");
    std::ofstream(package_ / "data.txt") << "data";
    std::ofstream(package_ / "folder" / "a");
    stage("image");
    ASSERT_EQ(setenv("LANG", "C", 1), 0);
    unsetenv("LC_ALL");
  }

  void stage(const std::string& name) {
    bool shared = backend_->functions().artifact == DYAD_ARTIFACT_SHARED;
    image_ = root_ / "run" / "bin" / (name + (shared ? ".so" : ""));
    fs::create_symlink(Images::get().folder() / image_.filename(), image_);
  }

  /// Runs the image with these words; what it printed.
  std::string run(const std::vector<std::string>& words, int exit_code = 0) {
    Result<InputLog> log = InputLog::create({root_ / "run"});
    EXPECT_TRUE(log);
    auto process = Process::start(*backend_, image_, package_, words, std::move(*log));
    if (!process) {
      ADD_FAILURE() << process.error().text;
      return "";
    }
    pollfd ended{process->ended_fd(), POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 20'000), 1);
    ProcessEnd end = process->finish();
    EXPECT_EQ(end.code, exit_code);
    inputs_.add_log(process->inputs()->read());
    return process->capture().read(0, 100'000);
  }

  /// Whether the test consulted this. Paths are relative to the package.
  bool has(Kind kind, const std::string& text, Seen seen = Seen::kPresent) const {
    bool is_path = kind != Kind::kEnvironment;
    std::string whole = is_path ? (package_ / text).string() : text;
    for (const Consulted& input : inputs_.consulted())
      if (input == Consulted{kind, seen, whole}) return true;
    return false;
  }
  bool has_any_with(const std::string& part) const {
    for (const Consulted& input : inputs_.consulted())
      if (input.text.find(part) != std::string::npos) return true;
    return false;
  }

  std::optional<Backend> backend_;
  fs::path root_, package_, image_;
  Inputs inputs_;
  static inline int count_ = 0;
};

TEST_P(InputsOfAnImage, AreSeenThroughTheCxxLibrary) {
  run({"stream", "exists", "list", "std-getenv"});
  EXPECT_EQ(inputs_.uncacheable(), "");
  EXPECT_TRUE(has(Kind::kContent, "data.txt"));
  EXPECT_TRUE(has(Kind::kStat, "folder"));
  EXPECT_TRUE(has(Kind::kDirectory, "folder"));
  EXPECT_TRUE(has(Kind::kEnvironment, "ASKED", Seen::kAbsent));
}

TEST_P(InputsOfAnImage, AreSeenBeforeMain) {
  run({});
  EXPECT_TRUE(has(Kind::kEnvironment, "BEFORE_MAIN", Seen::kAbsent));
}

TEST_P(InputsOfAnImage, AreNotTheRunsOwnFiles) {
  run({"own-file"});
  EXPECT_EQ(inputs_.uncacheable(), "");
  EXPECT_TRUE(has(Kind::kOutput, "own.txt", Seen::kUnknown));
  for (const Consulted& input : inputs_.consulted())
    EXPECT_FALSE(input.text.ends_with("own.txt") && input.kind != Kind::kOutput);
  EXPECT_FALSE(has_any_with((root_ / "run").string()));
  EXPECT_FALSE(has_any_with("dyad-worker"));
}

TEST_P(InputsOfAnImage, AreLoadedLibrariesToo) {
  run({});
  EXPECT_TRUE(has_any_with("libstdc++.so"));
  EXPECT_TRUE(has_any_with("/libc.so.6"));
}

TEST_P(InputsOfAnImage, AreVariablesOfTheLocale) {
  run({"locale"});
  EXPECT_TRUE(has(Kind::kEnvironment, "LC_ALL", Seen::kAbsent));
  EXPECT_TRUE(has(Kind::kEnvironment, "LANG"));
}

TEST_P(InputsOfAnImage, AreThoseOfItsChildrenToo) {
  run({"fork"});
  EXPECT_TRUE(has(Kind::kEnvironment, "OF_CHILD", Seen::kAbsent));
}

TEST_P(InputsOfAnImage, AreThoseOfItselfExecutedAgain) {
  run({"again"});
  EXPECT_EQ(inputs_.uncacheable(), "");
  EXPECT_TRUE(has(Kind::kEnvironment, "ASKED", Seen::kAbsent));
}

TEST_P(InputsOfAnImage, ForbidStoringIfItIsExecutedAgainWithoutTheLog) {
  run({"again-without-log"});
  EXPECT_TRUE(inputs_.uncacheable().starts_with("runs a program: ")) << inputs_.uncacheable();
}

TEST_P(InputsOfAnImage, ForbidStoringIfItRunsAnotherProgram) {
  run({"shell"});
  EXPECT_EQ(inputs_.uncacheable(), "runs a program: true");
}

TEST_P(InputsOfAnImage, ForbidStoringIfItSaysSo) {
  run({"uncacheable"});
  EXPECT_EQ(inputs_.uncacheable(), "says so");
}

TEST_P(InputsOfAnImage, ForbidStoringIfItCrashes) {
  run({"stream", "crash"}, SIGABRT);
  EXPECT_EQ(inputs_.uncacheable(), "the run did not come to its end");
}

TEST_P(InputsOfAnImage, LeaveNoDescriptorInItsWay) { EXPECT_EQ(run({"descriptors"}), ""); }

INSTANTIATE_TEST_SUITE_P(Of, InputsOfAnImage, testing::Values("dll", "exe"),
                         [](const auto& backend) { return std::string(backend.param); });

/// Only a program can have such a function in the place of the C library's.
class BlindedLog : public InputsOfAnImage {};

TEST_P(BlindedLog, ForbidsStoring) {
  stage("fake");
  run({});
  EXPECT_EQ(inputs_.uncacheable(), "brings a C library function of its own: access");
}

INSTANTIATE_TEST_SUITE_P(Of, BlindedLog, testing::Values("exe"),
                         [](const auto& backend) { return std::string(backend.param); });

}  // namespace
}  // namespace dyad::run
