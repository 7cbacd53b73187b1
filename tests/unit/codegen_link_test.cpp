#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "codegen_library.hpp"

namespace dyad::codegen_test {

using CodegenLinkTest = CodegenTest;

int exit_code_of(const std::string& program) {
  const int status = std::system(("'" + program + "'").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(CodegenLinkTest, SharedImageExportsTheEntryAlone) {
  write("a.cc",
        "#include <string>\n#include <stdexcept>\n"
        "__attribute__((visibility(\"default\"))) int other() { return 2; }\n"
        "extern \"C\" __attribute__((visibility(\"default\"))) int dyad_package_entry(unsigned n) {\n"
        "  try { throw std::runtime_error(std::string(n, 'x')); } catch (std::exception& e) {\n"
        "    return static_cast<int>(std::string(e.what()).size()) + other(); }\n}\n");
  const Linked linked = link(DYAD_IMAGE_SHARED, path("a.so"), {object("a.cc")});
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(linked.diagnostics, "");
  void* image = dlopen(path("a.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(image, nullptr) << dlerror();
  auto entry = reinterpret_cast<int (*)(unsigned)>(dlsym(image, "dyad_package_entry"));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry(5), 7);
  EXPECT_EQ(dlsym(image, "_Z5otherv"), nullptr);
  EXPECT_EQ(dlclose(image), 0);
}

TEST_F(CodegenLinkTest, ExecutableRunsAndIsReplacedAtomically) {
  write("a.c",
        "#include <math.h>\n#include <pthread.h>\nint value(void);\n"
        "int start(int n) { return value() + (int)sqrt((double)n * 9.0); }\n");
  write("b.c", "int value(void) { return 30; }\n");
  write("main.c", "int start(int);\nint main(int n, char** v) { (void)v; return start(n); }\n");
  const std::string main = object("main.c", {}, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
  const std::vector<std::string> objects{main, object("a.c"), object("b.c")};
  ASSERT_EQ(link(DYAD_IMAGE_EXECUTABLE, path("prog"), objects).status, 0u);
  EXPECT_EQ(exit_code_of(path("prog")), 33);
  write("b.c", "int value(void) { return 40; }\n");
  object("b.c");
  ASSERT_EQ(link(DYAD_IMAGE_EXECUTABLE, path("prog"), objects).status, 0u);
  EXPECT_EQ(exit_code_of(path("prog")), 43);
  for (const auto& entry : std::filesystem::directory_iterator(root_))
    EXPECT_EQ(entry.path().filename().string().find(".new"), std::string::npos) << entry.path();
}

TEST_F(CodegenLinkTest, LibrariesAreLinkedOnlyWhereNeeded) {
  write("t.c",
        "int wanted(void);\n__attribute__((visibility(\"default\"))) int dyad_package_entry(void) { return wanted(); "
        "}\n");
  write("wanted.c", "int deeper(void);\nint wanted(void) { return deeper(); }\n");
  write("deeper.c", "int deeper(void) { return 11; }\n");
  write("unwanted.c", "int nobody_has_this(void);\nint unwanted(void) { return nobody_has_this(); }\n");
  const Linked linked = link(DYAD_IMAGE_SHARED, path("t.so"), {object("t.c")},
                             {object("deeper.c"), object("unwanted.c"), object("wanted.c")});
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  void* image = dlopen(path("t.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(image, nullptr) << dlerror();
  EXPECT_EQ(reinterpret_cast<int (*)()>(dlsym(image, "dyad_package_entry"))(), 11);
  dlclose(image);
}

TEST_F(CodegenLinkTest, UndefinedSymbolsAreReportedWithWhoWantsThem) {
  write("a b.cc", "namespace n { int gone(int); }\nint lost();\nint f() { return n::gone(1) + lost(); }\n");
  write("c.cc",
        "namespace n { int gone(int); }\nint g() { return n::gone(2); }\n"
        "extern \"C\" __attribute__((visibility(\"hidden\"))) int hidden_one();\nint h() { return hidden_one(); }\n");
  write(
      "entry.cc",
      "int f();\nint g();\nint h();\nextern \"C\" __attribute__((visibility(\"default\"))) int dyad_package_entry() {\n"
      "  return f() + g() + h(); }\nint main() { return dyad_package_entry(); }\n");
  const std::string entry = object("entry.cc", {}, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
  const std::string a = object("a b.cc"), c = object("c.cc");
  write("old.so", "what was there before");
  for (unsigned kind : {DYAD_IMAGE_SHARED, DYAD_IMAGE_EXECUTABLE}) {
    const Linked linked = link(kind, path("old.so"), {entry, a, c});
    EXPECT_EQ(linked.status, 1u);
    auto found = [&](const std::string& symbol, const std::string& demangled, const std::string& from) {
      return std::ranges::any_of(linked.undefined, [&](const auto& item) {
        return item.symbol == symbol && item.demangled == demangled && item.object == from;
      });
    };
    EXPECT_TRUE(found("_ZN1n4goneEi", "n::gone(int)", a)) << linked.diagnostics;
    EXPECT_TRUE(found("_ZN1n4goneEi", "n::gone(int)", c)) << linked.diagnostics;
    EXPECT_TRUE(found("_Z4lostv", "lost()", a)) << linked.diagnostics;
    EXPECT_TRUE(found("hidden_one", "hidden_one", c)) << linked.diagnostics;
    EXPECT_NE(linked.diagnostics.find("error: undefined symbol: n::gone(int)\n"), std::string::npos)
        << linked.diagnostics;
    EXPECT_EQ(read(path("old.so")), "what was there before");
  }
}

TEST_F(CodegenLinkTest, DuplicateSymbolsAreReportedWithBothObjects) {
  write("a.cc", "namespace n { int twice(int) { return 1; } }\nint value = 1;\n");
  write("b.cc", "namespace n { int twice(int) { return 2; } }\nint value = 2;\n");
  const std::string a = object("a.cc"), b = object("b.cc");
  const Linked linked = link(DYAD_IMAGE_SHARED, path("x.so"), {a, b});
  EXPECT_EQ(linked.status, 1u);
  ASSERT_EQ(linked.duplicate.size(), 2u) << linked.diagnostics;
  for (const auto& item : linked.duplicate) {
    EXPECT_TRUE(item.demangled == "n::twice(int)" || item.demangled == "value") << item.demangled;
    EXPECT_EQ(item.first, a);
    EXPECT_EQ(item.second, b);
  }
  EXPECT_FALSE(std::filesystem::exists(path("x.so")));
}

TEST_F(CodegenLinkTest, ArgumentsGoThroughTheDriver) {
  write("ext.c", "__attribute__((visibility(\"default\"))) int external_value(void) { return 8; }\n");
  write("a.c",
        "int external_value(void);\n__attribute__((visibility(\"default\"))) int dyad_package_entry(void) { return "
        "external_value(); }\n");
  write("lib/version.map", "{ global: external_value; };\n");
  // A shared image exports the package's entry alone, so the external library is made by another linker call.
  const std::string ext = object("ext.c");
  ASSERT_EQ(
      std::system(("/usr/lib/llvm-22/bin/ld.lld -shared -o '" + path("lib/libext.so") + "' '" + ext + "'").c_str()), 0);
  const Linked missing = link(DYAD_IMAGE_SHARED, path("a.so"), {object("a.c")});
  EXPECT_EQ(missing.status, 1u);
  const Linked linked = link(DYAD_IMAGE_SHARED, path("a.so"), {object("a.c")}, {},
                             {"-L" + path("lib"), "-lext", "-Wl,-rpath," + path("lib"), "-pthread"});
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  void* image = dlopen(path("a.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(image, nullptr) << dlerror();
  EXPECT_EQ(reinterpret_cast<int (*)()>(dlsym(image, "dyad_package_entry"))(), 8);
  dlclose(image);
  const Linked absent = link(DYAD_IMAGE_SHARED, path("b.so"), {object("a.c")}, {}, {"-lnosuchlibrary"});
  EXPECT_EQ(absent.status, 1u);
  EXPECT_NE(absent.diagnostics.find("unable to find library -lnosuchlibrary"), std::string::npos) << absent.diagnostics;
}

TEST_F(CodegenLinkTest, PartsOfLibrariesMakeTheSameImage) {
  write("copies.c",  // an executable may define these itself, under all their names
        "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <time.h>\n"
        "int copies(void) { tzset(); return fprintf(stderr, \"\") + (environ != NULL) + (tzname[0] != NULL)"
        " + (daylight != 2); }\n");
  write("versions.c",  // not the default, and it wants a buffer
        "__asm__(\".symver old_realpath, realpath@GLIBC_2.2.5\");\n"
        "char* old_realpath(const char*, char*);\n"
        "int versions(void) { return old_realpath(\"/\", 0) != 0; }\n");
  write("weak.c",
        "extern int nobody_has_this(void) __attribute__((weak));\n"
        "extern int getpagesize(void) __attribute__((weak));\n"
        "int weak(void) { return (nobody_has_this != 0) + (getpagesize != 0); }\n");
  write("wide.c", "__int128 wide(__int128 a, __int128 b) { return a / b; }\n");  // from libgcc.a
  write("main.cc",
        "#include <cmath>\n#include <iostream>\n#include <map>\n#include <new>\n#include <regex>\n#include <string>\n"
        "extern \"C\" { int copies(void); int versions(void); int weak(void); __int128 wide(__int128, __int128); }\n"
        "void* operator new(std::size_t size) { return std::malloc(size); }\n"  // libstdc++ uses it, too
        "void operator delete(void* p) noexcept { std::free(p); }\n"
        "void operator delete(void* p, std::size_t) noexcept { std::free(p); }\n"
        "struct Base { virtual ~Base() {} };\nstruct Derived : virtual Base {};\nthread_local std::string name;\n"
        "extern \"C\" __attribute__((visibility(\"default\"))) int dyad_package_entry() {\n"
        "  std::map<std::string, int> map{{\"a\", 1}};\n  name = \"x\";\n"
        "  try { (void)std::stoi(\"no\"); } catch (const std::invalid_argument&) { map[\"b\"] = 2; }\n"
        "  if (std::regex_match(name, std::regex(\"x+\"))) map[\"c\"] = static_cast<int>(std::sqrt(9.0));\n"
        "  Base* base = new Derived;\n  map[\"d\"] = dynamic_cast<Derived*>(base) != nullptr;\n  delete base;\n"
        "  std::cout << std::flush;\n"
        "  return static_cast<int>(map.size()) + copies() + versions() + weak() + static_cast<int>(wide(9, 3)); }\n"
        "int main() { return dyad_package_entry(); }\n");
  for (const bool is_shared : {true, false}) {
    std::vector<std::string> flags{"-fPIC"};
    if (!is_shared) flags = {"-fPIE", "-fdirect-access-external-data"};
    const std::vector<std::string> objects{object("main.cc", flags, DYAD_OUTPUT_OBJECT, /*main_symbol=*/""),
                                           object("copies.c", flags), object("versions.c", flags),
                                           object("weak.c", flags), object("wide.c", flags)};
    // Nothing that an image is made of; but with arguments of the user's, libraries are read as a whole.
    const std::vector<std::string> whole_libraries{"-Wl,--no-demangle"};
    for (const std::uint32_t kind : {DYAD_IMAGE_SHARED, DYAD_IMAGE_EXECUTABLE}) {
      if (kind == DYAD_IMAGE_SHARED && !is_shared) continue;
      const Linked parts = link(kind, path("parts"), objects);
      const Linked whole = link(kind, path("whole"), objects, {}, whole_libraries);
      ASSERT_EQ(whole.status, 0u) << whole.diagnostics;
      ASSERT_EQ(parts.status, 0u) << parts.diagnostics;
      EXPECT_GE(parts.cut_libraries, 4u);
      EXPECT_EQ(whole.cut_libraries, 0u);
      EXPECT_TRUE(read(path("parts")) == read(path("whole"))) << is_shared << " " << kind;
      if (kind == DYAD_IMAGE_SHARED) continue;
      EXPECT_EQ(exit_code_of(path("parts")), 4 + 3 + 0 + 1 + 3);
    }
  }
}

TEST_F(CodegenLinkTest, ALibraryThatOnlyAnObjectNamesGetsWhatItNeedsOfOthers) {
  write("own.c", "const char* gnu_get_libc_version(void);\nint own(void) { return gnu_get_libc_version()[0] != 0; }\n");
  ASSERT_EQ(std::system(("ar rc '" + path("libown.a") + "' '" + object("own.c") + "'").c_str()), 0);
  write("main.c", "#pragma comment(lib, \"own\")\nint own(void);\nint main(void) { return own() + 4; }\n");
  const std::string main = object("main.c", {}, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
  setenv("LIBRARY_PATH", root_.c_str(), 1);
  library().begin_run();
  const Linked linked = link(DYAD_IMAGE_EXECUTABLE, path("prog"), {main});
  unsetenv("LIBRARY_PATH");
  library().begin_run();
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(linked.diagnostics, "");
  EXPECT_EQ(linked.cut_libraries, 0u);
  EXPECT_EQ(exit_code_of(path("prog")), 5);
}

TEST_F(CodegenLinkTest, WhatOnlyTheCommandNamesGetsWhatItNeeds) {
  write("main.c", "int main(void) { return 6; }\n");
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"-fprofile-instr-generate"}, {"-fsanitize=undefined"}, {"-static"}, {"-static-libgcc"}}) {
    const std::string main = object("main.c", flags, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
    const Linked linked = link(DYAD_IMAGE_EXECUTABLE, path("prog"), {main}, {}, flags);
    if (linked.diagnostics.find("cannot open") != std::string::npos) continue;  // there is no such runtime here
    ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
    EXPECT_EQ(linked.cut_libraries, 0u) << flags[0];
    setenv("LLVM_PROFILE_FILE", path("main.profraw").c_str(), 1);
    EXPECT_EQ(exit_code_of(path("prog")), 6);
    unsetenv("LLVM_PROFILE_FILE");
  }
}

TEST_F(CodegenLinkTest, LinksWorkFromSeveralThreadsAndAfterErrors) {
  write("a.c", "__attribute__((visibility(\"default\"))) int dyad_package_entry(void) { return 1; }\n");
  const std::string a = object("a.c");
  const std::string broken = write("broken.o", "\177ELF this is no object");
  std::vector<std::thread> threads;
  std::vector<unsigned> status(12, 99);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; i < 12; i += 4)
        status[i] = link(DYAD_IMAGE_SHARED, path("p" + std::to_string(i) + ".so"), {i % 3 == 2 ? broken : a}).status;
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(status[i], i % 3 == 2 ? 1u : 0u) << i;
  EXPECT_EQ(link(DYAD_IMAGE_SHARED, path("last.so"), {a}).status, 0u);
}

TEST_F(CodegenLinkTest, LinksGoOnAfterAnErrorThatTheLinkerCannotRecoverFrom) {
  write("a.c", "__attribute__((visibility(\"default\"))) int dyad_package_entry(void) { return 12; }\n");
  const std::string a = object("a.c");
  const std::string cut = write("cut.o", read(a).substr(0, 500));
  const Linked broken = link(DYAD_IMAGE_SHARED, path("broken.so"), {a, cut});
  EXPECT_EQ(broken.status, 1u);
  EXPECT_NE(broken.diagnostics.find(cut), std::string::npos) << broken.diagnostics;
  for (const char* name : {"one.so", "two.so"}) {
    const Linked linked = link(DYAD_IMAGE_SHARED, path(name), {a});
    ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
    void* image = dlopen(path(name).c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(image, nullptr) << dlerror();
    EXPECT_EQ(reinterpret_cast<int (*)()>(dlsym(image, "dyad_package_entry"))(), 12);
    dlclose(image);
  }
  const Linked missing = link(DYAD_IMAGE_EXECUTABLE, path("three"), {a});
  ASSERT_EQ(missing.undefined.size(), 1u) << missing.diagnostics;
  EXPECT_EQ(missing.undefined[0].symbol, "main");
}

/// As backends/runtime/table.h has it; the image below is compiled against the header itself.
struct TableEntry {
  const char* name;
  const char* file;
  uint32_t line;
  uint32_t kind;
};

/// Links one image whose entry hands out what table.h declares.
class CodegenTableTest : public CodegenTest {
 protected:
  struct Shown {
    const TableEntry* rows;
    uint32_t count;
    const char* package;
    void (*dispatch)(uint32_t, void*);
    int (*dispatch_main)(uint32_t, int, char**, char**);
    int (*own_main)(int, char**, char**);
  };

  void SetUp() override {
    CodegenTest::SetUp();
    write("show.c", R"(#include "backends/runtime/table.h"
struct shown { const void* rows; uint32_t count; const char* package; void* dispatch; void* dispatch_main; void* own_main; };
__attribute__((visibility("default"))) void dyad_package_entry(struct shown* s) {
  s->rows = dyad_table_entries; s->count = dyad_table_count; s->package = dyad_table_package;
  s->dispatch = (void*)dyad_dispatch; s->dispatch_main = (void*)dyad_dispatch_main; s->own_main = (void*)dyad_own_main;
}
)");
    write("testing.h", kTestingHeader);
  }
  void TearDown() override {
    if (image_) dlclose(image_);
    CodegenTest::TearDown();
  }

  Compiled table(const std::vector<dyad_table_row>& rows, const std::string& own_main,
                 unsigned output = DYAD_OUTPUT_OBJECT) {
    const std::string package = "calc/core";
    dyad_table what{};
    what.size = sizeof what;
    what.package = str(package);
    what.rows = rows.data();
    what.count = rows.size();
    what.own_main = str(own_main);
    what.output = output;
    Compiled result;
    const dyad_compile_sink sink = sink_into(result);
    result.status = library().table(&what, &sink);
    return result;
  }

  Shown load(std::vector<std::string> objects, const Compiled& table) {
    EXPECT_EQ(table.status, 0u) << table.diagnostics;
    objects.push_back(object("show.c", {std::string("-I") + DYAD_SOURCE_DIR}));
    objects.push_back(write("table.o", table.output));
    const Linked linked = link(DYAD_IMAGE_SHARED, path("t.so"), objects);
    EXPECT_EQ(linked.status, 0u) << linked.diagnostics;
    image_ = dlopen(path("t.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    Shown shown{};
    if (!image_) {
      ADD_FAILURE() << dlerror();
      return shown;
    }
    reinterpret_cast<void (*)(Shown*)>(dlsym(image_, "dyad_package_entry"))(&shown);
    return shown;
  }

  void* image_ = nullptr;
};

dyad_table_row row(const char* name, const char* file, unsigned line, unsigned kind, const char* symbol) {
  return {{name, strlen(name)}, {file, strlen(file)}, line, kind, {symbol, strlen(symbol)}};
}

TEST_F(CodegenTableTest, RowsAndDispatchersAreCallable) {
  write("a_test.cpp",
        "#include \"testing.h\"\nvoid TestA(dyad::T& t) { t.calls = 10; }\nvoid TestB(dyad::T& t) { t.calls = 20; "
        "throw 7; }\n");
  write("b_test.c", "#include \"testing.h\"\nvoid TestC(dyad_T *t) { t->calls = 30; }\n");
  write("m_test.c", "int main(int n, char** v) { return n * 2 + (v[0][0] == 'x'); }\n");
  const Compiled made = table(
      {row("TestA", "a_test.cpp", 2, 1, "_Z5TestARN4dyad1TE"), row("TestB", "a_test.cpp", 3, 1, "_Z5TestBRN4dyad1TE"),
       row("TestC", "b_test.c", 2, 1, "TestC"), row("m_test", "m_test.c", 1, 3, "dyad_main_of_m_test.c")},
      "dyad_main_of_m_test.c");
  const Shown shown = load({object("a_test.cpp"), object("b_test.c"), object("m_test.c")}, made);
  ASSERT_EQ(shown.count, 4u);
  EXPECT_STREQ(shown.package, "calc/core");
  EXPECT_STREQ(shown.rows[0].name, "TestA");
  EXPECT_STREQ(shown.rows[2].file, "b_test.c");
  EXPECT_EQ(shown.rows[1].line, 3u);
  EXPECT_EQ(shown.rows[3].kind, 3u);
  int calls = 0;  // laid out as dyad_T of the header above
  void* t = &calls;
  shown.dispatch(0, t);
  EXPECT_EQ(calls, 10);
  shown.dispatch(2, t);
  EXPECT_EQ(calls, 30);
  int thrown = 0;
  try {
    shown.dispatch(1, t);
  } catch (int value) {
    thrown = value;
  }
  EXPECT_EQ(thrown, 7) << "what a test throws must pass through the dispatcher";
  EXPECT_EQ(calls, 20);
  std::string name = "x";
  char* argv[] = {name.data(), nullptr};
  EXPECT_EQ(shown.dispatch_main(3, 4, argv, nullptr), 9);
  ASSERT_NE(shown.own_main, nullptr);
  EXPECT_EQ(shown.own_main(1, argv, nullptr), 3);
}

TEST_F(CodegenTableTest, EmptyTableLinks) {
  const Shown shown = load({}, table({}, ""));
  EXPECT_EQ(shown.count, 0u);
  ASSERT_NE(shown.rows, nullptr);
  EXPECT_EQ(shown.rows[0].name, nullptr);
  EXPECT_EQ(shown.own_main, nullptr);
}

TEST_F(CodegenTableTest, TestThatIsNotThereIsReportedAtLink) {
  const Compiled made = table({row("TestA", "a.cpp", 2, 1, "_Z5TestARN4dyad1TE")}, "");
  ASSERT_EQ(made.status, 0u);
  EXPECT_TRUE(has(made.undefined, "_Z5TestARN4dyad1TE"));
  const Linked linked = link(DYAD_IMAGE_SHARED, path("t.so"),
                             {object("show.c", {std::string("-I") + DYAD_SOURCE_DIR}), write("table.o", made.output)});
  EXPECT_EQ(linked.status, 1u);
  ASSERT_EQ(linked.undefined.size(), 1u) << linked.diagnostics;
  EXPECT_EQ(linked.undefined[0].demangled, "TestA(dyad::T&)");
  EXPECT_EQ(linked.undefined[0].object, path("table.o"));
}

TEST_F(CodegenTableTest, MergedIrIsOneModuleWithWhatIsNeeded) {
  write("a_test.c", "#include \"testing.h\"\nint wanted(void);\nvoid TestA(dyad_T *t) { t->calls = wanted(); }\n");
  write("wanted.c",
        "int deeper(void);\nint wanted(void) { return deeper(); }\nint wanted_beside(void) { return 9; }\n");
  write("deeper.c", "int deeper(void) { return 5; }\n");
  write("unwanted.c", "int unwanted(void) { return 6; }\n");
  const Compiled made = table({row("TestA", "a_test.c", 3, 1, "TestA")}, "", DYAD_OUTPUT_BITCODE);
  const std::vector<std::string> objects{object("a_test.c", {}, DYAD_OUTPUT_BITCODE), write("table.bc", made.output)};
  const std::vector<std::string> libraries{object("deeper.c", {}, DYAD_OUTPUT_BITCODE),
                                           object("unwanted.c", {}, DYAD_OUTPUT_BITCODE),
                                           object("wanted.c", {}, DYAD_OUTPUT_BITCODE)};
  const Strings object_list(objects), library_list(libraries);
  Compiled merged;
  const dyad_compile_sink sink = sink_into(merged);
  merged.status = library().merge_ir(object_list.list(), library_list.list(), &sink);
  ASSERT_EQ(merged.status, 0u) << merged.diagnostics;
  for (const char* wanted : {"define hidden void @TestA(", "define hidden i32 @wanted(", "define hidden i32 @deeper(",
                             "define hidden void @dyad_dispatch("})
    EXPECT_NE(merged.output.find(wanted), std::string::npos) << wanted;
  EXPECT_EQ(merged.output.find("@unwanted("), std::string::npos);

  write("all.ll", merged.output);
  EXPECT_EQ(compile_with("all.ll", {"-O0", "-fPIC"}).status, 0u);

  const Strings absent(std::vector<std::string>{path("absent.bc")});
  Compiled failed;
  const dyad_compile_sink failed_sink = sink_into(failed);
  EXPECT_EQ(library().merge_ir(absent.list(), {nullptr, 0}, &failed_sink), 1u);
  EXPECT_NE(failed.diagnostics.find("absent.bc"), std::string::npos);
}

/// Like a prelude's object: weak definitions alone, and too many to be read for the few that are needed.
std::string weak_source(const std::string& more) {
  std::string text =
      "#include <stdexcept>\n#include <string>\n"
      "struct Base { virtual ~Base() = default; virtual int value() const = 0; };\n"
      "struct Derived : Base { int value() const override { return 20; } };\n"
      "inline int counter = 3;\n" +
      more +
      "[[gnu::used]] inline int thrower(int n) {\n"
      "  static int calls = 0;\n"
      "  std::string local(40, 'x');\n"
      "  if (n > 1) throw std::runtime_error(local + std::to_string(++calls));\n"
      "  return n;\n}\n"
      "[[gnu::used]] inline int needed(int n) {\n"
      "  const Base& base = *new Derived;\n"
      "  try { return thrower(n); } catch (const std::exception& e) {\n"
      "    return static_cast<int>(std::string(e.what()).size()) + base.value() + counter; }\n}\n";
  for (int i = 0; i < 1500; ++i)
    text += "[[gnu::used]] inline int filler" + std::to_string(i) + "(int n) { return n > " + std::to_string(i) +
            " ? thrower(n) : needed(n); }\n";
  return text;
}

class CodegenSliceTest : public CodegenLinkTest {
 protected:
  /// The object of a program that returns needed(2), and the one of weak_source(more).
  void write_objects(const std::string& more) {
    write("main.cc", "int needed(int);\nint own() { return 1; }\nint main() { return needed(own() + 1); }\n");
    main_ = object("main.cc", {}, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
    write("weak.cc", weak_source(more));
    weak_ = object("weak.cc");
    ASSERT_GT(std::filesystem::file_size(weak_), 256u << 10);
  }
  Linked link_program(std::vector<std::string> more_libraries = {}) {
    more_libraries.insert(more_libraries.begin(), weak_);
    return link(DYAD_IMAGE_EXECUTABLE, path("prog"), {main_}, more_libraries);
  }

  std::string main_, weak_;
};

TEST_F(CodegenSliceTest, WhatIsNeededOfWeakDefinitionsWorks) {
  write_objects("");
  const Linked linked = link_program();
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(exit_code_of(path("prog")), 41 + 20 + 3);
}

TEST_F(CodegenSliceTest, LinksMayBeForeseenOfObjectsAndOfWhatIsNone) {
  write_objects("");
  const std::string none = write("none.o", "no object");
  for (const std::string& each : {weak_, none, path("nowhere.o"), weak_}) library().foresee_links(str(each));
  const Linked linked = link_program();
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(exit_code_of(path("prog")), 41 + 20 + 3);
}

TEST_F(CodegenSliceTest, WhatIsNotNeededAsksForNothing) {
  write_objects("int pulled();\n[[gnu::used]] inline int idle() { return pulled(); }\n");
  write("pulled.cc", "int pulled() { return 1; }\nint own() { return 2; }\n");  // would be a second own()
  const Linked linked = link_program({object("pulled.cc")});
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(exit_code_of(path("prog")), 41 + 20 + 3);
}

TEST_F(CodegenSliceTest, WhoWantsASymbolIsCalledByItsOwnName) {
  write_objects("int lost();\n[[gnu::used]] inline int loses() { return lost(); }\n");
  write("main.cc", "int loses();\nint main() { return loses(); }\n");
  object("main.cc", {}, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
  const Linked linked = link_program();
  EXPECT_EQ(linked.status, 1u);
  ASSERT_EQ(linked.undefined.size(), 1u) << linked.diagnostics;
  EXPECT_EQ(linked.undefined[0].demangled, "lost()");
  EXPECT_EQ(linked.undefined[0].object, weak_);
  EXPECT_EQ(linked.diagnostics.find("/proc/"), std::string::npos) << linked.diagnostics;
}

TEST_F(CodegenSliceTest, WhatActsByBeingThereIsLinkedAsAWhole) {
  write_objects("inline int started = counter = 7;\n");
  const Linked linked = link_program();
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(exit_code_of(path("prog")), 41 + 20 + 7);
}

}  // namespace dyad::codegen_test
