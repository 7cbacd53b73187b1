#include <pthread.h>

#include <algorithm>
#include <functional>
#include <set>
#include <thread>

#include "codegen_library.hpp"

namespace dyad::codegen_test {

using CodegenCompileTest = CodegenTest;

/// Runs `work` on a thread that needs no other for a compilation.
void on_large_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, DYAD_CODEGEN_STACK + (1 << 20)), 0);
  pthread_t thread;
  auto run = [](void* of) -> void* { return (*static_cast<std::function<void()>*>(of))(), nullptr; };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &work), 0);
  pthread_attr_destroy(&attributes);
  pthread_join(thread, nullptr);
}

TEST_F(CodegenCompileTest, EntryRefusesAnotherAbi) {
  void* handle = dlopen(DYAD_BINARY_DIR "/lib/dyad/libdyad_codegen.so", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr);
  auto entry = reinterpret_cast<dyad_codegen_entry_fn>(dlsym(handle, DYAD_CODEGEN_SYMBOL));
  EXPECT_EQ(entry(DYAD_CODEGEN_ABI + 1), nullptr);
  EXPECT_NE(entry(DYAD_CODEGEN_ABI), nullptr);
}

TEST_F(CodegenCompileTest, IdentityNamesVersionLibrariesAndTheirTimes) {
  EXPECT_EQ(std::string(library().version).find("clang 22."), 0u) << library().version;
  EXPECT_NE(std::string(library().version).find(", lld 22."), std::string::npos) << library().version;
  const std::string identity = library().identity;
  EXPECT_EQ(identity.find("version "), 0u);
  std::istringstream lines(identity);
  std::set<std::string> names;
  for (std::string kind, rest; lines >> kind && std::getline(lines, rest);) {
    if (kind != "file") continue;
    std::size_t time_at = rest.rfind(' '), size_at = rest.rfind(' ', time_at - 1);  // the path may hold blanks
    std::string file = rest.substr(1, size_at - 1);
    std::uintmax_t size = std::stoull(rest.substr(size_at));
    EXPECT_TRUE(std::filesystem::exists(file)) << file;
    if (std::filesystem::is_regular_file(file)) {
      EXPECT_EQ(std::filesystem::file_size(file), size) << file;
    }
    names.insert(std::filesystem::path(file).filename());
  }
  for (const char* prefix :
       {"libdyad_codegen.so", "libc.so.6", "crti.o", "libstdc++."})
    EXPECT_TRUE(std::ranges::any_of(names, [&](const auto& name) { return name.starts_with(prefix); }))
        << prefix << " is not in\n"
        << identity;
}

TEST_F(CodegenCompileTest, CompilesCxxAndReportsSymbols) {
  write("a.cc", R"(#include <string>
int missing(int);
static int hidden() { return 3; }
int used(const std::string& s) { return missing(static_cast<int>(s.size())) + hidden(); }
inline int merged() { return 1; }
int (*keep)() = merged;
)");
  const Compiled a = compile("a.cc", {"-std=gnu++20"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.diagnostics, "");
  EXPECT_EQ(a.output.substr(1, 3), "ELF");
  EXPECT_TRUE(has(a.undefined, "_Z7missingi"));
  EXPECT_TRUE(has(a.strong, "keep"));
  EXPECT_TRUE(has(a.weak, "_Z6mergedv"));
  EXPECT_FALSE(has(a.strong, "_ZL6hiddenv"));
  EXPECT_EQ(a.main_line, -1);
}

TEST_F(CodegenCompileTest, LanguageFollowsTheSuffix) {
  write("a.c", "int f(int class) { return class; }\n");
  EXPECT_EQ(compile("a.c", {"-std=gnu17"}).status, unsigned{DYAD_COMPILE_OK});
  write("a.cpp", "int f(int class) { return class; }\n");
  EXPECT_EQ(compile("a.cpp").status, unsigned{DYAD_COMPILE_FAILED});
  for (const char* name : {"b.cc", "b.cpp", "b.cxx", "b.C", "b.c++"}) {
    write(name, "template <class T> T f(T t) { return t; } int g() { return f(1); }\n");
    EXPECT_EQ(compile(name).status, unsigned{DYAD_COMPILE_OK}) << name;
  }
}

TEST_F(CodegenCompileTest, AMainWithThreeParametersUsesTheEnvironment) {
  write("two.c", "int main(int n, char** v) { return n && v ? 0 : 1; }\n");
  EXPECT_FALSE(has(compile("two.c").undefined, "environ"));
  write("three.c", "int main(int n, char** v, char** e) { return n && v && e ? 0 : 1; }\n");
  EXPECT_TRUE(has(compile("three.c").undefined, "environ"));
}

TEST_F(CodegenCompileTest, MainIsRenamedAndReportedWithItsLine) {
  write("m.cpp", "int helper();\n\nint main() { if (helper()) return 4; }\n");
  const Compiled m = compile("m.cpp");
  ASSERT_EQ(m.status, unsigned{DYAD_COMPILE_OK}) << m.diagnostics;
  EXPECT_EQ(m.main_line, 3);
  EXPECT_TRUE(has(m.strong, "dyad_main_of_m.cpp"));
  EXPECT_FALSE(has(m.strong, "main"));
  EXPECT_FALSE(has(m.definitions, "main"));

  // References follow; a `main` that is only declared stays what it is.
  write("n.c",
        "int main(int, char**);\nint again(void) { return main(0, 0); }\nint main(int n, char** v) { return n ? 0 : "
        "again(); }\n");
  const Compiled n = compile("n.c", {"-std=gnu2x"});
  ASSERT_EQ(n.status, unsigned{DYAD_COMPILE_OK}) << n.diagnostics;
  EXPECT_FALSE(has(n.undefined, "main"));
  EXPECT_EQ(n.main_line, 3);

  write("brought.h", "#define MAIN int main() { return 0; }\nint main() { return 7; }\n");
  write("o.cpp", "int x;\n#include \"brought.h\"\n");
  EXPECT_EQ(compile("o.cpp").main_line, 2);
}

TEST_F(CodegenCompileTest, ArgumentsWorkAsWithTheDriver) {
  write("include/deep.h", "#define DEEP 5\n");
  write("a.cc",
        "#include <deep.h>\nstatic_assert(DEEP + VALUE == 12);\nstatic_assert(__cplusplus >= 202000L);\n"
        "#ifndef __AVX2__\n#error no avx2\n#endif\n#ifdef GONE\n#error gone\n#endif\n");
  const Compiled a =
      compile("a.cc", {"-std=gnu++20", "-I", "include", "-DVALUE=7", "-march=x86-64-v3", "-DGONE", "-U", "GONE"});
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(a.read(path("include/deep.h")));

  write("b.c", "int f(int a) { return a + 1; }\n");
  const Compiled b = compile("b.c", {"-fsanitize=undefined"});
  EXPECT_EQ(b.status, unsigned{DYAD_COMPILE_OK}) << b.diagnostics;
  EXPECT_TRUE(has(b.undefined, "__ubsan_handle_add_overflow"));
}

TEST_F(CodegenCompileTest, OptimisationIsHeeded) {
  write("a.c",
        "static int twice(int x) { return 2 * x; }\nint f(void) { int s = 0; for (int i = 0; i < 9; ++i) s += "
        "twice(i); return s; }\n");
  const Compiled slow = compile_with("a.c", {"-O0", "-fPIC"}), quick = compile_with("a.c", {"-O2", "-fPIC"});
  ASSERT_EQ(slow.status + quick.status, 0u);
  EXPECT_LT(quick.output.size(), slow.output.size());
}

TEST_F(CodegenCompileTest, ArgumentsThatMakeSomethingElseAreRefused) {
  write("a.cc", "int x;\n");
  write("other.cc", "int y;\n");
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"-o", "x.o"},
                                                                                    {"-###"},
                                                                                    {"-E"},
                                                                                    {"-S"},
                                                                                    {path("other.cc")},
                                                                                    {"-fplugin=x.so"},
                                                                                    {"-mllvm", "-debug"},
                                                                                    {"-Xclang", "-ast-dump"},
                                                                                    {"-no-such-argument"}}) {
    const Compiled a = compile("a.cc", args);
    EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED}) << args[0];
    EXPECT_NE(a.diagnostics.find("error: "), std::string::npos) << args[0] << ": " << a.diagnostics;
    EXPECT_EQ(a.output, "") << args[0];
  }
  EXPECT_EQ(compile("a.cc").status, unsigned{DYAD_COMPILE_OK});
}

TEST_F(CodegenCompileTest, UnreadableSourceIsOneClearError) {
  const Compiled a = compile("absent.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_EQ(a.diagnostics,
            "error: error reading '" + path("absent.cc") + "': No such file or directory\n1 error generated.\n");
  EXPECT_TRUE(has(a.missing, path("absent.cc")));
  std::filesystem::create_directory(root_ / "dir.cc");
  const Compiled d = compile("dir.cc");
  EXPECT_EQ(d.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(d.diagnostics.find("dir.cc"), std::string::npos) << d.diagnostics;
}

TEST_F(CodegenCompileTest, IrIsOptimisedRenamedAndSearchedForTests) {
  write("a_test.ll", R"(declare void @log(ptr)
define void @TestIr(ptr %t) {
  call void @log(ptr %t)
  ret void
}
define internal void @TestInternal(ptr %t) {
  ret void
}
define void @Testament(ptr %t) {
  ret void
}
define i32 @main() {
  %x = add i32 1, 2
  ret i32 %x
}
)");
  const Compiled a = compile_with("a_test.ll", {"-O2", "-fPIC", "-iquote", "/nowhere"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.output.substr(1, 3), "ELF");
  ASSERT_EQ(a.tests.size(), 1u);
  EXPECT_EQ(a.tests[0].name, "TestIr");
  EXPECT_EQ(a.tests[0].symbol, "TestIr");
  EXPECT_EQ(a.tests[0].line, 2u);
  EXPECT_EQ(a.tests[0].file, path("a_test.ll"));
  EXPECT_TRUE(has(a.strong, "dyad_main_of_a_test.ll"));
  EXPECT_EQ(a.main_line, 12);
  EXPECT_TRUE(a.read(path("a_test.ll")));

  write("broken.ll", "define void @f() {\n  retx void\n}\n");
  const Compiled broken = compile_with("broken.ll", {"-O2"});
  EXPECT_EQ(broken.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(broken.diagnostics.find("broken.ll:2:3: error: "), std::string::npos) << broken.diagnostics;
}

TEST_F(CodegenCompileTest, BitcodeGoesOutAndIn) {
  write("a.c", "#include \"testing.h\"\nvoid TestB(dyad_T *t) { t->calls++; }\n");
  write("testing.h", kTestingHeader);
  const Compiled bitcode = compile("a.c", {}, DYAD_OUTPUT_BITCODE);
  ASSERT_EQ(bitcode.status, unsigned{DYAD_COMPILE_OK}) << bitcode.diagnostics;
  EXPECT_EQ(bitcode.output.substr(0, 2), "BC");
  EXPECT_TRUE(has(bitcode.strong, "TestB"));
  write("b_test.bc", bitcode.output);
  const Compiled object = compile_with("b_test.bc", {"-O2", "-fPIC"});
  ASSERT_EQ(object.status, unsigned{DYAD_COMPILE_OK}) << object.diagnostics;
  EXPECT_EQ(object.output.substr(1, 3), "ELF");
  ASSERT_EQ(object.tests.size(), 1u);
  EXPECT_EQ(object.tests[0].line, 2u);
}

TEST_F(CodegenCompileTest, ParallelCompilationsEqualSerialOnes) {
  constexpr int kFiles = 16;
  std::vector<std::string> names;
  for (int i = 0; i < kFiles; ++i) {
    names.push_back("p" + std::to_string(i) + (i % 4 == 3 ? ".c" : ".cc"));
    const std::string n = std::to_string(i);
    write(names.back(), i % 4 == 3 ? "#include <stdio.h>\nint f" + n + "(void) { return printf(\"" + n + "\"); }\n"
                        : i == 6   ? "int broken(\n"
                                   : "#include <string>\n#include <vector>\nstd::vector<std::string> f" + n +
                                       "() { return {\"" + n + "\", __FILE__}; }\nint main() { return " + n + "; }\n");
  }
  std::vector<Compiled> serial(kFiles), parallel(kFiles);
  for (int i = 0; i < kFiles; ++i) serial[i] = compile(names[i]);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; i < kFiles; i += 4) parallel[i] = compile(names[i]);
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(serial[i].status, i == 6 ? 1u : 0u) << serial[i].diagnostics;
    EXPECT_EQ(parallel[i].status, serial[i].status);
    EXPECT_EQ(parallel[i].output, serial[i].output) << names[i];
    EXPECT_EQ(parallel[i].diagnostics, serial[i].diagnostics);
    EXPECT_EQ(parallel[i].files, serial[i].files);
    EXPECT_EQ(parallel[i].missing, serial[i].missing);
    EXPECT_EQ(parallel[i].strong, serial[i].strong);
  }
}

TEST_F(CodegenCompileTest, CrashInTheCompilerFailsOneFileAndOthersGoOn) {
  const std::string directory = std::filesystem::current_path();
  write("good.cc", "#include <string>\nstd::string f() { return \"x\"; }\n");
  const std::vector<std::string> kinds{"crash", "llvm_fatal_error", "parser_crash", "stack_overflow"};
  for (const std::string& kind : kinds)
    write(kind + ".cc", "int before;\n#pragma clang __debug " + kind + "\nint after;\n");
  std::string sum = "int n; int x = n";
  for (int i = 0; i < 100'000; ++i) sum += "+n";
  write("stack_overflow.cc", sum + ";\n");  // a tree this deep is more than Clang can walk
  std::vector<Compiled> good(8);
  std::thread other([&] {
    for (Compiled& result : good) result = compile("good.cc");
  });
  auto compile_and_compare = [&](const std::string& kind) {
    const Compiled a = compile(kind + ".cc");
    EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_CRASHED}) << kind << a.diagnostics;
    EXPECT_NE(a.diagnostics.find("error: the compiler crashed on " + path(kind + ".cc") + ": "), std::string::npos)
        << kind << ": " << a.diagnostics;
    EXPECT_EQ(a.output, "");
    EXPECT_TRUE(a.read(path(kind + ".cc"))) << kind;
  };
  std::ranges::for_each(kinds, compile_and_compare);
  // The same on a thread that has the stack for it, and goes on.
  on_large_stack([&] {
    for (const std::string& kind : kinds) {
      compile_and_compare(kind);
      EXPECT_EQ(compile("good.cc").status, unsigned{DYAD_COMPILE_OK}) << "after " << kind;
    }
  });
  other.join();
  for (const Compiled& result : good) EXPECT_EQ(result.status, unsigned{DYAD_COMPILE_OK}) << result.diagnostics;
  EXPECT_EQ(compile("good.cc").status, unsigned{DYAD_COMPILE_OK});
  EXPECT_EQ(std::filesystem::current_path(), directory);
  // No reproducer is written beside the sources.
  for (const auto& entry : std::filesystem::directory_iterator(root_))
    EXPECT_EQ(entry.path().extension(), ".cc") << entry.path();
}

TEST_F(CodegenCompileTest, DeepTemplatesDoNotOverflowTheStack) {
  write("deep.cc",
        "template <int N> struct D { static constexpr int v = 1 + D<N - 1>::v; };\n"
        "template <> struct D<0> { static constexpr int v = 0; };\nint x = D<1000>::v;\n");
  const Compiled deep = compile("deep.cc");
  EXPECT_EQ(deep.status, unsigned{DYAD_COMPILE_OK}) << deep.diagnostics;
}

}  // namespace dyad::codegen_test
