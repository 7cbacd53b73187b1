#include "host/build/runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dyad::build {

namespace fs = std::filesystem;

namespace {

/// The source that includes all of a framework, beside its headers (a source tree: include/ and src/) or where Debian
/// installs it. Empty if there is none.
fs::path find_sources(const fs::path& include, const std::string& project, const std::string& file) {
  std::array<fs::path, 3> places{include.parent_path() / "src" / file,
                                 include.parent_path() / "src/googletest" / project / "src" / file,
                                 include.parent_path() / "src" / project / "src" / file};
  std::error_code error;
  auto found = std::ranges::find_if(places, [&](const fs::path& place) { return fs::is_regular_file(place, error); });
  return found == places.end() ? fs::path{} : *found;
}

bool is_system(const fs::path& include) { return include == "/usr/include"; }

/// Whether it is as it was when the installation's seed was made, apart from its files' content.
bool is_the_systems(const GoogleTest& found) {
  return is_system(found.include) && (found.mock_include.empty() || is_system(found.mock_include));
}

/// System directories are searched anyway, and naming one would change the order of the others.
void add_include(std::vector<std::string>& arguments, const fs::path& directory) {
  if (!is_system(directory)) arguments.insert(arguments.end(), {"-I", directory.native()});
}

/// It adds to the namespaces of its headers between one header and the next, so no prelude is possible; it need not wait
/// for one.
CompileJob sources_of(const fs::path& file, std::vector<std::string> flags) {
  return {file, file.parent_path(), std::move(flags), CompileJob::Output::kObject, /*with_prelude=*/false};
}

/// The first of `roots` that holds `header`, or empty.
fs::path find_root(const std::vector<fs::path>& roots, const std::string& header) {
  std::error_code error;
  auto found = std::ranges::find_if(roots, [&](const fs::path& root) { return fs::exists(root / header, error); });
  return found == roots.end() ? fs::path{} : *found;
}

}  // namespace

std::optional<GoogleTest> find_google_test(const Unit& unit) {
  if (unit.gtest_include.empty()) return std::nullopt;
  return GoogleTest{unit.gtest_include, unit.gmock_include};
}

std::optional<GoogleTest> guess_google_test(const std::set<std::string>& outside, const std::vector<fs::path>& roots) {
  const bool with_mock = outside.contains("gmock/gmock.h");
  if (!with_mock && !outside.contains("gtest/gtest.h")) return std::nullopt;
  auto places = roots;
  places.insert(places.end(), {"/usr/local/include", "/usr/include"});
  GoogleTest found{find_root(places, "gtest/gtest.h"), with_mock ? find_root(places, "gmock/gmock.h") : fs::path{}};
  if (found.include.empty()) return std::nullopt;
  return found;
}

Runtime::Runtime(const Installation& installation, const plan::Arguments& arguments, Compiler& compiler, bool has_seed)
    : installation_(installation), arguments_(arguments), compiler_(compiler), has_seed_(has_seed) {}

std::vector<fs::path> Runtime::core(bool executable) const {
  std::vector<fs::path> objects{installation_.lib_dir / "runtime.o"};
  if (executable) objects.push_back(installation_.lib_dir / "main.o");
  return objects;
}

Result<Runtime::Framework> Runtime::request(const GoogleTest& found, const fs::path& user) {
  auto sources = find_sources(found.include, "googletest", "gtest-all.cc");
  if (sources.empty())
    return fail(
        fmt::format("no sources of GoogleTest for {}/gtest/gtest.h: install its sources (Debian: googletest) or "
                    "include a vendored copy",
                    found.include.native()));
  auto flags = arguments_.compile_foreign(user);
  if (!flags) return fail(flags.error());
  // As packages have it. It takes three times as long, but has been done: the seed holds these objects. Without tail
  // calls, for stacks.
  const bool optimise = has_seed_ && is_the_systems(found) && arguments_.are_usual_for_foreign(*flags);
  if (optimise) flags->insert(flags->end(), {"-O2", "-fno-optimize-sibling-calls"});
  add_include(*flags, found.include);

  auto adapter_flags = *flags;
  auto library_flags = *flags;
  library_flags.insert(library_flags.end(), {"-w", "-I", sources.parent_path().parent_path().native()});
  Framework framework;
  if (!found.mock_include.empty()) {
    add_include(adapter_flags, found.mock_include);
    adapter_flags.push_back("-DDYAD_GMOCK=1");
    auto mock_sources = find_sources(found.mock_include, "googlemock", "gmock-all.cc");
    if (mock_sources.empty())
      return fail(
          fmt::format("no sources of GoogleMock for {}/gmock/gmock.h: install its sources (Debian: googletest) or "
                      "include a vendored copy",
                      found.mock_include.native()));
    auto mock_flags = library_flags;
    add_include(mock_flags, found.mock_include);
    mock_flags.insert(mock_flags.end(), {"-I", mock_sources.parent_path().parent_path().native()});
    framework.libraries.push_back(compiler_.request(sources_of(mock_sources, mock_flags)));
  }
  framework.libraries.push_back(compiler_.request(sources_of(sources, library_flags)));
  adapter_flags.insert(adapter_flags.end(),
                       {"-I", installation_.runtime_dir.native(), "-I", installation_.include_dir.native()});
  auto adapter = installation_.runtime_dir / "backends/runtime/gtest_adapter.cpp";
  framework.adapter = compiler_.request(
      {adapter, adapter.parent_path(), adapter_flags, CompileJob::Output::kObject, /*with_prelude=*/!optimise});
  return framework;
}

}  // namespace dyad::build
