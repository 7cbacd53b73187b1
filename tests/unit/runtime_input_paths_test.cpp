// What the interposed functions say of less usual ways to look at the world: through links, /proc, databases of the C
// library, the loader.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <iconv.h>
#include <mntent.h>
#include <netdb.h>
#include <sched.h>
#include <shadow.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iomanip>
#include <sstream>
#include <string>

#include "runtime_recorded_inputs.hpp"

extern "C" int __open(const char*, int, ...);

namespace {

namespace fs = std::filesystem;
using dyad::test::InputLogOfAProcess;
using dyad::test::Lines;

bool has(const Lines& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST_F(InputLogOfAProcess, NamesAVariableThatIsSetOnlyIfItIsNot) {
  EXPECT_EQ(logged([] {
              setenv("SET", "2", 0);
              setenv("UNSET", "2", 0);
              getenv("UNSET");
            }),
            (Lines{"ENVIRONMENT + SET", "ENVIRONMENT - UNSET"}));
}

TEST_F(InputLogOfAProcess, NamesALinkThatIsNotToBeFollowed) {
  EXPECT_EQ(logged([] { close(open("file", O_RDONLY | O_NOFOLLOW)); }),
            (Lines{"CONTENT + ROOT/file", "STAT ROOT/file"}));
}

TEST_F(InputLogOfAProcess, SaysOfAnOutputOnlyWhetherItMayBeMade) {
  EXPECT_EQ(logged([] {
              FILE* file = fopen("file", "w");
              if (file == nullptr) _exit(4);
              fclose(file);
              fclose(fopen("folder/a", "r+"));
            }),
            (Lines{"STAT + ROOT", "OUTPUT ROOT/file", "WRITTEN ROOT/file", "CONTENT + ROOT/folder/a",
                   "OUTPUT ROOT/folder/a"}));
}

TEST_F(InputLogOfAProcess, NamesFilesInMemoryButNotDevices) {
  EXPECT_EQ(logged([] {
              open("/dev/shm/dyad no such file", O_RDONLY);
              close(open("/dev/null", O_RDONLY));
            }),
            (Lines{"CONTENT - /dev/shm/dyad no such file"}));
}

TEST_F(InputLogOfAProcess, SaysThatProcLeadsToSomethingElse) {
  for (const char* path : {"/proc/self/cwd/file", "/proc/self/root/etc/hostname", "/proc/thread-self/cwd/../file",
                           "/proc/self/environ", "/dev/tty", "/proc/self/fd/3/file"})
    EXPECT_EQ(logged([=] { close(open(path, O_RDONLY)); }),
              (Lines{"UNCACHEABLE goes through /proc or /dev to something else"}))
        << path;
  EXPECT_EQ(logged([] {
              char target[PATH_MAX];
              if (readlink("/proc/self/cwd", target, sizeof target) < 0) _exit(4);
              close(open("/proc/self/fd/0", O_RDONLY));
              closedir(opendir("/proc/self/fd"));
              close(open("/proc/self/status", O_RDONLY));
            }),
            Lines{});
}

TEST_F(InputLogOfAProcess, NamesADirectoryThatIsReadByItsDescriptor) {
  EXPECT_EQ(logged([] {
              int folder = open("folder", O_RDONLY);
              char entries[1024];
              if (getdents64(folder, entries, sizeof entries) <= 0) _exit(4);
            }),
            (Lines{"CONTENT + ROOT/folder", "DIRECTORY + ROOT/folder"}));
}

TEST_F(InputLogOfAProcess, NamesFilesOfRarerFunctions) {
  EXPECT_EQ(logged([] {
              if (ftok("missing", 1) != -1) _exit(4);
              if (pathconf("folder", _PC_NAME_MAX) <= 0) _exit(5);
              if (inotify_add_watch(inotify_init(), "none", IN_MODIFY) != -1) _exit(6);
              endmntent(setmntent("file", "r"));
              close(__open("folder/a", O_RDONLY));
            }),
            (Lines{"STAT - ROOT/missing", "STAT + ROOT/folder", "STAT - ROOT/none", "CONTENT + ROOT/file",
                   "CONTENT + ROOT/folder/a"}));
}

TEST_F(InputLogOfAProcess, NamesTheFilesOfDatabases) {
  EXPECT_EQ(
      logged([] {
        getservbyname("http", "tcp");
        getprotobynumber(6);
        getspnam("root");
      }),
      (Lines{"CONTENT /etc/nsswitch.conf", "CONTENT /etc/services", "CONTENT /etc/protocols", "CONTENT /etc/shadow"}));
}

TEST_F(InputLogOfAProcess, NamesTheTimeZoneOfFormattedTime) {
  const Lines zone{"ENVIRONMENT - TZ", "CONTENT /etc/localtime"};
  EXPECT_EQ(logged([] {
              std::tm parts{};
              char text[64];
              strftime(text, sizeof text, "%Z", &parts);
            }),
            zone);
  EXPECT_EQ(logged([] {
              std::tm parts{};
              wchar_t text[64];
              wcsftime(text, 64, L"%s", &parts);
            }),
            zone);
  EXPECT_EQ(logged([] {
              std::tm parts{};
              std::ostringstream() << std::put_time(&parts, "%Z");
            }),
            zone);
}

TEST_F(InputLogOfAProcess, NamesVariablesThatTheLibraryReadsByItself) {
  EXPECT_EQ(logged([] {
              free(tempnam(nullptr, "x"));
              free(get_current_dir_name());
            }),
            (Lines{"ENVIRONMENT - TMPDIR", "ENVIRONMENT - PWD"}));
  Lines lines = logged([] { iconv_close(iconv_open("UTF-8", "UTF-16")); });
  EXPECT_TRUE(has(lines, "ENVIRONMENT - GCONV_PATH"));
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("CONTENT /") && line.ends_with("/gconv/gconv-modules.cache");
  }));
}

TEST_F(InputLogOfAProcess, SaysThatFunctionsArePassedBy) {
  EXPECT_EQ(logged([] {
              dlsym(RTLD_NEXT, "no_such_function");
              dlsym(RTLD_DEFAULT, "fopen");
              if (dlsym(RTLD_NEXT, "fopen") == nullptr) _exit(4);
            }),
            (Lines{"UNCACHEABLE calls past the log: fopen"}));
  EXPECT_TRUE(has(logged([] { dlopen("./missing.so", RTLD_NOW | RTLD_DEEPBIND); }),
                  "UNCACHEABLE loads what does not come to the log first: ./missing.so"));
}

TEST_F(InputLogOfAProcess, SaysThatNamesMayMeanSomethingElse) {
  EXPECT_EQ(logged([] { unshare(0); }), (Lines{"UNCACHEABLE leaves its namespace"}));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void change_directory_in_child_of_vfork() {
  if (vfork() == 0) _exit(chdir("folder"));
}
#pragma GCC diagnostic pop

TEST_F(InputLogOfAProcess, KnowsTheDirectoryOfAForkedChildFromThatOfAVforkedOne) {
  EXPECT_EQ(logged([] {
              if (fork() == 0) {
                if (chdir("folder") != 0) _exit(4);
                close(open("a", O_RDONLY));
                _exit(0);
              }
              wait(nullptr);
              close(open("file", O_RDONLY));
            }),
            (Lines{"LINK ROOT/folder", "CONTENT + ROOT/folder/a", "CONTENT + ROOT/file"}));
  EXPECT_EQ(logged([] {
              change_directory_in_child_of_vfork();
              close(open("file", O_RDONLY));
            }),
            (Lines{"LINK ROOT/folder", "UNCACHEABLE changes directory in a child of vfork", "CONTENT + ROOT/file"}));
}

TEST_F(InputLogOfAProcess, NamesWhereTheLoaderLooksBefore) {
  auto build = [&](const std::string& name, const std::string& arguments) {
    std::ofstream(root_ / "x.c") << "int x;\n";
    return std::system(("cd " + root_.string() + " && cc -shared -fPIC -o " + name + " x.c " + arguments).c_str()) == 0;
  };
  fs::create_directory(root_ / "a");
  fs::create_directory(root_ / "b");
  ASSERT_TRUE(build("b/libq.so", "-Wl,-soname,libq.so"));
  ASSERT_TRUE(build("user.so", "-Wl,--no-as-needed -Lb -lq -Wl,-rpath," + root_.string() + "/a:" + root_.string() +
                                   "/b:" + root_.string() + "/c"));
  Lines lines = logged([] {
    if (dlopen("./user.so", RTLD_NOW) == nullptr) _exit(4);
  });
  EXPECT_TRUE(has(lines, "CONTENT ROOT/a/libq.so"));
  EXPECT_TRUE(has(lines, "CONTENT ROOT/a/glibc-hwcaps"));
  EXPECT_TRUE(has(lines, "CONTENT ROOT/b/glibc-hwcaps"));
  EXPECT_TRUE(has(lines, "LOADED + ROOT/b/libq.so"));
  EXPECT_FALSE(has(lines, "CONTENT ROOT/b/libq.so"));
  EXPECT_FALSE(has(lines, "CONTENT ROOT/c/libq.so"));
}

}  // namespace
