#include <gtest/gtest.h>

#include "host/discover/platform.hpp"
#include "host/discover/source_name.hpp"

namespace dyad::discover {
namespace {

SourceKind kind(std::string_view name) { return kind_of_name(name, {}); }

TEST(SourceNameTest, UsualNamesOfTestFilesAreTests) {
  for (const char* name : {"x_test.cc",
                           "x-test.cpp",
                           "x_tests.cc",
                           "x-tests.cxx",
                           "x_unittest.cc",
                           "x-unittest.c",
                           "x_unittests.cc",
                           "XTest.cpp",
                           "XTests.cpp",
                           "HTTPTest.cpp",
                           "xtest.cpp",
                           "parsetests.c",
                           "test_x.c",
                           "test-x.cpp",
                           "unit-x.cpp",
                           "unit_x.cpp",
                           "test.cc",
                           "tests.cpp",
                           "TestX.cpp",
                           "testParse.c",
                           "Test.cpp",
                           "x_test.ll",
                           "x_test.bc",
                           "X_Test.C",
                           "x.test.cc",
                           "x test.cc",
                           "test1.c",
                           "x_test2.cc",
                           "x_test_3.cc",
                           "x-test-12.cpp",
                           "fooUnitTest.cc",
                           "foounittest.c++",
                           "x_TEST.cc",
                           "FOOTEST.C",
                           "foo_gtest.cc",
                           "x_utest.c",
                           "test_data.cc",
                           "sample10_unittest.cc",
                           "gtest-typed-test2_test.cc",
                           "latest_test.cc",
                           "fastest-unittest.cc"})
    EXPECT_EQ(kind(name), SourceKind::kTest) << name;
}

TEST(SourceNameTest, WordsThatOnlyContainTestAreLibrary) {
  for (const char* name : {"latest.cc",
                           "contest.cpp",
                           "fastest.c",
                           "attest.c",
                           "protest.cc",
                           "testing.cc",
                           "testdata.cc",
                           "test_.cc",
                           "x_test_.cc",
                           "x-test_.cc",
                           "greatest.c",
                           "find_latest.cc",
                           "contests.cc",
                           "Testing.cc",
                           "testament.c",
                           "tester.cc",
                           "unittesting.cc",
                           "x_testing.cc",
                           "gtest.cc",
                           "googletest.cc",
                           "doctest.cpp",
                           "gtest-all.cc",
                           "gtest_main.cc",
                           "FindLatest.cpp",
                           "UnitConverter.cpp",
                           "unit.cc",
                           "googletest-color-test_.cc",
                           "gtest_help_test_.cc",
                           "x.cc",
                           "x_test_y.cc",
                           "shortest-path.cc",
                           "test_x_.cc"})
    EXPECT_EQ(kind(name), SourceKind::kLibrary) << name;
}

TEST(SourceNameTest, OtherFilesAndHiddenOnesAreNoSources) {
  for (const char* name : {"x_test.h", "x_test.py", "x_test", "README", "x.cc.orig", ".x_test.cc", "_x_test.cc", "",
                           ".cc", "x_test.", "x.CC", "x.hpp", "x.o", "x.m"})
    EXPECT_EQ(kind(name), SourceKind::kNone) << name;
}

TEST(SourceNameTest, NamesMayHoldAnyBytes) {
  EXPECT_EQ(kind("a b's \"q\"\n_test.cc"), SourceKind::kTest);
  EXPECT_EQ(kind("größe_test.cc"), SourceKind::kTest);
  EXPECT_EQ(kind("\xff\xfe_test.cc"), SourceKind::kTest);
  EXPECT_EQ(kind("\xff\xfe.cc"), SourceKind::kLibrary);
}

TEST(SourceNameTest, SuffixSaysTheLanguage) {
  EXPECT_EQ(language_of_name("x.c"), Language::kC);
  EXPECT_EQ(language_of_name("x.C"), Language::kCxx);
  for (const char* name : {"x.cc", "x.cpp", "x.cxx", "x.c++", "a.c.cc"})
    EXPECT_EQ(language_of_name(name), Language::kCxx);
  EXPECT_EQ(language_of_name("x.ll"), Language::kIr);
  EXPECT_EQ(language_of_name("x.bc"), Language::kIr);
  EXPECT_EQ(language_of_name("x.h"), Language::kNone);
}

TEST(SourceNameTest, SourcesOfOtherPlatformsAreLeftOut) {
  for (const char* name :
       {"x_windows.cc", "x_win32.c", "x-win32.cc", "x_darwin.cpp", "X_Windows.cpp", "x_windows_test.cc",
        "x_test_windows.cc", "x_arm64.c", "x_linux_arm64.cc", "x_windows_amd64.cc", "x_macos_x86_64.cc", "x_android.cc",
        "x_wasm.cc", "test_windows.cc", "x_windows.pb.cc", "x_i386_test.cc", "x_darwin_unittest.cc", "x.v2_windows.cc"})
    EXPECT_EQ(kind(name), SourceKind::kOtherPlatform) << name;
}

#if defined(__linux__) && defined(__x86_64__)
TEST(SourceNameTest, SourcesOfThisPlatformStay) {
  for (const char* name : {"x_linux.cc", "x_posix.cc", "x-posix.cc", "x_unix.c", "x_amd64.c", "x_x86_64.cc", "x_x64.c",
                           "x_linux_amd64.cc", "x_linux_x86_64.cc", "x_Linux.cc"})
    EXPECT_EQ(kind(name), SourceKind::kLibrary) << name;
  for (const char* name : {"x_linux_test.cc", "x_test_linux.cc", "x_test_linux_amd64.cc", "xtest_posix.cc"})
    EXPECT_EQ(kind(name), SourceKind::kTest) << name;
}
#endif

TEST(SourceNameTest, ANameThatIsAPlatformIsOrdinary) {
  for (const char* name : {"windows.cc", "linux.c", "arm64.c", "x86_64.c", "mywindows.cc"})
    EXPECT_EQ(kind(name), SourceKind::kLibrary) << name;
  EXPECT_EQ(kind("windows_test.cc"), SourceKind::kTest);
  EXPECT_EQ(kind("darwin-test.cc"), SourceKind::kTest);
}

TEST(SourceNameTest, SplittingKeepsTheLettersOfTheRest) {
  auto split = split_platform("MyFile_Windows_ARM64");
  EXPECT_EQ(split.rest, "MyFile");
  EXPECT_FALSE(split.fits_here);
  EXPECT_EQ(split_platform("plain").rest, "plain");
  EXPECT_TRUE(split_platform("plain").fits_here);
}

TEST(SourceNameTest, ACopyOfAFrameworkIsNeitherTestNorLibrary) {
  using Names = std::vector<std::string>;
  const Names all{"gmock.cc",      "gtest-all.cc", "gtest-death-test.cc", "gtest-mine_test.cc", "gtest-port.cc",
                  "gtest-x.h",     "gtest.cc",     "gtest_main.cc",       "gtest_x_test.cc",    "x.cc"};
  EXPECT_EQ(framework_sources(all),
            (Names{"gtest-all.cc", "gtest.cc", "gtest-port.cc", "gtest-death-test.cc", "gtest_main.cc"}));
  EXPECT_EQ(framework_sources(Names{"gmock-all.cc", "gmock-spec-builders.cc", "gmock.cc", "gtest.cc"}),
            (Names{"gmock-all.cc", "gmock.cc", "gmock-spec-builders.cc"}));
}

TEST(SourceNameTest, WhatIsNoWholeFrameworkIsTheUsers) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(framework_sources(Names{"gtest-death-test.cc", "gtest.cc"}), Names{});
  EXPECT_EQ(framework_sources(Names{"gtest-all.cc", "gtest-parser_test.cc", "gtest_main.cc"}), Names{});
}

TEST(SourceNameTest, PatternsReplaceTheDefaultRule) {
  const std::vector<std::string> patterns{"check_*.c", "*Spec.cpp"};
  EXPECT_EQ(kind_of_name("check_x.c", patterns), SourceKind::kTest);
  EXPECT_EQ(kind_of_name("XSpec.cpp", patterns), SourceKind::kTest);
  EXPECT_EQ(kind_of_name("x_test.cc", patterns), SourceKind::kLibrary);
  EXPECT_EQ(kind_of_name("check_x.h", patterns), SourceKind::kNone);
  EXPECT_EQ(kind_of_name("check_x_windows.c", patterns), SourceKind::kOtherPlatform);
}

}  // namespace
}  // namespace dyad::discover
