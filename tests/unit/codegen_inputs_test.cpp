#include "codegen_library.hpp"

namespace dyad::codegen_test {

using CodegenInputsTest = CodegenTest;

TEST_F(CodegenInputsTest, ReportsFilesWithTheirBytesOnce) {
  write("h.h", "#pragma once\nstruct H {};\n");
  write("a.cc", "#include \"h.h\"\n#include \"h.h\"\nH h;\n");
  const Compiled a = compile("a.cc");
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  int seen = 0;
  for (const auto& [file, bytes] : a.files) {
    if (file == path("h.h")) ++seen;
    if (file.starts_with(root_.string())) {
      EXPECT_EQ(bytes, read(file)) << file;
    }
  }
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(a.read(path("a.cc")));
}

TEST_F(CodegenInputsTest, ReportsLookupsThatFailedBeforeAHeaderWasFound) {
  std::filesystem::create_directory(root_ / "first");
  write("second/h.h", "struct H {};\n");
  write("a.cc", "#include <h.h>\nH h;\n");
  const std::vector<std::string> args{"-I" + path("first"), "-I", path("never"), "-I" + path("second")};
  const Compiled a = compile("a.cc", args);
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(has(a.missing, path("first/h.h")));
  EXPECT_TRUE(has(a.missing, path("never"))) << "an include directory that appears must be noticed";
  EXPECT_TRUE(a.read(path("second/h.h")));
  EXPECT_TRUE(has(a.directories, path("second")));

  write("first/h.h", "struct H { int x; };\n");
  const Compiled b = compile("a.cc", args);
  EXPECT_TRUE(b.read(path("first/h.h")));
  EXPECT_FALSE(b.read(path("second/h.h")));
}

TEST_F(CodegenInputsTest, ReportsWhatHasIncludeAskedFor) {
  write("there.h", "this is never read by the compiler\n");
  write("a.cc",
        "#if __has_include(\"there.h\")\nint there;\n#endif\n#if __has_include(\"gone.h\")\nint gone;\n#endif\n"
        "#if __has_include(<dir/gone.h>)\n#endif\n");
  const Compiled a = compile("a.cc", {"-I", path(".")});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(a.read(path("there.h")));
  EXPECT_TRUE(has(a.missing, path("gone.h")));
  EXPECT_TRUE(has(a.missing, path("dir"))) << "its directory is not there: that is what was looked up";
}

TEST_F(CodegenInputsTest, ReportsEmbedIncbinAndForcedIncludes) {
  write("data/e.bin", "embedded");
  write("data/i.bin", "assembled");
  write("forced.h", "#define FORCED 3\n");
  write(
      "a.c",
      "const char e[] = {\n#embed \"data/e.bin\"\n};\n"
      "__asm__(\".section .rodata\\nblob: .incbin \\\"data/i.bin\\\"\\n.text\\n\");\nint f(void) { return FORCED; }\n");
  const Compiled a = compile("a.c", {"-std=gnu23", "-include", "forced.h"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(a.read(path("data/e.bin")));
  EXPECT_TRUE(a.read(path("data/i.bin")));
  EXPECT_TRUE(a.read(path("forced.h")));
  EXPECT_NE(a.output.find("assembled"), std::string::npos)
      << "relative to the compilation's directory, not the process's";
  EXPECT_EQ(compile("a.c", {"-std=gnu23", "-include", "forced.h"}).output, a.output);

  write("b.c", "__asm__(\".incbin \\\"data/none.bin\\\"\");\n");
  const Compiled b = compile("b.c");
  EXPECT_EQ(b.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_TRUE(has(b.missing, path("data/none.bin")));
}

TEST_F(CodegenInputsTest, ReportsInputsOfFailedCompilations) {
  write("h.h", "int x = ;\n");
  write("a.cc", "#include \"h.h\"\n#include \"later.h\"\n");
  const Compiled a = compile("a.cc");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_TRUE(a.read(path("h.h")));
  EXPECT_TRUE(has(a.missing, path("later.h")));
}

TEST_F(CodegenInputsTest, FollowsSymlinksByTheNameThatWasLookedUp) {
  write("real/h.h", "struct H {};\n");
  std::filesystem::create_symlink(root_ / "real", root_ / "link");
  write("a.cc", "#include \"link/h.h\"\nconst char* name = __FILE__;\n");
  const Compiled a = compile("a.cc");
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(a.read(path("link/h.h")));
  EXPECT_NE(a.output.find(path("a.cc")), std::string::npos);
}

TEST_F(CodegenInputsTest, PathsMayHoldSpacesQuotesAndBytesThatAreNotUtf8) {
  const std::string odd = "o dd'\"\xff\xc3\xa4.cc";
  write(odd, "int main() { return 0; }\n");
  const Compiled a = compile(odd);
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_TRUE(a.read(path(odd)));
  EXPECT_TRUE(has(a.strong, "dyad_main_of_" + odd));
}

}  // namespace dyad::codegen_test
