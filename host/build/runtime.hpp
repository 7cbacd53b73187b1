/// The objects that an image holds besides the user's: dyad's runtime, which is installed compiled, the adapter of the
/// user's test framework, and the framework itself, both compiled from source through the cache.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/installation.hpp"
#include "host/base/result.hpp"
#include "host/build/compiler.hpp"
#include "host/plan/arguments.hpp"

namespace dyad::build {

/// GoogleTest as the user's sources found it.
struct GoogleTest {
  std::filesystem::path include;       ///< the directory that holds gtest/gtest.h
  std::filesystem::path mock_include;  ///< the directory that holds gmock/gmock.h, or empty: GoogleMock is not used
};

/// What the sources of `unit` include; nothing if they do not include gtest/gtest.h.
std::optional<GoogleTest> find_google_test(const Unit& unit);

/// What a source will include that names `outside` headers and has these include roots, as far as names tell
/// (IncludeScan): time to begin with what takes longest. A wrong guess costs time only.
std::optional<GoogleTest> guess_google_test(const std::set<std::string>& outside,
                                            const std::vector<std::filesystem::path>& roots);

class Runtime {
 public:
  /// `has_seed`: what is compiled as in the installation's seed is there, or is made for it.
  Runtime(const Installation& installation, const plan::Arguments& arguments, Compiler& compiler, bool has_seed);

  /// Always linked.
  std::vector<std::filesystem::path> core(bool executable) const;

  struct Framework {
    UnitFuture adapter;                 ///< always linked
    std::vector<UnitFuture> libraries;  ///< linked where needed
  };
  /// GoogleTest from the sources beside its headers, with the flags of `user` (who includes them). Fails if there
  /// are none.
  Result<Framework> request(const GoogleTest& found, const std::filesystem::path& user);

 private:
  const Installation& installation_;
  const plan::Arguments& arguments_;
  Compiler& compiler_;
  bool has_seed_;
};

}  // namespace dyad::build
