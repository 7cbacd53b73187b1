#include "codegen_library.hpp"

namespace dyad::codegen_test {

using CodegenDiagnosticsTest = CodegenTest;

TEST_F(CodegenDiagnosticsTest, AreExactlyClangs) {
  const std::string source = write("a.cc", "int f() {\n  return undeclared;\n}\n");
  const Compiled a = compile("a.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_EQ(a.diagnostics, source +
                               ":2:10: error: use of undeclared identifier 'undeclared'\n"
                               "    2 |   return undeclared;\n"
                               "      |          ^~~~~~~~~~\n"
                               "1 error generated.\n");
}

TEST_F(CodegenDiagnosticsTest, WarningsOfASuccessAreReported) {
  write("a.cc", "int f() {\n  int unused;\n  return 1;\n}\n");
  const Compiled a = compile("a.cc", {"-Wall"});
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK});
  EXPECT_NE(a.diagnostics.find("a.cc:2:7: warning: unused variable 'unused' [-Wunused-variable]"), std::string::npos)
      << a.diagnostics;
  EXPECT_NE(a.diagnostics.find("1 warning generated.\n"), std::string::npos);
  EXPECT_EQ(compile("a.cc", {"-Wall", "-Werror"}).status, unsigned{DYAD_COMPILE_FAILED});
}

TEST_F(CodegenDiagnosticsTest, ColoursOnlyWhenAsked) {
  write("a.cc", "int f( {\n");
  EXPECT_EQ(compile("a.cc").diagnostics.find('\033'), std::string::npos);
  EXPECT_NE(compile("a.cc", {}, DYAD_OUTPUT_OBJECT, /*colour=*/true).diagnostics.find("\033["), std::string::npos);
}

TEST_F(CodegenDiagnosticsTest, MissingHeaderListsWhereItWasLookedFor) {
  write("sub/h.h", "#include \"gone/foo.h\"\n");
  std::filesystem::create_directory(root_ / "inc");
  write("a.cc", "#include \"sub/h.h\"\n");
  const Compiled a = compile("a.cc", {"-I", path("inc"), "-iquote", path("sub")});
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(a.diagnostics.find("In file included from " + path("a.cc") + ":1:\n" + path("sub/h.h") +
                               ":1:10: fatal error: 'gone/foo.h' file not found\n"),
            std::string::npos)
      << a.diagnostics;
  EXPECT_NE(a.diagnostics.find("note: 'gone/foo.h' was looked for in: " + path("sub") + ", " + path("inc") + ", /usr/"),
            std::string::npos)
      << a.diagnostics;
  write("b.cc", "#include <foo.h>\n");
  const Compiled b = compile("b.cc", {"-I", path("inc"), "-iquote", path("sub")});
  EXPECT_NE(b.diagnostics.find("note: 'foo.h' was looked for in: " + path("inc") + ", /usr/"), std::string::npos)
      << b.diagnostics;
}

TEST_F(CodegenDiagnosticsTest, ErrorsInInlineAssemblyNameTheLine) {
  write("a.c", "void f(void) {\n  __asm__(\"nosuchinstruction\");\n}\n");
  const Compiled a = compile("a.c");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(a.diagnostics.find("a.c:2:11: error: invalid instruction mnemonic 'nosuchinstruction'"), std::string::npos)
      << a.diagnostics;
}

}  // namespace dyad::codegen_test
