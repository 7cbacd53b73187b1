#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "host/base/file.hpp"
#include "host/run/backend.hpp"
#include "host/run/plugin_file.hpp"

namespace dyad::run {
namespace {

namespace fs = std::filesystem;

/// Plugins are compiled here, by the system's C compiler, from a few lines of C.
class BackendTest : public ::testing::Test {
 protected:
  BackendTest() { fs::create_directory(lib_dir_ / "plugins"); }

  static std::string source(const std::string& abi, const std::string& open) {
    return "#include \"" DYAD_SOURCE_DIR "/backends/abi/backend.h\"\n" +
           std::string(
               "#include <string.h>\n"
               "static dyad_session* open_it(const dyad_host* h, dyad_error* e) { (void)h; (void)e; ") +
           open +
           "}\n"
           "static dyad_process* start(dyad_session* s, const dyad_start* w, dyad_error* e) { (void)s; (void)w; "
           "(void)e; "
           "return 0; }\n"
           "static int ended(dyad_process* p) { (void)p; return -1; }\n"
           "static void kill_it(dyad_process* p, int s) { (void)p; (void)s; }\n"
           "static void finish(dyad_process* p, dyad_end* e) { (void)p; (void)e; }\n"
           "static void close_it(dyad_session* s) { (void)s; }\n"
           "static const dyad_backend backend = {" +
           abi +
           ", sizeof(dyad_backend), \"toy\", \"1.2.3\", DYAD_ARTIFACT_EXECUTABLE, open_it, start, ended, kill_it, "
           "finish, "
           "close_it};\n"
           "const dyad_backend* dyad_backend_entry(uint32_t abi) { (void)abi; return &backend; }\n";
  }

  /// good_ with a function more, and `members` behind the last one that every backend has.
  std::string good_with(const std::string& function, const std::string& members) const {
    std::string text = good_;
    text.insert(text.find("static const dyad_backend backend"), function + "\n");
    return text.replace(text.find("close_it};"), 10, "close_it, " + members + "};");
  }
  /// As if built against the header as it was before `member` came: what is behind the last that it knows is something
  /// else.
  static std::string older_than(const std::string& member, std::string text) {
    return text.replace(text.find("sizeof(dyad_backend)"), 20, "offsetof(dyad_backend, " + member + ")");
  }

  /// The library made of `text`, in the plugin folder.
  fs::path compile(const std::string& name, const std::string& text, const std::string& flags = "-shared") {
    fs::path file = lib_dir_ / "plugins" / name, from = lib_dir_ / (name + ".c");
    std::ofstream(from) << text;
    std::string command = "cc -fPIC " + flags + " -o '" + file.string() + "' '" + from.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return file;
  }

  std::string problem(const fs::path& path) {
    auto backend = Backend::load(path.string(), lib_dir_);
    return backend ? "none" : backend.error().text;
  }

  TemporaryDirectory directory_ = std::move(*TemporaryDirectory::create("dyad-backend-test-"));
  fs::path lib_dir_ = directory_.path();
  const std::string good_ =
      source("DYAD_BACKEND_ABI", "static char copy[4096]; strcpy(copy, h->lib_dir); return (dyad_session*)copy;");
};

TEST_F(BackendTest, LoadsByNameAndByPath) {
  fs::path file = compile("libdyad_backend_toy.so", good_);
  for (const std::string& which : {std::string("toy"), file.string()}) {
    auto backend = Backend::load(which, lib_dir_);
    ASSERT_TRUE(backend) << backend.error().text;
    EXPECT_STREQ(backend->functions().name, "toy");
    EXPECT_STREQ(reinterpret_cast<const char*>(backend->session()), lib_dir_.c_str());
  }
}

TEST_F(BackendTest, AsksForSettingsOfBackendsThatHaveThem) {
  auto settings = [this](const std::string& name, const std::string& text) {
    auto backend = Backend::load(compile(name, text), lib_dir_);
    return backend ? backend->settings() : backend.error().text;
  };
  EXPECT_EQ(settings("none.so", good_), "");
  const std::string with_some =
      good_with("static const char* say(dyad_session* s) { (void)s; return \"-q\"; }", "0, say");
  EXPECT_EQ(settings("some.so", with_some), "-q");
  EXPECT_EQ(settings("older.so", older_than("settings", with_some)), "");
}

TEST_F(BackendTest, PreparesBackendsThatCanBePrepared) {
  auto prepared = [this](const std::string& name, const std::string& text) {
    auto backend = Backend::load(compile(name, text), lib_dir_);
    if (!backend) return backend.error().text;
    backend->prepare();
    return std::string(reinterpret_cast<const char*>(backend->session()));
  };
  EXPECT_EQ(prepared("none.so", good_), lib_dir_.native());
  const std::string able = good_with(
      "static void prepare(dyad_session* s) { strcpy((char*)s, \"prepared\"); }", "0, 0, prepare");
  EXPECT_EQ(prepared("able.so", able), "prepared");
  EXPECT_EQ(prepared("older.so", older_than("prepare", able)), lib_dir_.native());
}

TEST_F(BackendTest, NamesTheFileThatANameStandsFor) {
  EXPECT_EQ(problem("nope"), "no backend is named nope: no file " +
                                 (lib_dir_ / "plugins/libdyad_backend_nope.so").string() + " (see dyad backends)");
}

TEST_F(BackendTest, RefusesAPathThatIsNotAbsolute) {
  EXPECT_EQ(problem("./x.so"), "plugin ./x.so: not an absolute path");
  EXPECT_EQ(problem("x.so"), "plugin x.so: not an absolute path");
}

TEST_F(BackendTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(problem(lib_dir_ / "x.so"), "plugin " + (lib_dir_ / "x.so").string() + ": no such file");
}

TEST_F(BackendTest, RefusesWhatIsNotAFile) {
  EXPECT_EQ(problem(lib_dir_ / "plugins"), "plugin " + (lib_dir_ / "plugins").string() + ": not a regular file");
}

TEST_F(BackendTest, RefusesAWorldWritableFile) {
  fs::path file = compile("libdyad_backend_toy.so", good_);
  chmod(file.c_str(), 0757);
  EXPECT_EQ(problem(file),
            "plugin " + file.string() + ": the file is world-writable: anybody could have put code there");
}

TEST_F(BackendTest, RefusesAFileInAWorldWritableFolder) {
  fs::path file = compile("libdyad_backend_toy.so", good_);
  chmod(file.parent_path().c_str(), 01777);
  EXPECT_EQ(problem(file), "plugin " + file.string() + ": its folder " + file.parent_path().string() +
                               " is world-writable: anybody could have put code there");
}

TEST_F(BackendTest, FollowsALinkBeforeItLooksAtTheFolder) {
  fs::path file = compile("libdyad_backend_toy.so", good_), link = lib_dir_ / "link.so";
  fs::create_symlink(file, link);
  EXPECT_EQ(problem(link), "none");
  chmod(file.parent_path().c_str(), 0777);
  EXPECT_NE(problem(link).find("its folder"), std::string::npos);
}

TEST_F(BackendTest, RefusesAFileOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  fs::path file = compile("libdyad_backend_toy.so", good_);
  ASSERT_EQ(chown(file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(problem(file), "plugin " + file.string() + ": the file belongs to another user (uid 12345)");
}

TEST_F(BackendTest, RefusesWhatIsNotASharedLibraryWithoutRunningIt) {
  fs::path text = lib_dir_ / "plugins/text.so";
  std::ofstream(text) << "#!/bin/sh\necho no\n";
  EXPECT_EQ(problem(text), "plugin " + text.string() + ": not a shared library");
  fs::path object = compile("object.so", good_, "-c");
  EXPECT_EQ(problem(object), "plugin " + object.string() + ": not a shared library");
}

TEST_F(BackendTest, RefusesALibraryWithoutTheSymbolWithoutRunningIt) {
  fs::path marker = lib_dir_ / "ran";
  std::string run = "#include <stdio.h>\n__attribute__((constructor)) static void f(void) { fopen(\"" +
                    marker.string() + "\", \"w\"); }\n";
  fs::path file =
      compile("other.so", run + "extern void* dyad_backend_entry; void** use(void) { return dyad_backend_entry; }\n",
              "-shared");
  EXPECT_EQ(problem(file), "plugin " + file.string() + ": does not export dyad_backend_entry: not a dyad backend");
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(BackendTest, RefusesASymbolThatIsHidden) {
  fs::path file = compile("hidden.so", good_, "-shared -fvisibility=hidden");
  EXPECT_EQ(problem(file), "plugin " + file.string() + ": does not export dyad_backend_entry: not a dyad backend");
}

TEST_F(BackendTest, RefusesAnotherAbi) {
  fs::path file = compile("seven.so", source("7", "return 0;"));
  EXPECT_EQ(problem(file), "plugin " + file.string() + " speaks backend ABI 7, this dyad 1: rebuild it or update dyad");
  fs::path null = compile(
      "null.so", "#include <stdint.h>\nconst void* dyad_backend_entry(uint32_t abi) { return abi ? 0 : &abi; }\n",
      "-shared -w");
  EXPECT_EQ(problem(null),
            "plugin " + null.string() + " does not speak backend ABI 1 of this dyad: rebuild it or update dyad");
}

TEST_F(BackendTest, RefusesAShorterTableOfFunctions) {
  std::string text = good_;
  text.replace(text.find("sizeof(dyad_backend)"), 20, "24");
  fs::path file = compile("short.so", text);
  EXPECT_EQ(problem(file), "plugin " + file.string() + " leaves out parts of the backend ABI: rebuild it");
}

TEST_F(BackendTest, RefusesAPluginWithAMissingSymbol) {
  fs::path file = compile("missing.so", good_ + "void missing(void); void use(void) { missing(); }\n");
  std::string text = problem(file);
  EXPECT_NE(text.find("cannot be loaded"), std::string::npos) << text;
  EXPECT_NE(text.find("missing"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

TEST_F(BackendTest, SaysWhyASessionCannotBeOpened) {
  fs::path file = compile("sad.so", source("DYAD_BACKEND_ABI", "strcpy(e->text, \"no worker here\"); return 0;"));
  EXPECT_EQ(problem(file), "backend toy: no worker here");
}

TEST_F(BackendTest, FindsAllPluginsWithTheirProblems) {
  compile("libdyad_backend_b.so", source("7", "return 0;"));
  compile("libdyad_backend_a.so", good_);
  std::ofstream(lib_dir_ / "plugins/readme.txt") << "not a plugin";
  auto all = Backend::find_all(lib_dir_);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "toy");
  EXPECT_EQ(all[0].version, "1.2.3");
  EXPECT_EQ(all[0].artifact, "executable");
  EXPECT_EQ(all[0].problem, "");
  EXPECT_EQ(all[1].name, "");
  EXPECT_NE(all[1].problem.find("ABI 7"), std::string::npos);
  EXPECT_TRUE(Backend::find_all(lib_dir_ / "nowhere").empty());
}

// The reader must stay inside whatever it is given: run with the address sanitizer.
TEST_F(BackendTest, ReadsDamagedLibrariesWithinTheirBounds) {
  std::string whole = *read_file(compile("libdyad_backend_toy.so", good_));
  ASSERT_TRUE(is_shared_library(whole));
  ASSERT_TRUE(exports_symbol(whole, DYAD_BACKEND_SYMBOL));
  EXPECT_FALSE(exports_symbol(whole, "dyad_backend_entr"));
  for (std::size_t size = 0; size < whole.size(); size += 97)
    exports_symbol(whole.substr(0, size), DYAD_BACKEND_SYMBOL);
  std::mt19937 random(3);
  std::size_t lost = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 8; ++i) {
      bool in_header = i < 4;
      std::size_t at =
          in_header ? random() % 64 : whole.size() - 1 - random() % 2048;  // section headers are at the end
      bytes[at] = static_cast<char>(random());
    }
    lost += !exports_symbol(bytes, DYAD_BACKEND_SYMBOL);
  }
  EXPECT_GT(lost, 0u);
}

}  // namespace
}  // namespace dyad::run
