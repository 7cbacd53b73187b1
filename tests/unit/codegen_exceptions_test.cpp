/// Code for exceptions, which is selected otherwise than by clang++ (codegen/select_exceptions.cpp), does the same.
#include <array>
#include <cstdio>

#include "codegen_library.hpp"

namespace dyad::codegen_test {

using CodegenExceptionsTest = CodegenTest;

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return "cannot run " + command;
  std::array<char, 4096> piece{};
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), pipe)) output.append(piece.data(), size);
  return output + "status " + std::to_string(pclose(pipe)) + "\n";
}

TEST_F(CodegenExceptionsTest, WhatIsThrownAnywhereEndsWhereClangLetsItEnd) {
  std::filesystem::copy_file(DYAD_SOURCE_DIR "/tests/unit/sources/exceptions.cc", path("exceptions.cc"));
  const std::string plain = "clang++-22 -std=c++20 -O0 -o '" + path("plain") + "' '" + path("exceptions.cc") + "'";
  ASSERT_EQ(std::system(plain.c_str()), 0);
  const std::string expected = output_of("'" + path("plain") + "'");
  EXPECT_NE(expected.find("[at 40]"), std::string::npos) << expected;
  EXPECT_TRUE(expected.ends_with("status 0\n"));
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {}, {"-fno-PIC"}, {"-g"}, {"-fstack-protector-all"}, {"-mno-sse4.1", "-fno-omit-frame-pointer"}}) {
    std::vector<std::string> arguments{"-std=c++20"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const std::string compiled = object("exceptions.cc", arguments, DYAD_OUTPUT_OBJECT, /*main_symbol=*/"");
    const std::vector<std::string> link_arguments =
        flags == std::vector<std::string>{"-fno-PIC"} ? std::vector<std::string>{"-no-pie"} : std::vector<std::string>{};
    const Linked linked = link(DYAD_IMAGE_EXECUTABLE, path("program"), {compiled}, {}, link_arguments);
    ASSERT_EQ(linked.status, 0u) << linked.diagnostics;
    EXPECT_EQ(output_of("'" + path("program") + "'"), expected) << testing::PrintToString(flags);
  }
}

}  // namespace dyad::codegen_test
