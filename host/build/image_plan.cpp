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

/// What the files of an image define that others may not, by name, with the first file that does.
struct Taken {
  const Unit* by;
  std::string_view identity;
};
using Definitions = std::unordered_map<std::string_view, Taken>;

struct Conflict {
  std::string_view name;
  const Unit* other;
};

std::optional<Conflict> find_conflict(const Definitions& taken, const Unit& unit) {
  auto conflict = [&](std::string_view name, std::string_view identity) -> const Unit* {
    auto found = taken.find(name);
    if (found == taken.end() || (!identity.empty() && identity == found->second.identity)) return nullptr;
    return found->second.by;
  };
  for (const auto& [name, identity] : unit.definitions)
    if (const Unit* other = conflict(name, identity)) return Conflict{name, other};
  for (const auto& name : unit.strong)
    if (const Unit* other = conflict(name, "")) return Conflict{name, other};
  return std::nullopt;
}

void take(Definitions& taken, const Unit& unit) {
  for (const auto& [name, identity] : unit.definitions) taken.emplace(name, Taken{&unit, identity});
  for (const auto& name : unit.strong) taken.emplace(name, Taken{&unit, ""});
}

bool defines(const Unit& unit, const std::string& symbol) {
  return std::ranges::find(unit.strong, symbol) != unit.strong.end();
}

/// A file that one of `users` wants a symbol of and none of them defines, among `offers` (in order), or null.
const Unit* find_wanted(std::span<const Unit* const> users, std::span<const Unit* const> offers) {
  for (const Unit* user : users)
    for (const auto& symbol : user->undefined) {
      auto has_it = [&](const Unit* unit) { return defines(*unit, symbol); };
      if (std::ranges::any_of(users, has_it)) continue;
      if (auto found = std::ranges::find_if(offers, has_it); found != offers.end()) return *found;
    }
  return nullptr;
}

/// Test files without a main also go where a file of another image wants a symbol of theirs; and they leave their first
/// image if nobody there wants one. So the parts of a program stay together, and no test runs twice without need.
void join_what_belongs_together(std::vector<ImagePlan>& shared, std::vector<ImagePlan>& alone) {
  std::vector<const Unit*> joined;
  auto join = [&](ImagePlan& image, std::span<const Unit* const> offers) {
    while (const Unit* wanted = find_wanted(image.tests, offers)) {
      Definitions taken;
      for (const Unit* unit : image.tests) take(taken, *unit);
      if (find_conflict(taken, *wanted)) return;  // the linker will say what is missing
      image.tests.push_back(wanted);
      joined.push_back(wanted);
    }
  };
  std::vector<const Unit*> offers;
  for (const auto& image : shared) offers.insert(offers.end(), image.tests.begin(), image.tests.end());
  for (auto& image : shared) join(image, offers);
  for (auto& image : alone) join(image, offers);
  for (const Unit* unit : joined)
    for (auto& image : shared) {
      auto place = std::ranges::find(image.tests, unit);
      if (place == image.tests.end()) continue;
      auto others = image.tests;
      std::erase(others, unit);
      const Unit* offer[] = {unit};
      if (find_wanted(others, offer) == nullptr) image.tests = std::move(others);
    }
  std::erase_if(shared, [](const ImagePlan& image) { return image.tests.empty(); });
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
      case TestFileKind::kLibrary:
        plan.library.push_back(unit);
        continue;
      case TestFileKind::kSharedMain:
        shared_mains.push_back(unit);
        continue;
      case TestFileKind::kOwnMain:
        alone.push_back({stem, {unit}, nullptr, unit});
        continue;
      case TestFileKind::kPlainMain:
        alone.push_back({stem, {unit}, unit, nullptr});
        continue;
      case TestFileKind::kTests:
        break;
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

  join_what_belongs_together(shared, alone);

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
