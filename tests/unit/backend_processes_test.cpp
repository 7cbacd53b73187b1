// Both backend plugins, driven through backend.h with an image that has no runtime: what they start, how they say that
// it ended, and what they leave behind.
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backends/abi/backend.h"
#include "backends/abi/package.h"

namespace {

namespace fs = std::filesystem;

// main() obeys its first argument.
constexpr char kImage[] = R"IMAGE(
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backends/abi/package.h"
static int run(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "exit") == 0) return atoi(argv[2]);
  if (strcmp(what, "exit-handler") == 0) exit(atoi(argv[2]));
  if (strcmp(what, "crash") == 0) raise(SIGSEGV);
  if (strcmp(what, "sleep") == 0) { if (write(3, "s", 1) != 1) return 9; for (;;) pause(); }
  if (strcmp(what, "again") == 0) { char* again[] = {argv[0], (char*)"exit", (char*)"7", 0}; execv(argv[0], again); return 8; }
  if (strcmp(what, "child") == 0) {
    if (fork() == 0) for (;;) pause();  // holds the event channel
    return 0;
  }
  if (strcmp(what, "signals") == 0) {
    for (int n = 1; n < 32; ++n) {
      struct sigaction now;
      if (n == SIGKILL || n == SIGSTOP) continue;
      sigaction(n, NULL, &now);
      if (now.sa_handler != SIG_DFL) printf("%d is not default\n", n);
    }
    sigset_t mask; sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int n = 1; n < 32; ++n) if (sigismember(&mask, n)) printf("%d is blocked\n", n);
    return 0;
  }
  if (strcmp(what, "facts") == 0) {
    char cwd[4096], byte;
    const char* slash = strrchr(argv[0], '/');
    printf("argc %d, cwd %s, name %s, FOO %s, HOME %s\n", argc, getcwd(cwd, sizeof cwd), slash + 1, getenv("FOO"),
           getenv("HOME") ? "set" : "unset");
    printf("stdin %zd, group %d\n", read(0, &byte, 1), getpgrp() == getpid());
    for (int fd = 4; fd < 1000; ++fd) if (fcntl(fd, F_GETFD) >= 0) printf("fd %d is open\n", fd);
    fflush(stdout);
    fprintf(stderr, "to stderr\n");
    return write(3, "event", 5) == 5 ? 0 : 1;
  }
  return 99;
}
static const dyad_package package = {DYAD_PACKAGE_ABI, sizeof(dyad_package), "p", run};
__attribute__((visibility("default"))) const dyad_package* dyad_package_entry(uint32_t abi) { return abi == DYAD_PACKAGE_ABI ? &package : 0; }
int main(int argc, char** argv) { return run(argc, argv); }
)IMAGE";

/// A folder with the image as library and as program, made once for all tests.
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
    std::string made = (fs::temp_directory_path() / "dyad-backend-XXXXXX").string();
    folder_ = mkdtemp(made.data());
    std::ofstream(folder_ / "image.c") << kImage;
    std::string compile =
        "cc -w -O0 -fPIC -I '" DYAD_SOURCE_DIR "' '" + (folder_ / "image.c").string() + "' -o '" + folder_.string();
    made_ =
        std::system((compile + "/image.so' -shared").c_str()) == 0 && std::system((compile + "/image'").c_str()) == 0;
  }
  fs::path folder_;
  bool made_ = false;
};

struct Ended {
  dyad_end end{};
  std::string output, events;
};

class BackendProcesses : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Images::get().made());
    std::string plugin = std::string(DYAD_BINARY_DIR "/lib/dyad/plugins/libdyad_backend_") + GetParam() + ".so";
    void* library = dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    entry_ = reinterpret_cast<dyad_backend_entry_fn>(dlsym(library, DYAD_BACKEND_SYMBOL));
    ASSERT_NE(entry_, nullptr);
    backend_ = entry_(DYAD_BACKEND_ABI);
    ASSERT_NE(backend_, nullptr);
    session_ = open_session(DYAD_BINARY_DIR "/lib/dyad");
    ASSERT_NE(session_, nullptr) << error_.text;
    // Each image has a folder of its own, as the host arranges it.
    folder_ = Images::get().folder() / (std::string(GetParam()) + std::to_string(++folders_));
    fs::create_directories(folder_);
    is_shared_ = backend_->artifact == DYAD_ARTIFACT_SHARED;
    image_ = folder_ / (is_shared_ ? "pkg_test.so" : "pkg_test");
    fs::create_symlink(Images::get().folder() / (is_shared_ ? "image.so" : "image"), image_);
    capture_ = memfd_create("capture", MFD_CLOEXEC);
    ASSERT_EQ(fcntl(capture_, F_SETFL, O_APPEND), 0);
    ASSERT_EQ(pipe2(channel_, O_CLOEXEC), 0);
  }
  void TearDown() override {
    if (session_ != nullptr) backend_->close(session_);
    for (int fd : {capture_, channel_[0], channel_[1]}) close(fd);
  }

  dyad_session* open_session(const char* lib_dir) {
    dyad_host host{sizeof(dyad_host), lib_dir};
    return backend_->open(&host, &error_);
  }

  /// Null and error_ if it does not start. Our end of the event channel is closed: it hangs up when nobody holds it.
  dyad_process* start(std::vector<std::string> words) {
    std::vector<char*> argv, envp{const_cast<char*>("FOO=bar"), nullptr};
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string image = image_.string(), cwd = cwd_.string();
    dyad_start what{sizeof(dyad_start), image.c_str(), cwd.c_str(), argv.data(),
                    envp.data(),        channel_[1],   capture_,    -1};
    dyad_process* process = backend_->start(session_, &what, &error_);
    close(channel_[1]);
    channel_[1] = -1;
    return process;
  }

  static bool is_readable(int fd, int limit_ms) {
    pollfd polled{fd, POLLIN, 0};
    return poll(&polled, 1, limit_ms) == 1;
  }

  Ended finish(dyad_process* process) {
    Ended ended;
    EXPECT_TRUE(is_readable(backend_->ended_fd(process), 20'000));
    ended.end.size = sizeof ended.end;
    backend_->finish(process, &ended.end);
    char buffer[4096];
    for (off_t at = 0;;) {
      ssize_t got = pread(capture_, buffer, sizeof buffer, at);
      if (got <= 0) break;
      ended.output.append(buffer, static_cast<std::size_t>(got));
      at += got;
    }
    // Hangs up only if the whole group is gone.
    while (is_readable(channel_[0], 20'000)) {
      ssize_t got = read(channel_[0], buffer, sizeof buffer);
      if (got <= 0) break;
      ended.events.append(buffer, static_cast<std::size_t>(got));
    }
    return ended;
  }

  Ended run(std::vector<std::string> words) {
    dyad_process* process = start(std::move(words));
    if (process == nullptr) {
      ADD_FAILURE() << error_.text;
      return {};
    }
    return finish(process);
  }

  dyad_backend_entry_fn entry_ = nullptr;
  const dyad_backend* backend_ = nullptr;
  dyad_session* session_ = nullptr;
  dyad_error error_{};
  bool is_shared_ = false;
  fs::path folder_, image_, cwd_ = "/";
  int capture_ = -1, channel_[2] = {-1, -1};
  static inline int folders_ = 0;
};

/// ThreadSanitizer makes a fork of each vfork, so that the child cannot tell the backend what went wrong.
bool forks_for_vfork() {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return true;
#endif
#endif
  return false;
}

TEST_P(BackendProcesses, SayWithWhichCodeAnImageEnded) {
  Ended ended = run({"exit", "3"});
  EXPECT_EQ(ended.end.kind, DYAD_END_EXITED);
  EXPECT_EQ(ended.end.code, 3);
  EXPECT_STREQ(ended.end.text, "");
}

TEST_P(BackendProcesses, SayThatAnImageCalledExit) {
  Ended ended = run({"exit-handler", "4"});
  EXPECT_EQ(ended.end.kind, DYAD_END_EXITED);
  EXPECT_EQ(ended.end.code, 4);
}

TEST_P(BackendProcesses, SayWhichSignalEndedAnImage) {
  Ended ended = run({"crash"});
  EXPECT_EQ(ended.end.kind, DYAD_END_SIGNALED);
  EXPECT_EQ(ended.end.code, SIGSEGV);
}

TEST_P(BackendProcesses, GiveAnImageWhatTheHostSays) {
  cwd_ = fs::canonical(Images::get().folder());
  Ended ended = run({"facts", "x y"});
  EXPECT_EQ(ended.end.code, 0);
  EXPECT_EQ(ended.events, "event");
  EXPECT_EQ(ended.output,
            "argc 3, cwd " + cwd_.string() + ", name pkg_test, FOO bar, HOME unset\nstdin 0, group 1\nto stderr\n");
}

TEST_P(BackendProcesses, GiveAnImageDefaultSignals) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  Ended ended = run({"signals"});
  sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(ended.output, "");
  EXPECT_EQ(ended.end.code, 0);
}

TEST_P(BackendProcesses, LetAnImageExecuteItselfAgain) {
  Ended ended = run({"again"});
  EXPECT_EQ(ended.end.kind, DYAD_END_EXITED);
  EXPECT_EQ(ended.end.code, 7);
}

TEST_P(BackendProcesses, KillOnRequest) {
  dyad_process* process = start({"sleep"});
  ASSERT_NE(process, nullptr) << error_.text;
  ASSERT_TRUE(is_readable(channel_[0], 20'000));  // it is up
  EXPECT_FALSE(is_readable(backend_->ended_fd(process), 0));
  backend_->kill(process, SIGTERM);
  Ended ended = finish(process);
  EXPECT_EQ(ended.end.kind, DYAD_END_SIGNALED);
  EXPECT_EQ(ended.end.code, SIGTERM);
}

TEST_P(BackendProcesses, KillingWhatHasEndedChangesNothing) {
  dyad_process* process = start({"exit", "5"});
  ASSERT_NE(process, nullptr) << error_.text;
  ASSERT_TRUE(is_readable(backend_->ended_fd(process), 20'000));
  backend_->kill(process, SIGKILL);
  EXPECT_EQ(finish(process).end.code, 5);
}

TEST_P(BackendProcesses, LeaveNoChildOfAnImageBehind) {
  // finish() waits for the hang-up of the channel, which the child holds open.
  Ended ended = run({"child"});
  EXPECT_EQ(ended.end.code, 0);
  EXPECT_FALSE(is_readable(channel_[0], 0) && read(channel_[0], &ended, 1) != 0);
}

TEST_P(BackendProcesses, RunSideBySide) {
  dyad_process* first = start({"sleep"});
  ASSERT_NE(first, nullptr) << error_.text;
  int channel = channel_[0];
  ASSERT_EQ(pipe2(channel_, O_CLOEXEC), 0);
  EXPECT_EQ(run({"exit", "1"}).end.code, 1);
  EXPECT_FALSE(is_readable(backend_->ended_fd(first), 0));
  backend_->kill(first, SIGKILL);
  EXPECT_EQ(finish(first).end.code, SIGKILL);
  close(channel);
}

TEST_P(BackendProcesses, EndWithTheSession) {
  dyad_process* process = start({"sleep"});
  ASSERT_NE(process, nullptr) << error_.text;
  char byte;
  ASSERT_EQ(read(channel_[0], &byte, 1), 1);
  backend_->close(session_);
  session_ = nullptr;
  ASSERT_TRUE(is_readable(channel_[0], 20'000));
  EXPECT_EQ(read(channel_[0], &byte, 1), 0);  // hung up
}

TEST_P(BackendProcesses, SayThatAnImageCannotBeLoaded) {
  if (forks_for_vfork()) GTEST_SKIP();
  fs::remove(image_);
  std::ofstream(image_) << "no image";
  fs::permissions(image_, fs::perms::owner_all);
  dyad_process* process = start({"exit", "0"});
  std::string why = error_.text;
  if (process != nullptr) {
    Ended ended = finish(process);
    EXPECT_EQ(ended.end.kind, DYAD_END_EXITED);
    EXPECT_EQ(ended.end.code, DYAD_EXIT_LOAD_FAILED);
    why = ended.end.text;
  }
  EXPECT_NE(why.find(image_.string()), std::string::npos) << why;
}

TEST_P(BackendProcesses, SayThatADirectoryIsMissing) {
  if (forks_for_vfork()) GTEST_SKIP();
  cwd_ = folder_ / "missing";
  dyad_process* process = start({"exit", "0"});
  std::string why = error_.text;
  if (process != nullptr) why = finish(process).end.text;
  EXPECT_NE(why.find("No such file or directory"), std::string::npos) << why;
}

TEST_P(BackendProcesses, KnowOnlyTheirOwnAbi) { EXPECT_EQ(entry_(DYAD_BACKEND_ABI + 1), nullptr); }

INSTANTIATE_TEST_SUITE_P(Of, BackendProcesses, testing::Values("dll", "exe"),
                         [](const auto& backend) { return std::string(backend.param); });

/// The worker is the dll backend's alone.
class DllWorker : public BackendProcesses {
 protected:
  /// An installation with `program` as its worker.
  dyad_session* open_with_worker(const std::string& program) {
    fs::path lib = folder_ / "lib";
    fs::create_directories(lib);
    std::ofstream(lib / "dyad-worker") << program;
    fs::permissions(lib / "dyad-worker", fs::perms::owner_all);
    backend_->close(session_);
    return session_ = open_session(lib.c_str());
  }
};

TEST_P(DllWorker, ThatIsMissingIsSaidAtOnce) {
  dyad_session* session = open_session(folder_.c_str());
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(std::string(error_.text),
            (folder_ / "dyad-worker").string() + ": No such file or directory; install dyad again");
}

TEST_P(DllWorker, ThatIsSomethingElseIsSaid) {
  ASSERT_NE(open_with_worker("#!/bin/sh\nexit 0\n"), nullptr);
  EXPECT_EQ(start({"exit", "0"}), nullptr);
  EXPECT_NE(std::string(error_.text).find("did not start as dyad's worker"), std::string::npos) << error_.text;
}

TEST_P(DllWorker, OfAnotherVersionIsSaid) {
  ASSERT_NE(open_with_worker("#!/usr/bin/env python3\nimport socket\ns = socket.socket(fileno=3)\n"
                             "s.send(b'0.0.0-other'.ljust(64, b'\\0'))\ns.recv(1)\n"),
            nullptr);
  EXPECT_EQ(start({"exit", "0"}), nullptr);
  EXPECT_NE(std::string(error_.text).find("is of another build of dyad (0.0.0-other, not "), std::string::npos) << error_.text;
}

TEST_P(DllWorker, ThatDiesTakesItsRunsAlongAndIsReplaced) {
  dyad_process* process = start({"sleep"});
  ASSERT_NE(process, nullptr) << error_.text;
  char byte;
  ASSERT_EQ(read(channel_[0], &byte, 1), 1);
  // The worker is our only child; the image is the worker's.
  pid_t worker = 0;
  std::ifstream(fs::path("/proc/self/task") / std::to_string(gettid()) / "children") >> worker;
  ASSERT_GT(worker, 1);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  Ended lost = finish(process);
  EXPECT_EQ(lost.end.kind, DYAD_END_LOST);
  EXPECT_STREQ(lost.end.text, "dyad-worker ended");
  close(channel_[0]);
  ASSERT_EQ(pipe2(channel_, O_CLOEXEC), 0);
  EXPECT_EQ(run({"exit", "6"}).end.code, 6);
}

INSTANTIATE_TEST_SUITE_P(Of, DllWorker, testing::Values("dll"),
                         [](const auto& backend) { return std::string(backend.param); });

}  // namespace
