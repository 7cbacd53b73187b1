// The functions that this program has in place of the C library's, as dyad-worker and executable images have them: what
// they say in the input log. Each test does something in a forked child and reads the log by its specification,
// backends/abi/input_log.h, with code of its own.
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backends/abi/backend.h"
#include "backends/abi/input_log.h"
#include "backends/runtime/inputs.hpp"
#include "runtime_recorded_inputs.hpp"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using dyad::test::InputLogOfAProcess;
using dyad::test::Lines;
using dyad::test::Memory;

TEST_F(InputLogOfAProcess, NamesFilesThatAreRead) {
  EXPECT_EQ(logged([] {
              close(open("file", O_RDONLY));
              close(openat(AT_FDCWD, "./folder/a", O_RDONLY));
              std::ifstream("missing");
              FILE* file = fopen("folder/../file", "r+");
              if (file != nullptr) fclose(file);
              open("file/below", O_RDONLY);
            }),
            (Lines{"CONTENT + ROOT/file", "CONTENT + ROOT/folder/a", "CONTENT - ROOT/missing",
                   "CONTENT + ROOT/folder/../file", "OUTPUT ROOT/folder/../file", "CONTENT - ROOT/file/below"}));
}

TEST_F(InputLogOfAProcess, NamesFilesBelowDescriptors) {
  EXPECT_EQ(
      logged([] {
        int folder = open("folder", O_RDONLY | O_DIRECTORY);
        close(openat(folder, "a", O_RDONLY));
        struct stat status;
        fstatat(folder, "../file", &status, 0);
        fstatat(folder, "", &status, AT_EMPTY_PATH);
        closedir(fdopendir(open("folder/below", O_RDONLY)));
        if (open("link", O_PATH) < 0) _exit(4);
      }),
      (Lines{"DIRECTORY + ROOT/folder", "CONTENT + ROOT/folder/a", "STAT + ROOT/file", "CONTENT + ROOT/folder/below",
             "DIRECTORY + ROOT/folder/below", "STAT + ROOT/link", "LINK ROOT/link"}));
}

TEST_F(InputLogOfAProcess, NamesWhatIsAskedAbout) {
  EXPECT_EQ(logged([] {
              struct stat status;
              stat("file", &status);
              lstat("link", &status);
              access("missing", R_OK);
              std::error_code error;
              if (!fs::exists("folder/below", error)) _exit(4);
              struct statx more;
              statx(AT_FDCWD, "folder", 0, STATX_ALL, &more);
            }),
            (Lines{"STAT + ROOT/file", "STAT + ROOT/link", "STAT - ROOT/missing", "STAT + ROOT/folder/below",
                   "STAT + ROOT/folder"}));
}

TEST_F(InputLogOfAProcess, NamesDirectoriesThatAreListed) {
  EXPECT_EQ(logged([] {
              closedir(opendir("folder"));
              opendir("missing");
              dirent** names = nullptr;
              scandir(".", &names, nullptr, nullptr);
              std::error_code error;
              for (fs::recursive_directory_iterator entry("folder", error), end; entry != end; ++entry) {
              }
            }),
            (Lines{"DIRECTORY + ROOT/folder", "DIRECTORY - ROOT/missing", "DIRECTORY + ROOT",
                   "DIRECTORY + ROOT/folder/below"}));
}

TEST_F(InputLogOfAProcess, NamesAllThatAWalkVisits) {
  Lines lines = logged([] {
    nftw(
        "folder", [](const char*, const struct stat*, int, FTW*) { return 0; }, 8, FTW_PHYS);
  });
  EXPECT_EQ(
      std::set<std::string>(lines.begin(), lines.end()),
      (std::set<std::string>{"DIRECTORY + ROOT/folder", "DIRECTORY + ROOT/folder/below", "STAT + ROOT/folder/a"}));
}

TEST_F(InputLogOfAProcess, NamesDirectoriesThatAPatternIsMatchedAgainst) {
  EXPECT_EQ(logged([] {
              glob_t found;
              if (glob("fold*/*", 0, nullptr, &found) != 0 || found.gl_pathc != 2) _exit(4);
              if (found.gl_flags & GLOB_ALTDIRFUNC) _exit(5);
              globfree(&found);
            }),
            (Lines{"DIRECTORY + ROOT", "STAT + ROOT/link", "DIRECTORY + ROOT/folder"}));  // could be a directory
}

TEST_F(InputLogOfAProcess, NamesLinks) {
  EXPECT_EQ(logged([] {
              char target[PATH_MAX];
              if (readlink("link", target, sizeof target) < 0) _exit(4);
              free(realpath("folder", nullptr));
              if (realpath("missing", target) != nullptr) _exit(5);
            }),
            (Lines{"LINK ROOT/link", "LINK ROOT/folder", "LINK ROOT/missing"}));
}

TEST_F(InputLogOfAProcess, NamesVariablesFromOutside) {
  EXPECT_EQ(logged([] {
              if (std::string(getenv("SET")) != "1") _exit(4);
              getenv("UNSET");
              secure_getenv("TEXT");
            }),
            (Lines{"ENVIRONMENT + SET", "ENVIRONMENT - UNSET", "ENVIRONMENT + TEXT"}));
}

TEST_F(InputLogOfAProcess, LeavesOutVariablesThatTheTestSet) {
  EXPECT_EQ(logged([] {
              setenv("NEW", "1", 1);
              getenv("NEW");
              setenv("SET", "2", 1);
              getenv("SET");
              unsetenv("TEXT");
              getenv("TEXT");
            }),
            Lines{});
}

TEST_F(InputLogOfAProcess, NamesAVariableThatIsItsOldSelfAgain) {
  EXPECT_EQ(logged([] {
              char* entry = getenv("SET") - 4;
              setenv("SET", "2", 1);
              putenv(entry);
              getenv("SET");
              getenv("SET");
            }),
            (Lines{"ENVIRONMENT + SET"}));
}

TEST_F(InputLogOfAProcess, NamesWhatALocaleComesFrom) {
  Lines lines = logged([] { setlocale(LC_CTYPE, ""); });
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ((Lines{lines.begin(), lines.begin() + 3}),
            (Lines{"ENVIRONMENT - LC_ALL", "ENVIRONMENT - LC_CTYPE", "ENVIRONMENT + LANG"}));
  EXPECT_EQ(lines.back(), "DIRECTORY /usr/lib/locale");
  EXPECT_EQ(logged([] {
              setlocale(LC_ALL, "C");
              setlocale(LC_ALL, nullptr);
            }),
            Lines{});
}

TEST_F(InputLogOfAProcess, NamesWhatATimeZoneComesFrom) {
  EXPECT_EQ(logged([] {
              time_t now = 0;
              localtime(&now);
              localtime(&now);
              setenv("TZ", ":Europe/Oslo", 1);
              tzset();
            }),
            (Lines{"ENVIRONMENT - TZ", "CONTENT /etc/localtime", "ENVIRONMENT - TZDIR",
                   "CONTENT /usr/share/zoneinfo/Europe/Oslo"}));
}

TEST_F(InputLogOfAProcess, NamesTheFilesOfUsers) {
  Lines lines = logged([] { getpwuid(0); });
  EXPECT_NE(std::find(lines.begin(), lines.end(), "CONTENT /etc/passwd"), lines.end());
}

TEST_F(InputLogOfAProcess, TellsWhatTheTestMakes) {
  EXPECT_EQ(
      logged([] {
        close(open("made", O_CREAT | O_WRONLY | O_TRUNC, 0600));
        close(open("new", O_CREAT | O_RDWR | O_EXCL, 0600));
        close(open("file", O_CREAT | O_RDWR | O_APPEND, 0600));
        FILE* log = fopen("log", "a");
        if (log != nullptr) fclose(log);
        mkdir("dir", 0700);
        mkdir("folder", 0700);
        rename("made", "moved");
        fopen("no/such/folder", "w");
      }),
      (Lines{"STAT + ROOT", "OUTPUT ROOT/made", "WRITTEN ROOT/made", "STAT - ROOT/new", "WRITTEN ROOT/new",
             "CONTENT + ROOT/file", "OUTPUT ROOT/file", "STAT - ROOT/log", "OUTPUT ROOT/log", "WRITTEN ROOT/log",
             "STAT - ROOT/dir", "WRITTEN ROOT/dir", "STAT ROOT", "STAT + ROOT/folder", "OUTPUT ROOT/moved",
             "WRITTEN ROOT/moved", "STAT - ROOT/no/such", "STAT - ROOT/no/such/folder", "OUTPUT ROOT/no/such/folder"}));
}

TEST_F(InputLogOfAProcess, LeavesOutWhatTheTestMade) {
  EXPECT_EQ(logged([] {
              char name[] = "unique-XXXXXX";
              int fd = mkstemp(name);
              struct stat status;
              stat(name, &status);
              close(open(name, O_RDONLY));
              unlink(name);
              if (write(1, "", 0) < 0 || fd < 0) _exit(4);
            }).size(),
            2u);  // STAT of the directory, WRITTEN
}

TEST_F(InputLogOfAProcess, NamesWhatIsRemoved) {
  EXPECT_EQ(logged([] {
              unlink("file");
              rmdir("missing");
              rename("link", "other");
            }),
            (Lines{"STAT + ROOT/file", "STAT - ROOT/missing", "STAT + ROOT/link", "STAT + ROOT", "OUTPUT ROOT/other",
                   "WRITTEN ROOT/other"}));
}

TEST_F(InputLogOfAProcess, TellsWhatALinkOfTheTestLeadsTo) {
  Lines lines = logged([] {
    if (symlink("folder", "to-folder") != 0 || symlink("file", "to-file") != 0 || symlink("/none", "to-none") != 0)
      _exit(4);
  });
  Lines targets;
  for (const std::string& line : lines)
    if (line.starts_with("TREE") || line.starts_with("CONTENT")) targets.push_back(line);
  EXPECT_EQ(targets, (Lines{"TREE + ROOT/folder", "CONTENT + ROOT/file", "CONTENT - /none"}));
}

TEST_F(InputLogOfAProcess, FollowsTheWorkingDirectory) {
  EXPECT_EQ(
      logged([] {
        if (chdir("folder") != 0) _exit(4);
        close(open("a", O_RDONLY));
        std::string start = fs::path(fs::current_path()).parent_path();
        if (chdir(start.c_str()) != 0) _exit(4);
        int below = open("folder/below", O_RDONLY | O_DIRECTORY);
        if (fchdir(below) != 0) _exit(4);
        close(open("../../file", O_RDONLY));
      }),
      (Lines{"LINK ROOT/folder", "CONTENT + ROOT/folder/a", "DIRECTORY + ROOT/folder/below", "CONTENT + ROOT/file"}));
}

TEST_F(InputLogOfAProcess, LeavesOutTheKernelsFilesAndTheRunsOwn) {
  EXPECT_EQ(logged(
                [] {
                  close(open("/proc/self/maps", O_RDONLY));
                  close(open("/dev/null", O_RDWR));
                  access("/sys/kernel", R_OK);
                  close(open("folder/a", O_RDONLY));
                  close(open("folder/../file", O_RDONLY));
                  close(open("folderly", O_RDONLY));
                  close(open("/process", O_RDONLY));
                },
                root_ / "folder"),
            (Lines{"CONTENT + ROOT/folder/../file", "CONTENT - ROOT/folderly", "CONTENT - /process"}));
}

TEST_F(InputLogOfAProcess, KeepsErrnoAndResults) {
  EXPECT_EQ(logged([] {
              errno = 0;
              if (open("missing", O_RDONLY) != -1 || errno != ENOENT) _exit(4);
              if (mkdir("folder", 0700) != -1 || errno != EEXIST) _exit(5);
              errno = E2BIG;
              if (access("file", F_OK) != 0 || errno != E2BIG) _exit(6);
              int fd = openat(AT_FDCWD, "mode", O_CREAT | O_WRONLY, 0640);
              struct stat status;
              if (errno != E2BIG || fstat(fd, &status) != 0 || (status.st_mode & 0777) != 0640) _exit(7);
            }).front(),
            "CONTENT - ROOT/missing");
}

std::string why(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines)
    for (std::string kind : {"UNCACHEABLE ", "PROGRAM ", "NETWORK "})
      if (line.starts_with(kind)) all += line.substr(kind.size()) + ";";
  return all;
}

TEST_F(InputLogOfAProcess, SaysThatAProgramIsRun) {
  EXPECT_EQ(why(logged([] {
              if (std::system("true") != 0) _exit(4);
              pclose(popen("exit 3", "r"));
              char name[] = "true";
              char* argv[] = {name, nullptr};
              pid_t pid;
              if (posix_spawnp(&pid, "true", nullptr, nullptr, argv, environ) == 0) waitpid(pid, nullptr, 0);
              if (fork() == 0) execl("/bin/sh", "sh", "-c", "exit $0", "0", nullptr);
              int status = 1;
              wait(&status);
              _exit(status == 0 ? 0 : 5);
            })),
            "runs a program: true;runs a program: exit 3;runs a program: /bin/sh;");
}

TEST_F(InputLogOfAProcess, NamesTheFileOfAProgram) {
  Lines lines = logged([] {
    setenv("PATH", "/no/such:relative:/bin", 1);
    char name[] = "true";
    char* argv[] = {name, nullptr};
    pid_t pid;
    if (posix_spawnp(&pid, "true", nullptr, nullptr, argv, environ) == 0) waitpid(pid, nullptr, 0);
  });
  for (const char* expected : {"PROGRAM runs a program: true", "CONTENT /no/such/true", "CONTENT /bin/true"})
    EXPECT_NE(std::find(lines.begin(), lines.end(), expected), lines.end()) << testing::PrintToString(lines);
}

TEST_F(InputLogOfAProcess, SaysThatTheNetworkIsUsed) {
  EXPECT_EQ(why(logged([] {
              int pair[2];
              if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) _exit(4);
              close(socket(AF_INET, SOCK_STREAM, 0));
              addrinfo* found = nullptr;
              addrinfo hints{};
              hints.ai_flags = AI_NUMERICHOST;
              getaddrinfo("127.0.0.1", nullptr, &hints, &found);
            })),
            "opens a socket;asks for names or addresses of the network;");
}

TEST_F(InputLogOfAProcess, KnowsHarmlessSystemCalls) {
  EXPECT_EQ(why(logged([] {
              if (syscall(SYS_gettid) != getpid() || syscall(SYS_write, 1, "", 0) != 0) _exit(4);
              char path[] = "file";
              if (syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0) < 0) _exit(5);
            })),
            "makes system call " + std::to_string(SYS_openat) + ";");
}

TEST_F(InputLogOfAProcess, NamesSharedObjects) {
  Memory memory;
  run_child(memory, [] {
    void* library = dlopen("libm.so.6", RTLD_NOW);
    if (library == nullptr) _exit(4);
    dlopen("./missing.so", RTLD_NOW);
    dlopen("libmissing.so.1", RTLD_NOW);
    if ((memcmp(dlerror(), "", 1)) == 0) _exit(5);
    dyad_input_complete();
  });
  Lines lines = memory.lines();
  auto has = [&](const std::string& part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(has("LOADED + /lib/x86_64-linux-gnu/libc.so.6") || has("libc.so")) << lines.size();
  EXPECT_TRUE(has("libm.so.6"));
  EXPECT_TRUE(has("CONTENT - " + root_.string() + "/missing.so"));
  EXPECT_TRUE(has("ENVIRONMENT - LD_LIBRARY_PATH"));
  EXPECT_FALSE(has("vdso"));
  EXPECT_EQ(why(lines), "cannot load libmissing.so.1;");
  EXPECT_EQ(memory.header().flags, DYAD_INPUT_COMPLETE);
}

TEST_F(InputLogOfAProcess, NamesASharedObjectThatIsClosedAgain) {
  std::string source = (root_ / "x.c").string(), library = (root_ / "x.so").string();
  std::ofstream(source) << "int x;\n";
  ASSERT_EQ(std::system(("cc -shared -fPIC -o " + library + " " + source).c_str()), 0);
  Lines lines = logged([] {
    void* handle = dlopen("./x.so", RTLD_NOW);
    if (handle == nullptr || dlclose(handle) != 0) _exit(4);
  });
  EXPECT_NE(std::find(lines.begin(), lines.end(), "LOADED + ROOT/x.so"), lines.end());
}

TEST_F(InputLogOfAProcess, TakesTheTestsOwnWord) {
  EXPECT_EQ(logged([] { dyad_input_uncacheable("asks the moon"); }), (Lines{"UNCACHEABLE asks the moon"}));
}

TEST_F(InputLogOfAProcess, SaysEverythingOnce) {
  EXPECT_EQ(logged([] {
              struct stat status;
              for (int i = 0; i < 1000; ++i) {
                stat("file", &status);
                stat("./file", &status);
                getenv("SET");
              }
            }),
            (Lines{"STAT + ROOT/file", "ENVIRONMENT + SET"}));
}

TEST_F(InputLogOfAProcess, IsSharedWithForkedChildren) {
  EXPECT_EQ(logged([] {
              if (fork() == 0) {
                getenv("IN_CHILD");
                raise(SIGKILL);
              }
              wait(nullptr);
              getenv("IN_PARENT");
            }),
            (Lines{"ENVIRONMENT - IN_CHILD", "ENVIRONMENT - IN_PARENT"}));
}

TEST_F(InputLogOfAProcess, SurvivesAllDescriptorsBeingClosed) {
  EXPECT_EQ(logged([] {
              close_range(0, ~0u, 0);
              getenv("LATER");
            }),
            (Lines{"ENVIRONMENT - LATER"}));
}

TEST_F(InputLogOfAProcess, LeavesNoLowDescriptor) {
  Memory memory;
  run_child(memory, [] {
    if (fcntl(DYAD_CHILD_INPUT_FD, F_GETFD) >= 0) _exit(4);
    if (fcntl(DYAD_INPUT_EXEC_FD, F_GETFD) != FD_CLOEXEC) _exit(5);
  });
}

TEST_F(InputLogOfAProcess, TakesLittleStack) {
  // GoogleTest changes directory and executes itself on a stack of two pages.
  EXPECT_EQ(logged([] {
              constexpr std::size_t kPage = 4096;
              char* stack = static_cast<char*>(
                  mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              mprotect(stack, kPage, PROT_NONE);
              auto body = [](void*) {
                struct stat status;
                stat("file", &status);
                getenv("SMALL");
                if (chdir("folder") != 0) _exit(4);
                char* argv[] = {nullptr};
                execv("./none", argv);
                return 0;
              };
              pid_t pid = clone(body, stack + 3 * kPage, SIGCHLD, nullptr);
              int status = 0;
              waitpid(pid, &status, 0);
              if (status != 0) _exit(5);
            }),
            (Lines{"STAT + ROOT/file", "ENVIRONMENT - SMALL", "LINK ROOT/folder", "PROGRAM runs a program: ./none",
                   "CONTENT ROOT/folder/none"}));
}

TEST_F(InputLogOfAProcess, StandsManyThreads) {
  Memory memory;
  constexpr int kThreads = 8, kNames = 1500;
  run_child(memory, [] {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([thread] {
        for (int i = 0; i < kNames; ++i) {
          getenv(("COMMON_" + std::to_string(i)).c_str());
          getenv(("OWN_" + std::to_string(thread) + "_" + std::to_string(i)).c_str());
        }
      });
    for (std::thread& thread : threads) thread.join();
  });
  Lines lines = memory.lines();
  std::set<std::string> names(lines.begin(), lines.end());
  EXPECT_EQ(names.count("DAMAGED"), 0u);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kNames + kThreads * kNames));
  EXPECT_LT(lines.size(), names.size() + 2000);  // a name that two threads say at once may stand there twice
  EXPECT_EQ(memory.header().flags, 0u);
}

TEST_F(InputLogOfAProcess, SaysThatItOverflowed) {
  Memory memory;
  run_child(memory, [] {
    std::string name(1000, 'x');
    for (int i = 0; i < 5000; ++i) {
      getenv((name + std::to_string(i)).c_str());
      getenv("AGAIN");
    }
  });
  EXPECT_EQ(memory.header().flags, DYAD_INPUT_OVERFLOW);
  Lines lines = memory.lines();
  EXPECT_GT(lines.size(), 3000u);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "ENVIRONMENT - AGAIN"), 1);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "DAMAGED"), 0);
}

TEST_F(InputLogOfAProcess, OverflowsByATextThatIsTooLong) {
  Memory memory;
  run_child(memory, [] { getenv(std::string(DYAD_INPUT_MAX_TEXT + 1, 'x').c_str()); });
  EXPECT_EQ(memory.header().flags, DYAD_INPUT_OVERFLOW);
  EXPECT_EQ(memory.lines(), Lines{});
}

TEST_F(InputLogOfAProcess, StandsSlotsThatWereOverwritten) {
  Memory memory;
  std::string garbage(DYAD_INPUT_SLOTS * 4, '\xa7');
  ASSERT_EQ(pwrite(memory.fd(), garbage.data(), garbage.size(), DYAD_INPUT_SIZE - static_cast<off_t>(garbage.size())),
            static_cast<ssize_t>(garbage.size()));
  run_child(memory, [] { getenv("NAME"); });
  EXPECT_EQ(memory.lines(), (Lines{"ENVIRONMENT - NAME"}));
}

TEST_F(InputLogOfAProcess, IsNotFoundWhereSomethingElseIs) {
  // Descriptor 4 of a program that is run by hand may be anything.
  int plain = memfd_create("other", MFD_ALLOW_SEALING);
  ASSERT_EQ(ftruncate(plain, DYAD_INPUT_SIZE), 0);
  ASSERT_EQ(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(plain, DYAD_CHILD_INPUT_FD);
    char* argv[] = {nullptr};
    dyad::inputs::begin_inputs(argv, argv);
    _exit(dyad::inputs::is_logging() || fcntl(DYAD_CHILD_INPUT_FD, F_GETFD) < 0);
  }
  int status = 1;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  close(plain);
}

}  // namespace
