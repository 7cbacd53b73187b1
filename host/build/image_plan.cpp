#include "host/build/image_plan.hpp"

#include <cxxabi.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unordered_map>

namespace dyad::build {

namespace {

bool wants_symbol(const Unit& unit, std::string_view part) {
  auto matches = [part](const std::string& symbol) { return symbol.find(part) != std::string::npos; };
  return std::ranges::any_of(unit.undefined, matches);
}

bool runs_all_gtests(const Unit& unit) { return wants_symbol(unit, "_ZN7testing8UnitTest3RunEv"); }

std::string file_name(const Unit& unit) { return unit.source.filename().native(); }

/// `lib::frob(int)` for a mangled name; other names as they are.
std::string readable(std::string_view name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status), &std::free);
  return name.starts_with("_Z") && status == 0 ? text.get() : std::string(name);
}

/// A main that is meant for other files says so in its name; gtest_no_test_unittest.cc is a program of its own.
bool is_named_main(const Unit& unit) {
  std::string stem = unit.source.stem().native();
  std::ranges::transform(stem, stem.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return stem.find("main") != std::string::npos;
}

std::optional<Error> find_two_tests_of_one_name(std::span<const Unit* const> units) {
  std::unordered_map<std::string_view, const NativeTest*> seen;
  for (const Unit* unit : units)
    for (const NativeTest& test : unit->tests) {
      auto [first, is_new] = seen.emplace(test.name, &test);
      if (is_new) continue;
      auto place = [](const NativeTest& at) {
        return fmt::format("{}:{}", std::filesystem::path(at.file).filename().native(), at.line);
      };
      return Error{fmt::format("two tests are named {}: {} and {}; rename one of them", test.name,
                               place(*first->second), place(test))};
    }
  return std::nullopt;
}

/// What a file defines that no other file of its image may define, by name, with the file that does.
using Definitions = std::unordered_map<std::string_view, const Unit*>;

struct Conflict {
  std::string_view name;
  const Unit* other;
};

std::optional<Conflict> find_conflict(const Definitions& taken, const Unit& unit) {
  for (const auto* names : {&unit.definitions, &unit.strong})
    for (const auto& name : *names)
      if (auto found = taken.find(name); found != taken.end()) return Conflict{name, found->second};
  return std::nullopt;
}

void take(Definitions& taken, const Unit& unit) {
  for (const auto* names : {&unit.definitions, &unit.strong})
    for (const auto& name : *names) taken.emplace(name, &unit);
}

}  // namespace

bool has_gtest_tests(const Unit& unit) {
  return wants_symbol(unit, "MakeAndRegisterTestInfo") || wants_symbol(unit, "parameterized_test_registry");
}

TestFileKind kind_of(const Unit& unit) {
  bool gtest = has_gtest_tests(unit);
  if (!unit.main_line) return gtest || !unit.tests.empty() ? TestFileKind::kTests : TestFileKind::kLibrary;
  if (gtest) return TestFileKind::kOwnMain;
  if (!unit.tests.empty()) return TestFileKind::kTests;
  return runs_all_gtests(unit) && is_named_main(unit) ? TestFileKind::kSharedMain : TestFileKind::kPlainMain;
}

Result<PackagePlan> plan_images(std::span<const Unit* const> units, std::span<const Unit* const> others,
                                const std::string& directory_name) {
  if (auto error = find_two_tests_of_one_name(units)) return fail(*error);

  PackagePlan plan;
  std::vector<const Unit*> shared_mains;
  for (const Unit* unit : others)
    if (kind_of(*unit) == TestFileKind::kSharedMain) shared_mains.push_back(unit);

  std::vector<ImagePlan> shared, alone;
  std::vector<Definitions> taken;
  std::vector<std::string> reasons;
  for (const Unit* unit : units) {
    std::string stem = unit->source.stem().native();
    switch (kind_of(*unit)) {
      case TestFileKind::kLibrary: plan.library.push_back(unit); continue;
      case TestFileKind::kSharedMain: shared_mains.push_back(unit); continue;
      case TestFileKind::kOwnMain: alone.push_back({stem, {unit}, nullptr, unit}); continue;
      case TestFileKind::kPlainMain: alone.push_back({stem, {unit}, unit, nullptr}); continue;
      case TestFileKind::kTests: break;
    }
    std::size_t place = 0;
    for (; place < shared.size(); ++place) {
      auto conflict = find_conflict(taken[place], *unit);
      if (!conflict) break;
      if (place == 0)
        reasons.push_back(fmt::format("{} and {} both define {}", file_name(*conflict->other), file_name(*unit),
                                      readable(conflict->name)));
    }
    if (place == shared.size()) {
      shared.push_back({place == 0 ? directory_name : stem, {}, nullptr, nullptr});
      taken.emplace_back();
    }
    shared[place].tests.push_back(unit);
    take(taken[place], *unit);
  }

  if (shared_mains.size() > 1 && !shared.empty())
    return fail(fmt::format("{} and {} both want to be the main of this package's tests; keep one of them",
                            file_name(*shared_mains[0]), file_name(*shared_mains[1])));
  for (auto& image : shared) {
    if (image.tests.size() == 1) image.name = image.tests.front()->source.stem().native();
    bool uses_gtest = std::ranges::any_of(image.tests, [](const Unit* unit) { return has_gtest_tests(*unit); });
    if (!shared_mains.empty() && uses_gtest) image.own_main = shared_mains.front();
  }
  if (shared.empty())
    for (const Unit* unit : shared_mains) alone.push_back({unit->source.stem().native(), {unit}, unit, nullptr});

  plan.images = std::move(shared);
  std::ranges::move(alone, std::back_inserter(plan.images));
  if (plan.images.size() > 1) {
    std::vector<std::string_view> names;
    for (const auto& image : plan.images) names.push_back(image.name);
    std::string why = alone.empty() ? "" : "files with a main of their own";
    for (const auto& reason : reasons) why += (why.empty() ? "" : "; ") + reason;
    plan.notices.push_back(fmt::format("split into {} images: {} ({})", names.size(), fmt::join(names, ", "), why));
  }
  return plan;
}

}  // namespace dyad::build
