/// What a file is, as far as its name tells: no source, a source for another platform, a test file, a library source,
/// or a part of a test framework.
/// Whether a file that is called a test holds one is known to the compiler alone; one that holds neither test nor main
/// is treated as library later. So the rule for names is generous, and errs only where English does (latest.cc).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dyad::discover {

enum class SourceKind : std::uint8_t { kNone, kOtherPlatform, kTest, kLibrary };

enum class Language : std::uint8_t { kNone, kC, kCxx, kIr };

/// By suffix: .c; .cc .cpp .cxx .c++ .C; .ll .bc.
Language language_of_name(std::string_view file_name);

/// The default rule. The stem's last word is test(s) or unittest(s), also with a number (x_test.cc, x-test2.cpp,
/// XTest.cpp, x.test.cc, test.c), or its first word is test (test_x.c, TestX.cpp) or, behind a separator, unit
/// (unit-x.cpp); or its last word ends in "test" and is not English (parsetest.cpp, but not latest.cc), nor the name of
/// a test framework (gtest.cc). A separator at the end (x_test_.cc) means: not a test.
bool is_test_stem(std::string_view stem);

/// `test_patterns` (see glob.hpp) replace the default rule when there are any; they match the whole file name. Names
/// that begin with '.' or '_' are kNone.
SourceKind kind_of_name(std::string_view file_name, std::span<const std::string> test_patterns);

/// Sources of a copy of GoogleTest or GoogleMock among the names of a directory's files, where it is the directory of
/// GoogleTest's own tree that holds them: gtest-all.cc, gtest.cc and so on. Whoever uses the copy is linked with all of
/// it (host/build/runtime.hpp), so they are neither tests nor library. A fused copy, one file, is library.
std::vector<std::string> framework_sources(std::span<const std::string> file_names);

}  // namespace dyad::discover
