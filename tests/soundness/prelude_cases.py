"""The sources that tests/soundness/prelude compiles: a list of thought-of cases and a generator. Each source is one
program; what it prints is compared, so it prints whatever the header in question could have changed."""

import random
from dataclasses import dataclass, field

HEADERS = ["gtest/gtest.h", "algorithm", "cstring", "functional", "iostream", "map", "memory", "optional",
           "set", "sstream", "stdexcept", "string", "unordered_map", "utility", "vector"]

GROUPS = {
    "cxx20": ["-std=gnu++20", "-Wall", "-Wextra"],
    "cxx17": ["-std=c++17"],
    "cxx14": ["-std=gnu++14", "-DNDEBUG"],
    "noexcept": ["-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
}


@dataclass
class Case:
    name: str
    files: dict[str, str]
    group: str = "cxx20"
    flags: list[str] = field(default_factory=list)
    expect: str = ""  # "used", "plain", or whatever is sound


CASES: list[Case] = []


def case(name: str, text: str, *, group: str = "cxx20", flags: list[str] = (), expect: str = "", **files: str) -> None:
    """Keywords besides are files: `_` for `.`, `__` for `/`."""
    more = {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
    CASES.append(Case(name, {"case.cc": text.lstrip("\n"), **more}, group, list(flags), expect))


GTEST_MAIN = """
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
"""

# --- what must use it: or the rest means nothing
for group in GROUPS:
    case(f"plain-string-{group}", """
#include <string>
#include <cstdio>
int main() { std::string s = "a"; s += "b"; printf("%s %zu\\n", s.c_str(), s.size()); }
""", group=group, expect="used")
    case(f"gtest-{group}", """
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>
TEST(A, Passes) { EXPECT_EQ(std::string("x") + "y", "xy"); }
TEST(A, Fails) { EXPECT_EQ(std::vector<int>({1, 2}), std::vector<int>({1, 3})) << "as it must"; }
TEST(A, Maps) { std::map<std::string, int> m{{"a", 1}}; EXPECT_EQ(m.at("a"), 2); EXPECT_TRUE(m.empty()) << m.size(); }
class Fixture : public testing::Test { protected: void SetUp() override { v_.push_back(7); } std::vector<int> v_; };
TEST_F(Fixture, Works) { EXPECT_EQ(v_.size(), 1u); EXPECT_NE(v_[0], 7); }
class Numbers : public testing::TestWithParam<int> {};
TEST_P(Numbers, AreSmall) { EXPECT_LT(GetParam(), 3); }
INSTANTIATE_TEST_SUITE_P(Some, Numbers, testing::Values(1, 2, 3));
""" + GTEST_MAIN, group=group, expect="used")
case("gap-with-own-namespace", """
#include "lib.h"
#include <gtest/gtest.h>
#include <memory>
namespace basket {
TEST(Basket, Adds) { auto b = std::make_unique<Basket>(3); b->note("x"); EXPECT_EQ(b->total(), 4); EXPECT_EQ(b->seen().size(), 2u); }
}
""" + GTEST_MAIN, expect="used", lib_h="""
#pragma once
#include <map>
#include <string>
#include <vector>
namespace basket {
class Basket {
 public:
  explicit Basket(int start) : total_(start) {}
  void note(const std::string& word) { ++seen_[word]; ++total_; }
  int total() const { return total_; }
  const std::map<std::string, int>& seen() const { return seen_; }
 private:
  int total_;
  std::map<std::string, int> seen_;
};
}
""")
case("own-type-printed", """
#include <gtest/gtest.h>
#include <ostream>
struct Ore { int x; bool operator==(const Ore& o) const { return x == o.x; } };
std::ostream& operator<<(std::ostream& s, const Ore& o) { return s << "Ore " << o.x; }
TEST(A, B) { EXPECT_EQ(Ore{1}, Ore{2}); EXPECT_EQ(std::vector<Ore>{{1}}, std::vector<Ore>{{2}}); }
""" + GTEST_MAIN, expect="used")
case("own-hash", """
#include <functional>
#include <iostream>
#include <unordered_map>
struct Key { int k; bool operator==(const Key& o) const { return k == o.k; } };
template <> struct std::hash<Key> { size_t operator()(const Key& k) const noexcept { return k.k; } };
int main() { std::unordered_map<Key, int> m; m[{3}] = 4; std::cout << m.at(Key{3}) << m.size() << "\\n"; }
""", expect="used")
case("own-swap-and-comparison", """
#include <algorithm>
#include <iostream>
#include <vector>
namespace own {
struct T { int v; };
bool operator<(const T& a, const T& b) { return a.v > b.v; }
void swap(T& a, T& b) { std::cout << "own swap\\n"; int v = a.v; a.v = b.v; b.v = v; }
}
int main() { std::vector<own::T> v{{1}, {3}, {2}}; std::sort(v.begin(), v.end()); for (auto& t : v) std::cout << t.v; std::iter_swap(v.begin(), v.begin() + 1); std::reverse(v.begin(), v.end()); }
""", expect="used")
case("static-initialisers-in-order", """
#include <iostream>
#include <string>
struct Say { Say(const char* t) { std::cout << t << std::endl; } ~Say() { std::cout << "gone" << std::endl; } };
static Say first("first");
static std::string text = "middle " + std::to_string(1);
static Say second(text.c_str());
int main() { std::cout << "main\\n"; }
""", expect="used")
case("line-and-file", """
#include <cassert>
#include <iostream>
#include <string>
int main() { std::cout << __LINE__ << " " << std::string(__FILE__).substr(std::string(__FILE__).rfind('/')) << "\\n"; }
""", expect="used")
case("iostream-names-not-used", "#include <iostream>\nint main() { return 0; }\n", expect="used")
case("nothing-included", "extern \"C\" int puts(const char*);\nint main() { puts(\"x\"); }\n")
case("quoted-system-header", '#include "string"\n#include "vector"\nint main() { return std::string("ab").size() + std::vector<int>(3).size(); }\n', expect="used")
case("macro-that-no-header-knows", """
#define MY_VERY_OWN_NAME 3
#include <vector>
int main() { return std::vector<int>(MY_VERY_OWN_NAME).size(); }
""", expect="used")
case("harmless-pragmas", """
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <string>
#pragma GCC diagnostic pop
int main() { return std::string("abc").size(); }
""", expect="used")

# --- a missing #include
MISSING = {
    "map-for-vector": ("#include <vector>", "std::map<int, int> m;"),
    "string-for-cstring": ("#include <cstring>", "std::string s;"),
    "cstring-alone": ("#include <vector>", "auto n = strlen(\"abc\");"),
    "std-strlen": ("#include <utility>", "auto n = std::strlen(\"abc\");"),
    "ostream-for-string": ("#include <string>", "std::cout << 1;"),
    "sort": ("#include <vector>", "std::vector<int> v; std::sort(v.begin(), v.end());"),
    "make-unique": ("#include <utility>", "auto p = std::make_unique<int>(3);"),
    "placement-new": ("", "char room[8]; auto* p = new (room) int(3); (void)p;"),
    "placement-new-in-time": ("#include <new>", "char room[8]; auto* p = new (room) int(3); (void)p;"),
    "nothrow": ("", "auto* p = new (std::nothrow) int; delete p;"),
    "typeid": ("", "struct P { virtual ~P() {} } p; (void)typeid(p).name();"),
    "initializer-list": ("", "auto l = {1, 2, 3}; (void)l;"),
    "spaceship": ("", "auto c = 1 <=> 2; (void)c;"),
    "size_t": ("", "size_t n = 3; (void)n;"),
    "uint32_t": ("", "uint32_t n = 3; (void)n;"),
    "assert": ("#include <vector>", "assert(1);"),
    "eof": ("", "int e = EOF; (void)e;"),
    "null": ("", "void* p = NULL; (void)p;"),
    "move": ("", "int a = 1; int b = std::move(a); (void)b;"),
    "function": ("#include <utility>", "std::function<void()> f;"),
    "expect": ("#include <string>", "EXPECT_EQ(1, 1);"),
    "optional": ("#include <string>", "std::optional<int> o; (void)o;"),
    "runtime-error": ("#include <new>", "try { throw std::runtime_error(\"x\"); } catch (...) {}"),
    "stringstream-iosfwd": ("#include <iosfwd>", "std::ostringstream s;"),
    "string-iosfwd": ("#include <iosfwd>", "std::ostream* s = nullptr; *s << 1;"),
    "getenv": ("", "getenv(\"X\");"),
    "begin": ("", "int a[3]; (void)std::begin(a);"),
    "numeric-limits": ("#include <utility>", "int m = std::numeric_limits<int>::max(); (void)m;"),
    "tuple": ("#include <cstring>", "std::tuple<int> t; (void)t;"),
    "pair": ("", "std::pair<int, int> p; (void)p;"),
    "thread": ("#include <string>", "std::thread t;"),
    "printf": ("", "printf(\"x\");"),
    "builtin-memcpy": ("", "int a = 1, b; memcpy(&b, &a, 4);"),
    "abs": ("", "int a = abs(-3); (void)a;"),
    "time": ("", "time_t t = time(nullptr); (void)t;"),
    "errno": ("", "int e = errno; (void)e;"),
    "source-location": ("", "auto l = std::source_location::current(); (void)l;"),
    "unordered": ("#include <map>", "std::unordered_map<int, int> m;"),
    "hash-of-string": ("#include <utility>", "std::hash<std::string> h; (void)h;"),
}
for name, (includes, body) in MISSING.items():
    case(f"missing-{name}", f"{includes}\nint main() {{ {body} }}\n")
case("used-before-its-include", "struct A { std::vector<int> v; };\n#include <vector>\nint main() {}\n")
case("used-between-includes", "#include <string>\nstd::map<std::string, int> m;\n#include <map>\nint main() {}\n")
case("header-that-is-not-complete", '#include <string>\n#include "a.h"\nint main() { return A().m.size(); }\n', a_h="#pragma once\nstruct A { std::map<int, std::string> m; };\n")
case("header-saved-by-order", '#include <map>\n#include <string>\n#include "a.h"\nint main() { return A().m.size(); }\n', a_h="#pragma once\nstruct A { std::map<int, std::string> m; };\n")
case("placement-new-before-its-include", "void* f(void* p) { return new (p) int(3); }\n#include <gtest/gtest.h>\nint main() {}\n")
case("typeid-before-its-include", "const char* f(int& x) { return typeid(x).name(); }\n#include <gtest/gtest.h>\nint main() {}\n")
case("range-for-over-own-type", "#include <vector>\nstruct R { std::vector<int> v; auto begin() { return v.begin(); } auto end() { return v.end(); } };\nint main() { R r{{1, 2}}; int n = 0; for (int x : r) n += x; return n; }\n", expect="used")

# --- macros before includes
case("ndebug-in-the-source", "#define NDEBUG\n#include <cassert>\n#include <string>\nint main() { assert(false); return 3; }\n")
case("ndebug-and-gtest", "#define NDEBUG\n#include <gtest/gtest.h>\n#include <cassert>\nint main() { assert(false); return 4; }\n", expect="plain")
case("assert-twice", "#include <cassert>\n#define NDEBUG\n#include <cassert>\nint main() { assert(false); return 5; }\n")
case("undef-ndebug", "#undef NDEBUG\n#include <cassert>\n#include <string>\nint main(int argc, char**) { assert(argc == 1); return 6; }\n", group="cxx14")
case("gtest-option-dont-define", """
#define GTEST_DONT_DEFINE_TEST 1
#define GTEST_DONT_DEFINE_FAIL 1
#include <gtest/gtest.h>
void FAIL() {}
GTEST_TEST(A, B) { FAIL(); EXPECT_EQ(1, 2); }
""" + GTEST_MAIN, expect="plain")
case("gtest-option-exceptions", """
#define GTEST_HAS_EXCEPTIONS 0
#include <gtest/gtest.h>
#ifdef EXPECT_THROW
int has = 1;
#else
int has = 0;
#endif
#include <iostream>
int main() { std::cout << has << GTEST_HAS_EXCEPTIONS << "\\n"; }
""", expect="plain")
case("gtest-option-by-flag", "#include <gtest/gtest.h>\n#include <iostream>\nint main() { std::cout << GTEST_HAS_RTTI << \"\\n\"; }\n", flags=["-DGTEST_HAS_RTTI=0"], expect="plain")
case("flag-that-no-header-knows", "#include <iostream>\nint main() { std::cout << OWN_LEVEL << \"\\n\"; }\n", flags=["-DOWN_LEVEL=7"], expect="used")
case("flag-that-a-header-knows", "#include <vector>\nint main() { return std::vector<int>(3).size(); }\n", flags=["-D_GLIBCXX_ASSERTIONS"], expect="plain")
case("flag-undefined", "#include <vector>\nint main() { return std::vector<int>(3).size(); }\n", flags=["-U_GNU_SOURCE"], expect="plain")
case("macro-is-a-keyword", "#define private public\n#include <string>\nint main() { return std::string().size(); }\n", expect="plain")
case("macro-is-a-parameter-name", "#define __x broken +\n#include <vector>\nint main() {}\n", expect="plain")
case("macro-min", "#define min(a, b) ((a) < (b) ? (a) : (b))\n#include <algorithm>\nint main() { return std::max(1, 2); }\n", expect="plain")
case("macro-behind-the-includes", "#include <algorithm>\n#define min(a, b) ((a) < (b) ? (a) : (b))\nint main() { return min(4, 2); }\n", expect="used")
case("macro-defined-and-gone", "#define size broken\n#undef size\n#include <vector>\nint main() { return std::vector<int>(2).size(); }\n")
case("macro-in-a-header-before", '#include "config.h"\n#include <string>\nint main() { return std::string().size(); }\n', expect="plain", config_h="#pragma once\n#define __n 3 +\n")
case("glibcxx-option", "#define _GLIBCXX_USE_CXX11_ABI 0\n#include <string>\n#include <iostream>\nint main() { std::cout << sizeof(std::string) << \"\\n\"; }\n", expect="plain")
case("gnu-source", "#define _FILE_OFFSET_BITS 64\n#include <cstdio>\n#include <string>\nint main() { return sizeof(off_t); }\n")
case("undef-of-a-header-guard", "#include <vector>\n#undef _GLIBCXX_VECTOR\n#include <vector>\nint main() { return std::vector<int>(1).size(); }\n", expect="plain")
case("guard-defined-by-hand", "#define _GLIBCXX_MAP 1\n#include <map>\nint main() { std::map<int, int> m; }\n", expect="plain")
case("undef-of-a-macro", "#include <cassert>\n#undef assert\nint assert(int x) { return x; }\nint main() { return assert(9); }\n")
case("undef-behind", "#include <gtest/gtest.h>\n#undef TEST\n#define TEST(a, b) int a##b()\nTEST(x, y) { return 8; }\nint main() { return xy(); }\n", expect="used")
case("ifdef-before", "#ifdef EXPECT_EQ\nint has = 1;\n#else\nint has = 2;\n#endif\n#include <gtest/gtest.h>\nint main() { return has; }\n", expect="used")
case("ifdef-behind", "#include <gtest/gtest.h>\n#ifdef EXPECT_EQ\nint has = 1;\n#else\nint has = 2;\n#endif\nint main() { return has; }\n", expect="used")
case("ifdef-of-a-hidden-macro", "#include <vector>\n#ifdef _GLIBCXX_MAP\nint has = 1;\n#else\nint has = 2;\n#endif\nint main() { return has; }\n", expect="used")
case("feature-macro-hidden", "#include <cstring>\n#ifdef __cpp_lib_optional\nint has = 1;\n#else\nint has = 2;\n#endif\nint main() { return has; }\n")
case("macro-used-before", "int f() { return INT_MAX; }\n#include <gtest/gtest.h>\nint main() {}\n")
case("assert-before-its-include", "int f(int x) { assert(x); return x; }\n#include <cassert>\nint main() {}\n")
case("has-include", "#if __has_include(<optional>)\n#include <optional>\nint f() { return std::optional<int>(3).value(); }\n#else\nint f() { return 4; }\n#endif\nint main() { return f(); }\n", expect="used")
case("has-include-of-nothing", "#if __has_include(<no/such/header>)\nint f() { return 3; }\n#else\n#include <string>\nint f() { return std::string(\"four\").size(); }\n#endif\nint main() { return f(); }\n", expect="used")
case("has-feature-modules", "#include <vector>\n#if __has_feature(modules)\nint f() { return 3; }\n#else\nint f() { return 4; }\n#endif\nint main() { return f(); }\n", expect="plain")
case("counter", "#include <vector>\nint main() { return __COUNTER__ * 10 + __COUNTER__; }\n", expect="used")
case("include-level", '#include <string>\n#include "a.h"\nint main() { return level * 10 + __INCLUDE_LEVEL__; }\n', a_h="#pragma once\nstatic const int level = __INCLUDE_LEVEL__;\n", expect="used")
case("own-macro-named-like-a-hidden-one", "#include <vector>\n#define EXPECT_EQ(a, b) ((a) + (b))\nint main() { return EXPECT_EQ(1, 2); }\n", expect="used")
case("own-macro-before-gtest", "#define EXPECT_EQ(a, b) ((a) + (b))\n#include <gtest/gtest.h>\nint main() { EXPECT_EQ(1, 2); }\n", expect="plain")
case("push-macro", "#include <string>\n#pragma push_macro(\"assert\")\n#define assert(x) 7\n#pragma pop_macro(\"assert\")\n#include <cassert>\nint main() { assert(true); return std::string().size(); }\n")

# --- pragmas and scopes around includes
case("pack", "#pragma pack(1)\n#include <utility>\n#include <iostream>\nint main() { std::cout << sizeof(std::pair<char, int>) << \"\\n\"; }\n", expect="plain")
case("pack-pushed", "#pragma pack(push, 1)\nstruct S { char c; int i; };\n#pragma pack(pop)\n#include <utility>\nint main() { return sizeof(S) + sizeof(std::pair<char, int>); }\n")
case("pack-behind", "#include <utility>\n#pragma pack(1)\nstruct S { char c; int i; };\nint main() { return sizeof(S) + sizeof(std::pair<char, int>); }\n", expect="used")
case("visibility", "#pragma GCC visibility push(default)\n#include <string>\n#pragma GCC visibility pop\nint main() { return std::string().size(); }\n", expect="plain")
case("poison", "#include <string>\n#pragma GCC poison strcpy\n#include <cstring>\nint main() { return std::string().size(); }\n", expect="plain")
case("error-by-pragma", "#pragma GCC diagnostic error \"-Wunused-variable\"\n#include <string>\nint main() { int x; }\n")
case("extern-c-around", "extern \"C\" {\n#include <cstring>\n}\nint main() { return strlen(\"abc\"); }\n")
case("namespace-around", "namespace mine {\n#include <cstddef>\n}\n#include <string>\nint main() { return std::string(\"ab\").size(); }\n")
case("in-a-function", "int main() {\n#include <cstring>\n  return 0;\n}\n")
case("warning-in-the-source", "#include <vector>\nint main() { int unused; std::vector<int> v; return v.size() < 0; }\n")
case("error-in-the-source", "#include <vector>\nint main() { std::vector<int> v; v.push_bak(3); undeclared(); }\n")
case("template-error", "#include <algorithm>\n#include <map>\n#include <vector>\nstruct N {};\nint main() { std::map<N, int> m; m[N{}] = 1; std::vector<N> v; std::sort(v.begin(), v.end()); }\n")
case("deprecated", "#include <functional>\n#include <algorithm>\nint main() { auto f = std::bind2nd(std::less<int>(), 3); return f(2); }\n", group="cxx14")
case("nodiscard", "#include <vector>\nint main() { std::vector<int> v; v.empty(); }\n")
case("error-directive", "#include <vector>\n#ifndef NEVER\n#error never\n#endif\nint main() {}\n")
case("too-many-arguments", "#include <gtest/gtest.h>\nTEST(A) { }\nint main() {}\n")
case("sign-compare", "#include <gtest/gtest.h>\n#include <vector>\nTEST(A, B) { std::vector<int> v; EXPECT_EQ(v.size(), 0); }\nint main() {}\n")

# --- names before and beside headers
case("using-namespace-before", "namespace std { }\nusing namespace std;\n#include <string>\nint main() { return string(\"a\").size(); }\n", expect="plain")
case("using-namespace-between", "#include <string>\nusing namespace std;\n#include <vector>\nint main() { vector<string> v(3); return v.size(); }\n", expect="plain")
case("using-namespace-behind", "#include <string>\n#include <vector>\nusing namespace std;\nint main() { vector<string> v(3); return v.size(); }\n", expect="used")
case("using-namespace-in-a-function", "#include <string>\nint f() { using namespace std; return string(\"ab\").size(); }\n#include <vector>\nint main() { return f(); }\n", expect="used")
case("using-namespace-hidden", "#include <string>\nusing namespace std;\nint count = 3;\nstruct map { int x; };\nint main() { map m{4}; return m.x + count + string(\"a\").size(); }\n")
case("using-declaration-between", "#include <string>\nusing std::string;\n#include <vector>\nint main() { std::vector<string> v(3); return v.size(); }\n")
case("own-string-before", "struct string { int x; };\n#include <string>\nint main() { string s{3}; return s.x + std::string(\"a\").size(); }\n", expect="plain")
case("own-string-behind", "#include <string>\nstruct string { int x; };\nint main() { string s{3}; return s.x + std::string(\"a\").size(); }\n", expect="used")
case("own-name-that-no-header-has", "struct Q17zebra { int x; };\n#include <string>\nint main() { Q17zebra s{3}; return s.x + std::string(\"a\").size(); }\n", expect="used")
case("own-index", "int index = 3;\nint main() { return index; }\n")
case("own-index-behind-string", "#include <vector>\nint index = 3;\nint main() { return index; }\n")
case("own-tm", "struct tm { int q; };\n#include <vector>\nint main() { return tm{3}.q; }\n")
case("own-option", "#include <string>\nstruct option { int x; };\nint main() { return option{5}.x; }\n")
case("own-function-in-global", "#include <vector>\nint read(int x) { return x + 1; }\nint main() { return read(4); }\n")
case("own-c-function", "#include <vector>\nextern \"C\" int close(int x) { return x + 1; }\nint main() { return close(4); }\n")
case("own-puts-declared", "#include <vector>\nextern \"C\" int puts(const char*);\nint main() { puts(\"hi\"); }\n")
case("own-puts-other-type", "#include <vector>\nextern \"C\" void puts(int);\nint main() { }\n")
case("own-enum-before", "enum Colour { red, green, npos };\n#include <string>\nint main() { return green; }\n")
case("own-test-class", "#include <vector>\nclass Test { public: int x = 3; };\nint main() { return Test().x; }\n", expect="used")
case("own-testing-namespace", "#include <vector>\nnamespace testing { int f() { return 3; } class Test { public: int x = 4; }; }\nint main() { return testing::f() + testing::Test().x; }\n")
case("own-testing-namespace-before-gtest", "namespace testing { int helper() { return 3; } }\n#include <gtest/gtest.h>\nint main() { return testing::helper(); }\n")
case("std-namespace-forward", "namespace std { class mutex; template <class T> class shared; }\n#include <vector>\nint main() { std::mutex* m = nullptr; (void)m; }\n")
case("std-forward-vector", "namespace std { template <class T, class A> class vector; }\n#include <string>\nint main() { }\n")
case("std-forward-own-hash", "namespace std { template <class T> struct hash; }\nstruct K {};\nnamespace std { template <> struct hash<K> { int operator()(K) const { return 3; } }; }\n#include <functional>\nint main() { return std::hash<K>()(K()); }\n")
case("anonymous-namespace-before", "namespace { int size(int x) { return x; } }\n#include <vector>\nint main() { return size(3); }\n", expect="plain")
case("inline-namespace-before", "inline namespace v1 { int distance(int x) { return x; } }\n#include <vector>\nint main() { return distance(3); }\n", expect="plain")
case("overload-hides", "#include <string>\nnamespace n { int to_string(int x) { return x; } int f() { return to_string(3); } }\nint main() { return n::f(); }\n", expect="used")
case("namespace-alias-before", "#include <vector>\nnamespace s = std;\n#include <string>\nint main() { return s::string(\"abc\").size(); }\n")

# --- overload sets and ADL
case("adl-begin", "#include <vector>\nstruct B { int a[2] = {4, 5}; };\nint* begin(B& b) { return b.a; }\nint* end(B& b) { return b.a + 2; }\nint main() { B b; int n = 0; for (int x : b) n += x; return n; }\n", expect="used")
case("adl-hidden-swap", "namespace n { struct A {}; template <class T> int probe(T, long) { return 1; } template <class T> auto probe(T t, int) -> decltype(swap(t, t), 2) { return 2; } }\n#include <vector>\nint main() { n::A a; return n::probe(a, 0); }\n", expect="used")
case("overload-for-std-types-in-global", "#include <ostream>\n#include <vector>\n#include <gtest/gtest.h>\nstd::ostream& operator<<(std::ostream& s, const std::vector<int>&) { return s << \"mine\"; }\nTEST(A, B) { EXPECT_EQ(std::vector<int>{1}, std::vector<int>{2}); }\n" + GTEST_MAIN, expect="plain")
case("overload-for-std-types-in-std", "#include <ostream>\n#include <vector>\n#include <gtest/gtest.h>\nnamespace std { ostream& operator<<(ostream& s, const vector<int>&) { return s << \"mine\"; } }\nTEST(A, B) { EXPECT_EQ(std::vector<int>{1}, std::vector<int>{2}); }\n" + GTEST_MAIN, expect="plain")
case("template-overload-in-std", "#include <ostream>\n#include <vector>\n#include <gtest/gtest.h>\nnamespace std { template <class T> ostream& operator<<(ostream& s, const vector<T>&) { return s << \"mine\"; } }\nTEST(A, B) { EXPECT_EQ(std::vector<int>{1}, std::vector<int>{2}); }\n" + GTEST_MAIN, expect="plain")
case("printto-in-testing", "#include <gtest/gtest.h>\nnamespace testing { namespace internal { void PrintTo(const std::vector<int>&, std::ostream* s) { *s << \"mine\"; } } }\nTEST(A, B) { EXPECT_EQ(std::vector<int>{1}, std::vector<int>{2}); }\n" + GTEST_MAIN, expect="plain")
case("printto-own-type", "#include <gtest/gtest.h>\nstruct K { int x; bool operator==(const K& k) const { return x == k.x; } };\nvoid PrintTo(const K& k, std::ostream* s) { *s << \"K\" << k.x; }\nTEST(A, B) { EXPECT_EQ(K{1}, K{2}); }\n" + GTEST_MAIN, expect="used")
case("swap-in-std-for-std", "#include <string>\n#include <utility>\nnamespace std { inline void swap(pair<int, int>&, pair<int, int>&) {} }\nint main() { std::pair<int, int> a(1, 2), b(3, 4); std::swap(a, b); return a.first; }\n", expect="plain")
case("equality-in-global-for-std", "#include <string>\n#include <vector>\nbool operator==(const std::vector<int>&, int) { return true; }\nint main() { return std::vector<int>() == 3; }\n", expect="plain")
case("operator-new-replaced", "#include <cstdlib>\n#include <new>\n#include <iostream>\n#include <string>\nstatic int count;\nvoid* operator new(std::size_t n) { ++count; return malloc(n); }\nvoid operator delete(void* p) noexcept { free(p); }\nvoid operator delete(void* p, std::size_t) noexcept { free(p); }\nint main() { int before = count; std::string s(100, 'x'); std::cout << count - before << s.size() << \"\\n\"; }\n")

# --- specialisations
case("hash-of-pair", "#include <functional>\n#include <unordered_map>\n#include <utility>\nnamespace std { template <> struct hash<pair<int, int>> { size_t operator()(const pair<int, int>& p) const { return p.first; } }; }\nint main() { std::unordered_map<std::pair<int, int>, int> m; m[{1, 2}] = 3; return m.at({1, 2}); }\n", expect="plain")
case("partial-specialisation-in-std", "#include <functional>\n#include <vector>\nnamespace std { template <class T> struct hash<vector<T>> { size_t operator()(const vector<T>& v) const { return v.size(); } }; }\nint main() { return std::hash<std::vector<int>>()({1, 2}); }\n", expect="plain")
case("specialisation-of-own-template", "#include <vector>\ntemplate <class T> struct Name { static int get() { return 1; } };\ntemplate <> struct Name<std::vector<int>> { static int get() { return 2; } };\nint main() { return Name<std::vector<int>>::get() * 10 + Name<int>::get(); }\n", expect="used")
case("char-traits-own", "#include <string>\nstruct ci : std::char_traits<char> { static bool eq(char a, char b) { return (a | 32) == (b | 32); } static int compare(const char* a, const char* b, size_t n) { for (; n; --n, ++a, ++b) if (!eq(*a, *b)) return 1; return 0; } };\nusing S = std::basic_string<char, ci>;\nint main() { return S(\"ABC\") == S(\"abc\"); }\n", expect="used")
case("specialise-after-use", "#include <functional>\nint f() { return std::hash<int>()(3); }\ntemplate <> struct std::hash<int> { int operator()(int) const { return 9; } };\nint main() { return f(); }\n")
case("explicit-instantiation", "#include <vector>\ntemplate class std::vector<int>;\nint main() { return std::vector<int>(3).size(); }\n", expect="plain")
case("explicit-instantiation-of-own", "#include <vector>\nstruct K { int x; };\ntemplate class std::vector<K>;\nint main() { return std::vector<K>(3).size(); }\n", expect="plain")
case("extern-template-instantiated-there", "#include <vector>\nextern template class std::vector<int>;\nint main() { return std::vector<int>(3).size(); }\ntemplate class std::vector<int>;\n", expect="plain")
case("builtin-in-own-template", "#include <string>\ntemplate <class S> bool f(S s) { return s + \"b\" != \"ab\" || __builtin_strlen(s.c_str()) != 1; }\nint main() { return f(std::string(\"a\")); }\n", expect="used")
case("template-keyword-before-names", "#include <vector>\nstruct R { template <class T> struct X {}; template <class T> int f() { return 3; } };\ntemplate <class T> int g(T t) { typename T::template X<int> x; (void)x; return t.template f<int>(); }\nint main() { return g(R()); }\n", expect="used")
case("extern-template", "#include <vector>\nextern template class std::vector<float>;\nint main() { return 0; }\n", expect="plain")
case("numeric-limits-own", "#include <limits>\n#include <iostream>\nstruct F { int v; };\ntemplate <> struct std::numeric_limits<F> { static constexpr bool is_specialized = true; static int max() { return 42; } };\nint main() { std::cout << std::numeric_limits<F>::max() << \"\\n\"; }\n", expect="used")
case("tuple-protocol-own", "#include <utility>\n#include <tuple>\nstruct P { int a, b; template <int I> int get() const { return I ? b : a; } };\ntemplate <> struct std::tuple_size<P> : std::integral_constant<int, 2> {};\ntemplate <std::size_t I> struct std::tuple_element<I, P> { using type = int; };\nint main() { auto [x, y] = P{3, 4}; return x * 10 + y; }\n", expect="used")
case("structured-binding-without-tuple", "struct P { int a, b; };\nint main() { auto [x, y] = P{3, 4}; return x * 10 + y; }\n")
case("specialise-member-of-std", "#include <string>\ntemplate <> std::string::size_type std::string::size() const noexcept { return 99; }\nint main() { return 1; }\n")
case("specialise-function-of-std", "#include <algorithm>\ntemplate <> const int& std::max<int>(const int& a, const int&) { return a; }\nint main() { return std::max(1, 2); }\n")

# --- SFINAE and static_assert probes
PROBE = """
template <class T, class = void> struct Complete { static constexpr int value = 0; };
template <class T> struct Complete<T, decltype((void)sizeof(T))> { static constexpr int value = 1; };
"""
case("complete-only-forward", "#include <iosfwd>\n" + PROBE + "int main() { return Complete<std::ostringstream>::value; }\n")
case("complete-before-its-include", "#include <iosfwd>\n" + PROBE + "constexpr int early = Complete<std::stringbuf>::value;\n#include <sstream>\nint main() { return early; }\n")
case("complete-behind", "#include <sstream>\n" + PROBE + "int main() { return Complete<std::ostringstream>::value; }\n", expect="used")
case("printable-before-ostream", """
#include <iosfwd>
#include <utility>
template <class T, class = void> struct Printable { static constexpr int value = 0; };
template <class T> struct Printable<T, decltype((void)(std::declval<std::ostream&>() << std::declval<T>()))> { static constexpr int value = 1; };
struct Other {};
int main() { return Printable<const char*>::value * 10 + Printable<Other>::value; }
""")
case("printable-behind-ostream", """
#include <ostream>
#include <utility>
template <class T, class = void> struct Printable { static constexpr int value = 0; };
template <class T> struct Printable<T, decltype((void)(std::declval<std::ostream&>() << std::declval<T>()))> { static constexpr int value = 1; };
struct Other {};
int main() { return Printable<const char*>::value * 10 + Printable<Other>::value; }
""", expect="used")
case("adl-probe-of-a-hidden-function", """
#include <utility>
#include <vector>
template <class T, class = void> struct Has { static constexpr int value = 0; };
template <class T> struct Has<T, decltype((void)sort(std::declval<T>(), std::declval<T>()))> { static constexpr int value = 1; };
int main() { return Has<std::vector<int>::iterator>::value; }
""")
case("adl-probe-of-a-shown-function", """
#include <algorithm>
#include <utility>
#include <vector>
template <class T, class = void> struct Has { static constexpr int value = 0; };
template <class T> struct Has<T, decltype((void)sort(std::declval<T>(), std::declval<T>()))> { static constexpr int value = 1; };
int main() { return Has<std::vector<int>::iterator>::value; }
""", expect="used")
case("requires-hidden", "template <class T> concept C = requires(T t) { to_string(t); };\n#include <vector>\nint main() { return C<int> + 10; }\n", expect="used")
case("hash-enabled-of-hidden", """
#include <utility>
#include <type_traits>
template <class T, class = void> struct H { static constexpr int value = 0; };
template <class T> struct H<T, decltype((void)std::declval<T>().size())> { static constexpr int value = 1; };
int main() { return H<std::pair<int, int>>::value; }
""", expect="used")
case("convertible-probe", "#include <string>\n#include <type_traits>\nint main() { return std::is_convertible<const char*, std::string>::value + std::is_constructible<std::string, int*>::value; }\n", expect="used")
case("static-assert-fails", "#include <vector>\nstatic_assert(sizeof(std::vector<int>) == 1, \"no\");\nint main() {}\n")
case("two-phase", "template <class T> int f(T t) { return g(t); }\n#include <vector>\nnamespace n { struct A {}; int g(A) { return 6; } }\nint main() { return f(n::A{}); }\n", expect="used")
case("two-phase-std", "template <class T> auto f(T& t) { return size(t); }\n#include <vector>\nint main() { std::vector<int> v(3); return f(v); }\n")

# --- include roots
case("own-file-by-a-headers-name", '#include <map>\nint main() { std::map<int, int> m; return m.size(); }\n', **{"include__bits__stl_tree_h": ""})
CASES[-1].files = {"case.cc": CASES[-1].files["case.cc"], "include/bits/stl_tree.h": "#error mine\n"}
CASES[-1].expect = "plain"
case("own-map", '#include <map>\nint main() { return mine; }\n')
CASES[-1].files["include/map"] = "static const int mine = 6;\n"
CASES[-1].expect = "plain"
case("own-quoted-vector", '#include "vector"\n#include <string>\nint main() { return mine; }\n')
CASES[-1].files["vector"] = "static const int mine = 7;\n"
case("own-gtest-internal", '#include <gtest/gtest.h>\nint main() { return 0; }\n')
CASES[-1].files["include/gtest/internal/gtest-port.h"] = "#error mine\n"
CASES[-1].expect = "plain"
case("own-folder-gtest", '#include <gtest/gtest.h>\n#include "gtest/mine.h"\nint main() { return mine; }\n')
CASES[-1].files["gtest/mine.h"] = "static const int mine = 8;\n"
case("include-next", '#include "vector"\nint main() { return std::vector<int>(2).size(); }\n')
CASES[-1].files["vector"] = "#include_next <vector>\n"
CASES[-1].expect = "plain"
case("import-directive", '#import <vector>\nint main() { return std::vector<int>(2).size(); }\n', expect="plain")
case("forced-include", 'int main() { return std::string("abc").size(); }\n', flags=["-include", "string"], expect="plain")
case("computed-include", '#define HEADER <vector>\n#include HEADER\nint main() { return std::vector<int>(2).size(); }\n', expect="used")
case("inner-header", '#include <bits/stl_vector.h>\nint main() { return 0; }\n', expect="plain")
case("inner-gtest-header", '#include <gtest/gtest-message.h>\nint main() { testing::Message m; m << 1; return 0; }\n', expect="plain")
case("bits-stdc++", '#include <bits/stdc++.h>\nint main() { std::vector<int> v(3); return v.size(); }\n')
case("header-beside-the-prelude", '#include <deque>\n#include <vector>\nint main() { std::deque<int> d{1, 2}; std::vector<int> v(d.begin(), d.end()); return v.size(); }\n')
case("many-headers-beside", '#include <chrono>\n#include <regex>\n#include <gtest/gtest.h>\n#include <thread>\nTEST(A, B) { std::thread t([] {}); t.join(); EXPECT_TRUE(std::regex_match("abc", std::regex("a.c"))); }\n' + GTEST_MAIN)
case("c-headers", '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <string>\nint main() { char b[9]; snprintf(b, 9, "%d", atoi("42")); return strlen(b) + std::string(b).size(); }\n', expect="used")
case("posix-headers", '#include <sys/types.h>\n#include <unistd.h>\n#include <string>\nint main() { pid_t p = getpid(); return p > 0 ? std::string("abc").size() : 0; }\n')
case("time-headers", '#include <ctime>\n#include <time.h>\n#include <string>\nint main() { struct tm t = {}; t.tm_year = 100; std::time_t x = 0; return t.tm_year + x; }\n')
case("cmath-and-math", '#include <cmath>\n#include <math.h>\n#include <string>\n#include <iostream>\nint main() { std::cout << abs(-2.5) << sqrt(16.0) << std::pow(2, 3) << isnan(0.0) << "\\n"; }\n')

# --- the language
case("coroutine", """
#include <coroutine>
#include <iostream>
struct Task { struct promise_type { Task get_return_object() { return {}; } std::suspend_never initial_suspend() { return {}; } std::suspend_never final_suspend() noexcept { return {}; } void return_void() {} void unhandled_exception() {} }; };
Task f() { std::cout << "in\\n"; co_return; }
int main() { f(); }
""")
case("spaceship-default", "#include <compare>\n#include <string>\nstruct A { int x; std::string s; auto operator<=>(const A&) const = default; };\nint main() { return (A{1, \"a\"} < A{2, \"b\"}) * 10 + (A{1, \"a\"} == A{1, \"a\"}); }\n", expect="used")
case("lambda-and-function", "#include <functional>\n#include <iostream>\nint main() { std::function<int(int)> f = [n = 3](int x) { return x + n; }; std::cout << f(4) << \"\\n\"; }\n", expect="used")
case("virtual-and-exception", "#include <iostream>\n#include <stdexcept>\nstruct E : std::runtime_error { using std::runtime_error::runtime_error; const char* what() const noexcept override { return \"mine\"; } };\nint main() { try { throw E(\"x\"); } catch (const std::exception& e) { std::cout << e.what() << \"\\n\"; } }\n", expect="used")
case("derived-stream", "#include <iostream>\n#include <streambuf>\n#include <string>\nstruct B : std::streambuf { std::string s; int overflow(int c) override { s += static_cast<char>(c); return c; } };\nint main() { B b; std::ostream o(&b); o << 42 << \"x\" << 1.5; std::cout << b.s << \"\\n\"; }\n", expect="used")
case("constexpr-vector", "#include <vector>\nconstexpr int f() { std::vector<int> v{1, 2, 3}; int n = 0; for (int x : v) n += x; return n; }\nint main() { return f(); }\n")
case("module-import", "import std;\nint main() {}\n")
case("module-unit", "module;\n#include <vector>\nexport module m;\nexport int f() { return 1; }\n", expect="plain")
case("import-as-a-name", "#include <vector>\nint import = 3;\nint main() { return import; }\n")
case("export-in-a-macro", "#include <vector>\n#define export\nexport int f() { return 3; }\nint main() { return f(); }\n")
case("utf8-and-raw", '#include <iostream>\nint main() { std::cout << R"(raw "x")" << u8"\\u00e9"[0] << "\\n"; }\n', group="cxx17")
case("static-in-header", '#include <string>\n#include "a.h"\nint main() { return next() * 10 + next(); }\n', a_h="#pragma once\nstatic int n = 3;\ninline int next() { return ++n; }\n", expect="used")
case("inline-variable", '#include <string>\n#include "a.h"\nint main() { return text.size(); }\n', a_h="#pragma once\n#include <string>\ninline const std::string text = \"four\";\n", expect="used")
case("death-test", "#include <gtest/gtest.h>\n#include <cstdlib>\nTEST(ADeathTest, Dies) { EXPECT_DEATH(abort(), \"\");\n EXPECT_EXIT(exit(3), testing::ExitedWithCode(3), \"\"); }\n" + GTEST_MAIN, expect="used")
case("typed-tests", "#include <gtest/gtest.h>\n#include <list>\n#include <vector>\ntemplate <class T> class C : public testing::Test {};\nusing Ts = testing::Types<std::vector<int>, std::list<int>, int>;\nTYPED_TEST_SUITE(C, Ts);\nTYPED_TEST(C, Sizes) { TypeParam t{}; EXPECT_EQ(sizeof(t), sizeof(int)); }\n" + GTEST_MAIN)
case("matchers-of-pointers", "#include <gtest/gtest.h>\n#include <memory>\nTEST(A, B) { std::shared_ptr<int> p; EXPECT_EQ(p, nullptr); EXPECT_NE(nullptr, p); int x; EXPECT_EQ(&x, &x); EXPECT_STREQ(\"a\", \"b\"); EXPECT_NEAR(1.0, 2.0, 0.5); }\n" + GTEST_MAIN, expect="used")
case("two-suites-and-scoped-trace", "#include <gtest/gtest.h>\nvoid check(int x) { SCOPED_TRACE(x); EXPECT_EQ(x, 2); }\nTEST(A, B) { check(1); check(2); }\nTEST(C, D) { GTEST_SKIP() << \"skipped\"; }\n" + GTEST_MAIN, expect="used")
case("no-exceptions-throw", "#include <stdexcept>\nint main() { throw std::runtime_error(\"x\"); }\n", group="noexcept")
case("no-rtti-typeid", "#include <typeinfo>\nstruct P { virtual ~P() {} };\nint main() { P p; return typeid(p).name()[0]; }\n", group="noexcept")
case("no-exceptions-at", "#include <map>\n#include <string>\nint main() { std::map<std::string, int> m{{\"a\", 5}}; return m.at(\"a\"); }\n", group="noexcept", expect="used")
case("auto-in-cxx14", "#include <vector>\nint main() { std::vector v{1, 2}; return v.size(); }\n", group="cxx14")
case("if-constexpr-in-cxx14", "#include <string>\nint main() { if constexpr (true) return 1; return 2; }\n", group="cxx14")
case("optional-in-cxx14", "#include <optional>\nint main() { std::optional<int> o; return 1; }\n", group="cxx14")

# --- put together at random

GAPS = {
    "nothing": "",
    "own namespace": "namespace own { struct Thing { int value = 1; }; inline int size(const Thing& t) { return t.value; } }\n",
    "own macro": "#define OWN_LIMIT 12\n",
    "clashing macro": "#define __first broken\n",
    "clashing macro gone": "#define __last broken\n#undef __last\n",
    "option": "#define GTEST_HAS_STD_WSTRING 0\n",
    "global function": "static inline int twice(int x) { return 2 * x; }\n",
    "clashing function": "static inline int distance(int x) { return x; }\n",
    "global class": "class Zq9Widget { public: int x = 4; };\n",
    "clashing class": "struct vector { int x; };\n",
    "pack": "#pragma pack(push, 2)\nstruct Packed { char c; int i; };\n#pragma pack(pop)\n",
    "diagnostic": "#pragma GCC diagnostic ignored \"-Wunused-function\"\n",
    "using namespace": "namespace std {}\nusing namespace std;\n",
    "forward": "namespace std { template <class T> struct hash; }\n",
    "probe of a macro": "#ifdef EXPECT_TRUE\nstatic const int had_gtest = 1;\n#else\nstatic const int had_gtest = 0;\n#endif\n",
    "probe of a header": "#if __has_include(<optional>) && __has_include(<no_such>)\n#error strange\n#endif\n",
    "anonymous": "namespace { const int lonely_q8 = 3; }\n",
    "extern c": "extern \"C\" int puts(const char*);\n",
    "static assert": "static_assert(sizeof(int) == 4, \"int\");\n",
    "operator for own": "namespace own2 { struct V { int x; }; inline bool operator==(V a, V b) { return a.x == b.x; } }\n",
    "typedef": "typedef unsigned long long u64q;\n",
    "typedef clash": "typedef unsigned long long uint64_t;\n",
    "line": "#line 100 \"other.cc\"\n",
}
GAP_WEIGHTS = {"nothing": 12, "own namespace": 6, "own macro": 4, "global class": 4, "global function": 4, "diagnostic": 3}

USES = {
    "vector": '{ std::vector<int> v{3, 1, 2}; v.push_back(4); std::printf("%zu %d\\n", v.size(), v.back()); }',
    "string": '{ std::string s = "ab"; s = s + "c" + std::to_string(4); std::printf("%s\\n", s.c_str()); }',
    "map": '{ std::map<int, long> m; m[1] = 2; for (auto& e : m) std::printf("%d %ld\\n", e.first, e.second); }',
    "set": '{ std::set<long> s{3, 1}; std::printf("%ld\\n", *s.begin()); }',
    "unordered_map": '{ std::unordered_map<long, int> m; m[7] = 8; std::printf("%d\\n", m.at(7)); }',
    "memory": '{ auto p = std::make_shared<double>(1.5); std::unique_ptr<long> q(new long(3)); std::printf("%f %ld\\n", *p, *q); }',
    "algorithm": '{ int a[] = {3, 1, 2}; std::sort(a, a + 3); std::printf("%d %d\\n", a[0], std::max(a[1], a[2])); }',
    "sstream": '{ std::ostringstream o; o << 1 << "x" << 2.5; std::printf("%s\\n", o.str().c_str()); }',
    "iostream": '{ std::cout << "out " << 3 << std::endl; }',
    "functional": '{ std::function<int(int)> f = [](int x) { return x + 1; }; std::printf("%d\\n", f(1)); }',
    "stdexcept": '{ try { throw std::out_of_range("far"); } catch (const std::exception& e) { std::printf("%s\\n", e.what()); } }',
    "utility": '{ auto p = std::make_pair(1, 2.5); std::printf("%d\\n", p.first); }',
    "cstring": '{ char b[8]; std::strcpy(b, "abc"); std::printf("%zu\\n", std::strlen(b)); }',
    "optional": '{ std::optional<int> o; o = 4; std::printf("%d\\n", *o); }',
    "cassert": '{ assert(1 + 1 == 2); }',
    "list": '{ std::list<int> l{1, 2}; std::printf("%zu\\n", l.size()); }',
    "deque": '{ std::deque<int> d{1, 2}; std::printf("%d\\n", d.front()); }',
    "numeric": '{ int a[] = {1, 2, 3}; std::printf("%d\\n", std::accumulate(a, a + 3, 0)); }',
    "array": '{ std::array<int, 2> a{{1, 2}}; std::printf("%zu\\n", a.size()); }',
    "gtest/gtest.h": '{ std::printf("%s\\n", testing::PrintToString(42).c_str()); EXPECT_EQ(1, 1); }',
}


def random_case(rng: random.Random, number: int) -> Case:
    group = rng.choices(list(GROUPS), [6, 3, 2, 2])[0]
    count = rng.randint(1, 4)
    wanted = rng.sample([header for header in USES if header != "gtest/gtest.h"], count)
    if rng.random() < 0.2:
        wanted.append("gtest/gtest.h")
    included = [header for header in wanted if rng.random() > 0.06]  # now and then one is forgotten
    included += [header for header in rng.sample(HEADERS, rng.randint(0, 2)) if header not in included
                 and not header.startswith("gtest")]
    rng.shuffle(included)
    included.insert(rng.randint(0, len(included)), "cstdio")
    names, weights = list(GAPS), [GAP_WEIGHTS.get(name, 1) for name in GAPS]
    files = {"case.cc": ""}
    text, header = "", "#pragma once\n"
    for name in included:
        gap = rng.choices(names, weights)[0] if rng.random() < 0.35 else "nothing"
        if GAPS[gap] and GAPS[gap] not in text + header:
            if rng.random() < 0.4:
                header += GAPS[gap]
                if '"part.h"' not in text:
                    text += '#include "part.h"\n'
            else:
                text += GAPS[gap]
        if rng.random() < 0.15 and '"part.h"' not in text:
            header += f"#include <{name}>\n"
            text += '#include "part.h"\n'
        else:
            text += f"#include <{name}>\n"
    uses = [USES[name] for name in wanted]
    rng.shuffle(uses)
    text += "int main() {\n" + "".join(f"  {use}\n" for use in uses) + "  return 0;\n}\n"
    files["case.cc"], files["part.h"] = text, header
    return Case(f"random-{number}", files, group)
