#include "codegen_library.hpp"

namespace dyad::codegen_test {

class CodegenFinderTest : public CodegenTest {
 protected:
  void SetUp() override {
    CodegenTest::SetUp();
    write("testing.h", kTestingHeader);
  }
  std::vector<std::string> names(const Compiled& compiled) const {
    std::vector<std::string> result;
    for (const FoundTest& test : compiled.tests) result.push_back(test.name);
    return result;
  }
};

using Names = std::vector<std::string>;

TEST_F(CodegenFinderTest, FindsTestsByShapeInOrderOfLines) {
  write("a_test.cpp", R"(#include "testing.h"
void TestParse(dyad::T& t) { t.calls++; }
void Test(dyad::T&) {}
void Test_lower(dyad::T&) {}
void Test1(dyad::T& t) {}
namespace deep { void TestInside(dyad::T& t) {} }
extern "C" void TestC(dyad_T* t) {}
extern "C" { void TestBlock(dyad_T* t) {} }
using Alias = dyad::T;
void TestAlias(Alias& t) {}
#define MAKE(name) void Test##name(dyad::T& t) {}
MAKE(Macro)
)");
  const Compiled a = compile("a_test.cpp");
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.diagnostics, "");
  EXPECT_EQ(names(a), (Names{"TestParse", "Test", "Test_lower", "Test1", "deep::TestInside", "TestC", "TestBlock",
                             "TestAlias", "TestMacro"}));
  ASSERT_FALSE(a.tests.empty());
  EXPECT_EQ(a.tests[0].symbol, "_Z9TestParseRN4dyad1TE");
  EXPECT_EQ(a.tests[0].line, 2u);
  EXPECT_EQ(a.tests[0].file, path("a_test.cpp"));
  EXPECT_EQ(a.tests[5].symbol, "TestC");
  EXPECT_EQ(a.tests.back().line, 12u);
  for (const FoundTest& test : a.tests) EXPECT_TRUE(has(a.strong, test.symbol)) << test.symbol;
}

TEST_F(CodegenFinderTest, FindsCTests) {
  write("a_test.c",
        "#include \"testing.h\"\nvoid TestOne(dyad_T *t) { t->calls++; }\nvoid TestTwo(struct dyad_T *t) { (void)t; }\n"
        "void TestDeclared(dyad_T *t);\nvoid TestOther(int *x) { *x = 1; }\n");
  const Compiled a = compile("a_test.c");
  EXPECT_EQ(a.diagnostics, "");
  EXPECT_EQ(names(a), (Names{"TestOne", "TestTwo"}));
}

TEST_F(CodegenFinderTest, LeavesOutWhatIsNoTest) {
  write("inner.h", "#pragma once\n#include \"testing.h\"\ninline void TestInHeader(dyad::T& t) {}\n");
  write("a_test.cpp", R"(#include "inner.h"
void Testament(dyad::T&) {}
void MyTest(dyad::T&) {}
void TestDeclared(dyad::T&);
void TestTwo(dyad::T&, int) {}
void TestNothing() {}
template <class X> void TestTemplate(dyad::T&) {}
inline void TestInline(dyad::T&) {}
struct S { void TestMember(dyad::T&) {} static void TestStatic(dyad::T&) {} };
namespace other { struct T {}; void TestOther(T&) {} }
template void TestTemplate<int>(dyad::T&);
)");
  const Compiled a = compile("a_test.cpp");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.diagnostics, "");
  EXPECT_EQ(names(a), Names{});
}

TEST_F(CodegenFinderTest, FindsTestsInIncludedSourcesButNotInHeaders) {
  write("part.cc", "\nvoid TestPart(dyad::T& t) {}\n");
  write("part.inc.h", "void TestFromHeader(dyad::T& t) {}\n");
  write("a_test.cpp",
        "#include \"testing.h\"\n#include \"part.cc\"\n#include \"part.inc.h\"\nvoid TestOwn(dyad::T& t) {}\n");
  const Compiled a = compile("a_test.cpp");
  EXPECT_EQ(names(a), (Names{"TestPart", "TestOwn"}));
  ASSERT_EQ(a.tests.size(), 2u);
  EXPECT_EQ(a.tests[0].file, path("part.cc"));
  EXPECT_EQ(a.tests[0].line, 2u);
}

TEST_F(CodegenFinderTest, TestWithInternalLinkageIsAnError) {
  write("a_test.cpp", "#include \"testing.h\"\nstatic void TestX(dyad::T& t) {}\n");
  const Compiled a = compile("a_test.cpp");
  EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(a.diagnostics.find(
                "a_test.cpp:2:13: error: test TestX has internal linkage and cannot be called; remove 'static'"),
            std::string::npos)
      << a.diagnostics;
  write("b_test.cpp", "#include \"testing.h\"\nnamespace { void TestY(dyad::T& t) {} }\n");
  const Compiled b = compile("b_test.cpp");
  EXPECT_EQ(b.status, unsigned{DYAD_COMPILE_FAILED});
  EXPECT_NE(b.diagnostics.find("move it out of the anonymous namespace"), std::string::npos) << b.diagnostics;
}

TEST_F(CodegenFinderTest, NearlyATestIsAWarning) {
  for (const char* line : {"void TestX(dyad::T t) {}", "void TestX(dyad::T* t) {}", "void TestX(const dyad::T& t) {}",
                           "int TestX(dyad::T& t) { return 1; }"}) {
    write("a_test.cpp", std::string("#include \"testing.h\"\n") + line + "\n");
    const Compiled a = compile("a_test.cpp");
    EXPECT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
    EXPECT_NE(a.diagnostics.find("warning: 'TestX' is not a test and will not run; a test is 'void TestX(dyad::T& t)'"),
              std::string::npos)
        << line << "\n"
        << a.diagnostics;
    EXPECT_EQ(names(a), Names{});
  }
  write("a_test.c", "#include \"testing.h\"\nvoid TestX(dyad_T t) { (void)t; }\n");
  EXPECT_NE(compile("a_test.c").diagnostics.find("a test is 'void TestX(dyad_T *t)'"), std::string::npos);
}

TEST_F(CodegenFinderTest, ReportsDefinitionsThatCouldCollide) {
  write("header.h", "#pragma once\nstruct FromHeader {};\ninline int from_header() { return 1; }\n");
  write("a.cc", R"(#include "header.h"
struct Foo { int x; struct Inner {}; void f() {} };
struct Forward;
namespace ns { class Bar { void out(); }; enum class Colour { kRed }; inline int merged(int) { return 2; } }
void ns::Bar::out() {}
namespace { struct Hidden {}; int hidden_value; }
static int hidden_too;
union Both { int a; float b; };
typedef struct { int x; } Named;
typedef Foo Other;
using Another = Foo;
template <class T> struct Box {};
template <> struct Box<int> { int x; };
template <class T> struct Box<T*> { int y; };
template <class T> T pick(T t) { return t; }
template <class T> T* pick(T* t) { return t; }
template <class T> T variable = {};
int strong() { return hidden_too + hidden_value; }
int declared();
extern int elsewhere;
int value = 3;
const int internal = 4;
inline int shared_value = 5;
template <class T> concept Any = true;
void takes(Hidden) {}
)");
  const Compiled a = compile("a.cc", {"-std=gnu++20", "-w"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  for (const char* name : {"Foo", "ns::Bar", "ns::Colour", "_ZN2ns6mergedEi", "_ZN2ns3Bar3outEv", "Both", "Named",
                           "Box", "Box<int>", "variable", "_Z6strongv", "value", "shared_value"})
    EXPECT_TRUE(has(a.definitions, name)) << name;
  EXPECT_EQ(std::ranges::count_if(a.definitions, [](const auto& name) { return name.starts_with("pick "); }), 2);
  EXPECT_EQ(std::ranges::count_if(a.definitions, [](const auto& name) { return name.starts_with("Box<"); }), 2);
  for (const std::string& name : a.definitions) {
    for (const char* wrong : {"Hidden", "hidden", "Other", "Another", "Forward", "declared", "elsewhere", "internal",
                              "eader", "Inner", "Any"})
      EXPECT_EQ(name.find(wrong), std::string::npos) << name;
  }
}

TEST_F(CodegenFinderTest, WhatAHeaderDefinesIsToldWithTheHeader) {
  write("mock.h", "class Mock {};\ninline int twice(int x) { return 2 * x; }\n");
  write("a.cc", "#include \"mock.h\"\n#include <vector>\nMock mock;\n");
  const Compiled a = compile("a.cc", {"-std=gnu++20"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.shared_definitions, (Names{"Mock of " + path("mock.h"), "_Z5twicei of " + path("mock.h")}));
  EXPECT_EQ(a.definitions, Names{"mock"});
}

TEST_F(CodegenFinderTest, SuitesOfGoogleTestAreToldWithTheirFixture) {
  write("a_test.cc", R"(
#include <gtest/gtest.h>
namespace { class Hidden : public testing::Test {}; }
TEST(Plain, One) {}
TEST(Plain, Two) {}
TEST_F(Hidden, One) {}
)");
  const Compiled a = compile("a_test.cc", {"-std=gnu++20"});
  ASSERT_EQ(a.status, unsigned{DYAD_COMPILE_OK}) << a.diagnostics;
  EXPECT_EQ(a.shared_definitions,
            (Names{"the test suite Plain of testing::Test",
                   "the test suite Hidden of (anonymous namespace)::Hidden of " + path("a_test.cc")}));
}

TEST_F(CodegenFinderTest, CTypesCannotCollide) {
  write("a.c", "struct Foo { int x; };\nint value;\nstatic int own;\nint f(void) { return own; }\n");
  EXPECT_EQ(compile("a.c").definitions, (Names{"value", "f"}));
}

}  // namespace dyad::codegen_test
