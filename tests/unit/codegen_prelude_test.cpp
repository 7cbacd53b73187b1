#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <thread>

#include "codegen_library.hpp"

namespace dyad::codegen_test {
namespace {

struct Made {
  unsigned status = 99;
  std::string module, notes, object, diagnostics;
  std::vector<std::string> files, missing;

  /// The headers of those that were asked for that are in it.
  std::vector<std::string> headers() const {
    std::vector<std::string> result;
    std::istringstream lines(notes);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("w ")) result.push_back(line.substr(2));
    return result;
  }
};

Made make_prelude(const std::vector<std::string>& headers, const std::vector<std::string>& args,
                  const std::string& uses = "") {
  const Strings header_list(headers), arguments(args);
  dyad_prelude what{};
  what.size = sizeof what;
  what.headers = header_list.list();
  what.args = arguments.list();
  what.uses = str(uses);
  Made result;
  dyad_prelude_sink sink{};
  sink.size = sizeof sink;
  sink.user = &result;
  sink.diagnostics = [](void* user, dyad_str said) { static_cast<Made*>(user)->diagnostics += text(said); };
  sink.input = [](void* user, uint32_t kind, dyad_str path, const void*, size_t) {
    if (kind == DYAD_INPUT_FILE) static_cast<Made*>(user)->files.push_back(text(path));
    if (kind == DYAD_INPUT_MISSING) static_cast<Made*>(user)->missing.push_back(text(path));
  };
  sink.module = [](void* user, const void* bytes, size_t size, dyad_str notes) {
    static_cast<Made*>(user)->module.assign(static_cast<const char*>(bytes), size);
    static_cast<Made*>(user)->notes = text(notes);
  };
  sink.object = [](void* user, const void* bytes, size_t size) {
    static_cast<Made*>(user)->object.assign(static_cast<const char*>(bytes), size);
  };
  result.status = library().make_prelude(&what, &sink);
  return result;
}

class CodegenPreludeTest : public CodegenTest {
 protected:
  struct WithPrelude : Compiled {
    std::optional<bool> used;
    std::string why_not;
  };

  /// With a prelude of <string> and <vector> that all tests share.
  WithPrelude compile_with_prelude(const std::string& name, std::vector<std::string> args = {}) {
    static const Made shared = make_prelude({"string", "vector"}, usual({}));
    EXPECT_EQ(shared.status, 0u) << shared.diagnostics;
    return compile_with(shared, name, std::move(args));
  }

  WithPrelude compile_with(const Made& prelude, const std::string& name, std::vector<std::string> args = {}) {
    // Like the cache's: files whose content never changes.
    const std::string folder = "prelude" + std::to_string(std::hash<std::string>()(prelude.module + prelude.notes));
    static std::mutex mutex;
    std::unique_lock lock(mutex);
    const std::string module = path(folder + "/module"), notes = path(folder + "/notes");
    if (!std::filesystem::exists(module)) {
      write(folder + "/module", prelude.module);
      write(folder + "/notes", prelude.notes);
    }
    lock.unlock();
    WithPrelude result;
    compile_into(result, "dyad_main_of_" + name, name, usual(std::move(args)),
                 [&](dyad_compile& what, dyad_compile_sink& sink) {
                   what.prelude_module = str(module);
                   what.prelude_notes = str(notes);
                   sink.prelude = [](void* user, uint32_t used, dyad_str why_not) {
                     auto& to = *static_cast<WithPrelude*>(static_cast<Compiled*>(user));
                     to.used = used != 0;
                     to.why_not = text(why_not);
                   };
                 });
    return result;
  }
};

TEST_F(CodegenPreludeTest, CodeOfTheHeadersIsLeftToThePreludesObject) {
  write("a.cc", "#include <vector>\nint f(std::vector<int>& v) { v.push_back(1); return v.back(); }\n");
  const WithPrelude a = compile_with_prelude("a.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.used, true) << a.why_not;
  EXPECT_TRUE(has(a.strong, "_Z1fRSt6vectorIiSaIiEE"));
  const std::string push_back = "_ZNSt6vectorIiSaIiEE9push_backEOi";
  EXPECT_TRUE(has(a.undefined, push_back));
  EXPECT_FALSE(has(a.weak, push_back));
  EXPECT_TRUE(has(compile("a.cc").weak, push_back));
  // What the source itself asked for is an input; what exists nowhere is not.
  EXPECT_TRUE(std::ranges::any_of(a.files, [](const auto& file) { return file.first.ends_with("/vector"); }));
  for (const auto& [file, bytes] : a.files) EXPECT_FALSE(file.starts_with("/dyad-prelude")) << file;
}

TEST_F(CodegenPreludeTest, TheProgramLinksAndRuns) {
  write("main.cc",
        "#include <string>\n#include <vector>\nint main() {\n  std::vector<std::string> v{\"a\", \"bc\"};\n"
        "  v.push_back(v[0] + v[1]);\n  return v.back() == \"abc\" ? 7 : 1;\n}\n");
  const Made prelude = make_prelude({"string", "vector"}, usual({}));
  const WithPrelude main = compile_with(prelude, "main.cc");
  ASSERT_EQ(main.used, true) << main.why_not;
  const std::string object = write("main.o", main.output), library = write("prelude.o", prelude.object);
  const Linked linked = link(DYAD_IMAGE_EXECUTABLE, path("program"), {object}, {library}, {"-Wl,--defsym=main=dyad_main_of_main.cc"});
  ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
  EXPECT_EQ(WEXITSTATUS(std::system(path("program").c_str())), 7);
}

TEST_F(CodegenPreludeTest, AMissingIncludeIsRejectedWithTheSameWords) {
  write("a.cc", "#include <vector>\nstd::string f() { return \"x\"; }\nint g() { return strlen(\"x\"); }\n");
  write("b.cc", "std::vector<int> early;\n#include <vector>\n");
  for (const char* name : {"a.cc", "b.cc"}) {
    const WithPrelude with = compile_with_prelude(name);
    const Compiled alone = compile(name);
    EXPECT_EQ(with.status, unsigned{DYAD_COMPILE_FAILED});
    EXPECT_EQ(with.used, false);
    EXPECT_EQ(with.diagnostics, alone.diagnostics);
    EXPECT_NE(with.diagnostics, "");
  }
}

TEST_F(CodegenPreludeTest, WhatCouldChangeAHeaderIsCompiledPlainly) {
  const std::vector<std::pair<std::string, std::string>> sources{
      {"#define _Tp int\n#include <vector>\n", "a macro before a header"},
      {"#pragma pack(1)\n#include <vector>\n", "#pragma before a header"},
      {"struct size_t_ {}; int malloc;\n#include <vector>\n", "a diagnostic"},
      {"template <class T> int operator+(T*, long);\n#include <vector>\n", "an overload for types of a header"},
      {"namespace std { int __first; }\n#include <vector>\n", "a name of its own before a header"},
      {"#include <vector>\ntemplate <> struct std::hash<std::vector<int>> {};\n", "a specialisation for types of a header"},
      {"#include <string>\nusing namespace std;\n#include <vector>\n", "using namespace before a header"},
      {"#include <vector>\nvoid* f(void* p) { return new (p) int; }\n", ""},
      {"#include_next <vector>\n", "#include_next"},
      {"#if __has_feature(modules)\n#endif\n#include <vector>\n", "__has_feature"},
  };
  for (const auto& [text, why_not] : sources) {
    write("a.cc", text);
    const WithPrelude a = compile_with_prelude("a.cc");
    EXPECT_EQ(a.used, why_not.empty()) << text << a.why_not;
    EXPECT_EQ(a.why_not.substr(0, a.why_not.find(": ")), why_not) << text;
    EXPECT_EQ(a.diagnostics, compile("a.cc").diagnostics);
  }
}

TEST_F(CodegenPreludeTest, AHeaderThatHidesOneOfThePreludesIsSeenAndSoIsThatItWasNotThere) {
  write("a.cc", "#include <vector>\nint f() { return std::vector<int>(2).size(); }\n");
  const WithPrelude without = compile_with_prelude("a.cc", {"-I", path("include")});
  EXPECT_EQ(without.used, true) << without.why_not;
  EXPECT_TRUE(has(without.missing, path("include")));

  write("include/other.h", "");
  const WithPrelude beside = compile_with_prelude("a.cc", {"-I", path("include")});
  EXPECT_EQ(beside.used, true) << beside.why_not;
  EXPECT_TRUE(has(beside.missing, path("include/bits")));

  write("include/bits/stl_vector.h", "#error mine\n");
  const WithPrelude hidden = compile_with_prelude("a.cc", {"-I", path("include")});
  EXPECT_EQ(hidden.used, false);
  EXPECT_EQ(hidden.why_not, "a file of the workspace by a header's name");
  EXPECT_NE(hidden.diagnostics.find("#error mine"), std::string::npos);
}

TEST_F(CodegenPreludeTest, TestsAndDefinitionsAreFoundAsWithout) {
  write("dyad/testing.h", kTestingHeader);
  write("lib.h", "#pragma once\n#include <string>\nstruct Shared { std::string s; };\ninline int shared() { return 1; }\n");
  write("a.cc",
        "#include <dyad/testing.h>\n#include <string>\n#include <vector>\n#include \"lib.h\"\n"
        "struct Own { std::vector<int> v; };\nstd::string text;\n"
        "void TestA(dyad::T&) {}\nnamespace n {\nvoid TestB(dyad::T&) {}\n}\nint main() { return shared(); }\n");
  const std::vector<std::string> args{"-isystem", root_.string()};
  const WithPrelude with = compile_with_prelude("a.cc", args);
  const Compiled alone = compile("a.cc", args);
  ASSERT_EQ(with.used, true) << with.why_not;
  ASSERT_EQ(with.tests.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(with.tests[i].name, alone.tests[i].name);
    EXPECT_EQ(with.tests[i].symbol, alone.tests[i].symbol);
    EXPECT_EQ(with.tests[i].line, alone.tests[i].line);
    EXPECT_EQ(with.tests[i].file, alone.tests[i].file);
  }
  EXPECT_EQ(with.definitions, alone.definitions);
  EXPECT_EQ(with.shared_definitions, alone.shared_definitions);
  EXPECT_EQ(with.main_line, alone.main_line);
  EXPECT_EQ(with.strong, alone.strong);
}

TEST_F(CodegenPreludeTest, ACrashWithAPreludeIsACrashWithout) {
  write("a.cc", "#include <vector>\n#pragma clang __debug parser_crash\nint after;\n");
  const WithPrelude a = compile_with_prelude("a.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_CRASHED});
  EXPECT_EQ(a.used, false);
  EXPECT_EQ(a.why_not, "the compiler crashed");
}

TEST_F(CodegenPreludeTest, WhatIsNoObjectOfCxxIsCompiledPlainly) {
  write("a.c", "int f(void) { return 1; }\n");
  const WithPrelude a = compile_with_prelude("a.c");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK});
  EXPECT_EQ(a.used, false);
}

TEST_F(CodegenPreludeTest, AFileThatIsNoPreludeIsNoHarm) {
  write("a.cc", "#include <vector>\nint f() { return 1; }\n");
  Made broken = make_prelude({"vector"}, usual({}));
  broken.notes = "dyad-prelude 1\nnonsense\n";
  EXPECT_EQ(compile_with(broken, "a.cc").used, false);
}

TEST_F(CodegenPreludeTest, ManyThreadsShareOnePrelude) {
  for (int i = 0; i < 8; ++i)
    write("s" + std::to_string(i) + ".cc", "#include <string>\nstd::string f" + std::to_string(i) +
                                              "(std::string s) { return s + std::to_string(" + std::to_string(i) + "); }\n");
  std::vector<WithPrelude> parallel(8), serial(8);
  for (int i = 0; i < 8; ++i) serial[i] = compile_with_prelude("s" + std::to_string(i) + ".cc");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; i < 8; i += 4) parallel[i] = compile_with_prelude("s" + std::to_string(i) + ".cc");
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(parallel[i].used, true);
    EXPECT_TRUE(parallel[i].output == serial[i].output) << i;
  }
}

TEST_F(CodegenPreludeTest, UnfitHeadersAreLeftOut) {
  const std::string folder = path("system");
  write("system/dated.h", "#pragma once\n#include <string>\ninline const char* dated() { return __DATE__; }\n");
  write("system/leaks.h", "#pragma once\n#pragma pack(1)\n");
  write("system/asks.h", "#pragma once\n#ifdef GIVEN\ninline int asks() { return 1; }\n#endif\n");
  write("system/gives.h", "#pragma once\n#define GIVEN 1\n");
  write("system/open.h", "#define OPEN 1\n");
  write("system/fit.h", "#pragma once\n#include <vector>\ninline int fit() { return 1; }\n");
  write("user/user.h", "#pragma once\ninline int user() { return 1; }\n");
  const Made made =
      make_prelude({"asks.h", "dated.h", "fit.h", "gives.h", "leaks.h", "no/such.h", "open.h", "user.h", "string"},
                   usual({"-isystem", folder, "-I", path("user")}));
  EXPECT_EQ(made.status, 0u) << made.diagnostics;
  EXPECT_EQ(made.headers(), (std::vector<std::string>{"fit.h", "gives.h", "string"}));
  EXPECT_TRUE(has(made.files, folder + "/fit.h"));
}

TEST_F(CodegenPreludeTest, WhatEverySourceWouldDefineAgainIsNoPrelude) {
  write("system/strong.h", "#pragma once\nint strong() { return 1; }\n");
  write("system/acts.h", "#pragma once\n#include <cstdlib>\nstatic int acts = std::atoi(\"3\");\n");
  for (const char* header : {"strong.h", "acts.h"}) {
    const Made made = make_prelude({header}, usual({"-isystem", path("system")}));
    EXPECT_NE(made.status, 0u) << header;
    EXPECT_EQ(made.module, "") << header;
  }
}

TEST_F(CodegenPreludeTest, AllDebugInformationIsNotForPreludes) {
  EXPECT_NE(make_prelude({"vector"}, usual({"-g"})).status, 0u);
  EXPECT_EQ(make_prelude({"vector"}, usual({"-g", "-g1"})).status, 0u);
}

TEST_F(CodegenPreludeTest, UsesAreInstantiatedAndWrongOnesLeftOut) {
  write("a.cc", "#include <vector>\nvoid f(std::vector<long double>& v) { v.clear(); }\n");
  const std::string clear = "_ZNSt6vectorIeSaIeEE5clearEv";
  const std::string use = "inline void learned(std::vector<long double>& v) { v.clear(); }\n";
  const Made plain = make_prelude({"vector"}, usual({})), with_use = make_prelude({"vector"}, usual({}), use);
  EXPECT_TRUE(has(compile_with(plain, "a.cc").weak, clear));
  EXPECT_TRUE(has(compile_with(with_use, "a.cc").undefined, clear));
  const Made wrong = make_prelude({"vector"}, usual({}), use + "inline void wrong() { no_such(); }\n");
  EXPECT_EQ(wrong.status, 0u) << wrong.diagnostics;
  EXPECT_EQ(wrong.headers(), (std::vector<std::string>{"vector"}));
}

TEST_F(CodegenPreludeTest, TheSameInputsGiveTheSamePrelude) {
  const Made one = make_prelude({"string", "vector"}, usual({})), other = make_prelude({"string", "vector"}, usual({}));
  EXPECT_TRUE(one.module == other.module);
  EXPECT_TRUE(one.notes == other.notes);
  EXPECT_TRUE(one.object == other.object);
}

}  // namespace
}  // namespace dyad::codegen_test
