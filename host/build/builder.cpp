#include "host/build/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "backends/abi/wire.h"
#include "host/base/file.hpp"
#include "host/base/text.hpp"
#include "host/build/codegen_strings.hpp"
#include "host/build/compile_order.hpp"
#include "host/build/given_facts.hpp"
#include "host/build/include_scan.hpp"
#include "host/build/linker.hpp"
#include "host/build/prelude_choice.hpp"
#include "host/plan/link_flags.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::build {

namespace fs = std::filesystem;
using UnitPointer = std::shared_ptr<const Unit>;

/// A package whose objects are all there.
struct Builder::Prepared {
  std::vector<UnitPointer> tests;
  Closure closure;
  PackagePlan plan;
  std::vector<std::string> link_arguments;
};

namespace {

std::vector<const Unit*> pointers(const std::vector<UnitPointer>& units) {
  std::vector<const Unit*> out;
  for (const auto& unit : units) out.push_back(unit.get());
  return out;
}

/// The first line of what the compiler said that says "error", without colour; or the first line.
std::string first_error(const std::string& diagnostics) {
  std::string plain = without_colours(diagnostics);
  auto at = plain.find("error: ");
  auto start = at == std::string::npos ? 0 : plain.rfind('\n', at) + 1;
  return plain.substr(start, plain.find('\n', start) - start);
}

std::vector<dyad_str> views_of(const std::vector<fs::path>& paths) {
  std::vector<dyad_str> views;
  for (const auto& path : paths) views.push_back(str(path.native()));
  return views;
}

class Messages {
 public:
  Messages(const fs::path& root, std::string& out) : root_(root), out_(out) {}

  std::string show(const fs::path& path) const {
    auto relative = path.lexically_relative(root_);
    return relative.empty() || relative.native().starts_with("..") ? path.native() : relative.native();
  }
  void error(const std::string& text) { out_ += "error: " + text + "\n"; }
  void add(const std::string& text) { out_ += text; }

 private:
  const fs::path& root_;
  std::string& out_;
};

}  // namespace

Builder::Builder(Parts parts, fs::path output)
    : parts_(parts),
      library_(parts.workspace, parts.arguments, parts.compiler),
      runtime_(parts.installation, parts.arguments, parts.compiler,
               parts.world.store() != nullptr && fs::is_directory(parts.installation.seed())),
      linker_({parts.toolchain, parts.world, parts.inputs, parts.statistics, parts.mismatches, parts.keep_images}),
      output_(std::move(output)) {}

void Builder::start(const std::vector<discover::Package>& packages) {
  std::vector<fs::path> all;
  std::vector<SourceSize> sizes;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (packages[i].tests.empty()) continue;
    for (const auto* sources : {&packages[i].tests, &packages[i].library})
      for (const auto& source : *sources) {
        std::error_code error;
        const auto size = fs::file_size(source, error);
        all.push_back(source);
        sizes.push_back({i, error ? 0 : size});  // who compiles it says what is wrong
      }
  }
  IncludeScan scan;
  library_.plan(all, scan);
  request_framework(packages, scan);
  for (auto i : compile_order(sizes, parts_.compiler.workers())) library_.request(all[i]);
}

void Builder::request_framework(const std::vector<discover::Package>& packages, IncludeScan& scan) {
  for (const auto& package : packages) {
    for (const auto& source : package.tests) {
      auto arguments = parts_.arguments.compile(source);
      if (!arguments) continue;
      auto roots = include_roots(*arguments);
      auto own = workspace_roots(roots, parts_.workspace.root);
      auto found = guess_google_test(scan.outside_of(source, own), roots);
      if (!found) continue;
      (void)runtime_.request(*found, source);  // what fails here fails again where it is needed
      return;
    }
  }
}

void Builder::request_usual() {
  const auto source = parts_.workspace.root / "usual_test.cc";  // nobody looks whether it is there
  auto arguments = parts_.arguments.compile(source);
  if (!arguments) return;
  parts_.compiler.make_prelude({source, source.parent_path(), *arguments}, usual_headers());
  for (const char* header : {"gmock/gmock.h", "gtest/gtest.h"})
    if (auto found = guess_google_test({header}, {})) (void)runtime_.request(*found, source);
}

Result<Builder::Prepared> Builder::prepare(const discover::Package& package, BuiltPackage& built) {
  Prepared prepared;
  std::vector<UnitFuture> futures;
  for (const auto& source : package.tests) futures.push_back(library_.request(source));
  bool all_compiled = true;
  for (const auto& future : futures) {
    trace::Span waiting(trace::Phase::kWait);
    prepared.tests.push_back(future.get());
    built.diagnostics += prepared.tests.back()->diagnostics;
    all_compiled = all_compiled && prepared.tests.back()->ok();
  }
  if (!all_compiled) return fail("");  // the diagnostics say it

  {
    trace::Span waiting(trace::Phase::kWait);
    prepared.closure = library_.closure_of(package.directory, prepared.tests);
  }
  add_given(GivenFacts::tools(), built);
  for (const auto* units : {&prepared.tests, &prepared.closure.units, &prepared.closure.broken})
    add_facts(*units, built);
  for (const auto& directory : prepared.closure.directories) {
    add_given(GivenFacts::sources_of(directory), built);
    add_given(GivenFacts::link_arguments_of(directory), built);
  }
  for (const auto& unit : prepared.closure.units) {
    if (unit->source.parent_path() == package.directory) built.diagnostics += unit->diagnostics;
  }
  Messages messages(parts_.workspace.root, built.diagnostics);
  for (const auto& unit : prepared.closure.broken)
    built.notices.push_back(fmt::format("{} does not compile and is left out: {}", messages.show(unit->source),
                                        first_error(unit->diagnostics)));

  std::vector<const Unit*> own_library;
  for (const auto& unit : prepared.closure.units)
    if (unit->source.parent_path() == package.directory) own_library.push_back(unit.get());
  auto plan = plan_images(pointers(prepared.tests), own_library, package.directory.filename().native());
  if (!plan) return fail(plan.error());
  prepared.plan = *std::move(plan);
  std::ranges::copy(prepared.plan.notices, std::back_inserter(built.notices));

  for (const auto& directory : prepared.closure.directories) {
    auto arguments = parts_.arguments.link(directory);
    if (!arguments) return fail(arguments.error());
    for (auto& argument : *arguments)
      if (std::ranges::find(prepared.link_arguments, argument) == prepared.link_arguments.end())
        prepared.link_arguments.push_back(std::move(argument));
  }
  return prepared;
}

BuiltPackage Builder::build(const discover::Package& package, ImageKind kind) {
  trace::Span span(trace::Phase::kPlan, package.id.path);
  BuiltPackage built;
  built.kind = kind;
  auto give_up = [&](const Error& error) {
    if (!error.text.empty()) Messages(parts_.workspace.root, built.diagnostics).error(error.text);
    built.failed = true;
    built.images.clear();
  };
  auto prepared = prepare(package, built);
  if (!prepared) {
    give_up(prepared.error());
    return built;
  }
  if (kind == ImageKind::kShared)
    if (auto runtimes = plan::sanitizer_runtimes(prepared->link_arguments); !runtimes.empty()) {
      built.kind = ImageKind::kExecutable;
      built.notices.push_back("runs as a program of its own: -fsanitize=" + runtimes);
    }
  for (const ImagePlan& plan : prepared->plan.images) {
    auto image = link(package, plan, *prepared, built);
    if (!image) {
      give_up(image.error());
      return built;
    }
    built.images.push_back(*std::move(image));
  }
  if (!built.unrepeatable.empty()) parts_.world.keep_reason(lookup_action(package, kind), built.unrepeatable);
  built.facts.own.normalise();
  trace::Span keeping(trace::Phase::kKeep);
  parts_.world.keep(lookup_action(package, kind), built.facts, serialize(built));
  return built;
}

fs::path Builder::place_of(const discover::Package& package, const std::string& image, const char* suffix) const {
  auto place = output_;
  if (package.id.path != ".") place /= package.id.path;
  place /= image;
  place += suffix;
  return place;
}

void Builder::add_given(const std::string& name, BuiltPackage& built) const {
  built.facts.own.add(parts_.world.present_given(name));
}

void Builder::add_facts(const std::vector<UnitPointer>& units, BuiltPackage& built) const {
  for (const auto& unit : units) {
    built.facts.add(unit->facts);
    add_given(GivenFacts::arguments_of(unit->source), built);
    if (unit->unrepeatable.empty()) continue;
    built.facts.own.spoil();
    built.unrepeatable =
        Messages(parts_.workspace.root, built.diagnostics).show(unit->source) + " " + unit->unrepeatable;
  }
}

cache::ActionId Builder::lookup_action(const discover::Package& package, ImageKind kind) const {
  cache::Hasher hasher("package 2");
  hasher.add(parts_.workspace.root.native()).add(package.id.path);
  hasher.add(static_cast<std::uint64_t>(kind)).add(std::uint64_t{parts_.release});
  if (!parts_.preludes) hasher.add("no preludes");
  return {hasher.finish()};
}

std::optional<BuiltPackage> Builder::find(const discover::Package& package, ImageKind kind,
                                          const std::function<void()>& on_foreseen_miss) const {
  auto found = parts_.world.find(lookup_action(package, kind), on_foreseen_miss);
  if (!found) return std::nullopt;
  auto built = deserialize_built(found->bytes);
  if (built) ++parts_.statistics.packages_known;
  return built;
}

bool Builder::find_images(const discover::Package& package, BuiltPackage& built) const {
  const char* suffix = built.kind == ImageKind::kExecutable ? "" : ".so";
  for (auto& image : built.images) {
    auto file = linker_.find_image(image.content, place_of(package, image.name, suffix));
    if (!file) return false;
    image.file = *std::move(file);
  }
  return true;
}

namespace {

Table make_table(const discover::Package& package, const ImagePlan& plan) {
  Table table;
  table.package = package.id.path;
  auto file_of = [&](const fs::path& path) {
    auto relative = path.lexically_relative(package.directory);
    return relative.empty() ? path.native() : relative.native();
  };
  for (const Unit* unit : plan.tests)
    for (const NativeTest& test : unit->tests)
      table.rows.push_back({test.name, file_of(test.file), test.line, DYAD_TEST_NATIVE, test.symbol});
  if (const Unit* unit = plan.plain_main)
    table.rows.push_back({plan.name, file_of(unit->source), *unit->main_line, DYAD_TEST_MAIN, unit->main_symbol});
  if (plan.own_main != nullptr) table.own_main = plan.own_main->main_symbol;
  return table;
}

/// Are symbols of GoogleTest or GoogleMock missing?
bool wants_framework(const LinkOutcome& outcome) {
  return std::ranges::any_of(outcome.undefined, [](const UndefinedSymbol& undefined) {
    return undefined.symbol.find("7testing") != std::string::npos;
  });
}

/// Does the code of `unit` name the array of all environment variables?
bool reads_environ(const Unit& unit) {
  return std::ranges::any_of(unit.undefined, [](const std::string& symbol) {
    return symbol == "environ" || symbol == "__environ" || symbol == "_environ";
  });
}

}  // namespace

Result<Image> Builder::link(const discover::Package& package, const ImagePlan& plan, const Prepared& prepared,
                            BuiltPackage& built) {
  Messages messages(parts_.workspace.root, built.diagnostics);
  LinkJob job;
  job.table = make_table(package, plan);
  job.executable = built.kind == ImageKind::kExecutable;
  job.arguments = prepared.link_arguments;
  job.output = place_of(package, plan.name, job.executable ? "" : ".so");
  std::vector<UnitPointer> linked;  // what the user wrote, to know which source an object is
  auto source_of = [&](const fs::path& object) -> std::string {
    for (const auto& unit : linked)
      if (unit->object == object) return messages.show(unit->source);
    return object.native().ends_with(".table.o") ? "the test table" : object.filename().native();
  };

  std::optional<GoogleTest> google_test;
  fs::path google_test_user;
  auto note_framework = [&](const Unit& unit) {
    auto found = find_google_test(unit);
    if (!found) return;
    if (!google_test) {
      google_test = std::move(found);
      google_test_user = unit.source;
    } else if (google_test->mock_include.empty()) {
      google_test->mock_include = found->mock_include;
    }
  };
  bool adapter_wanted = plan.own_main != nullptr;
  for (const Unit* unit : plan.tests) {
    job.objects.push_back({unit->object, unit->object_id});
    adapter_wanted = adapter_wanted || has_gtest_tests(*unit);
    note_framework(*unit);
  }

  std::vector<UnitPointer> foreign;
  auto add = [&](const std::vector<UnitFuture>& futures, std::vector<LinkInput>& to) -> Result<void> {
    for (const auto& future : futures) {
      trace::Span waiting(trace::Phase::kWait);
      auto unit = future.get();
      if (!unit->ok()) return fail(fmt::format("{} does not compile:\n{}", unit->source.native(), unit->diagnostics));
      built.facts.add(unit->facts);
      if (std::ranges::find(to, unit->object_id, &LinkInput::content) != to.end()) continue;
      to.push_back({unit->object, unit->object_id});
      foreign.push_back(std::move(unit));
    }
    return {};
  };
  auto add_framework = [&](bool with_adapter) -> Result<void> {
    auto framework = runtime_.request(*google_test, google_test_user);
    if (!framework) return fail(framework.error());
    add_given(GivenFacts::framework_arguments_of(google_test_user), built);
    if (with_adapter)
      if (auto added = add({framework->adapter}, job.objects); !added) return added;
    return add(framework->libraries, job.libraries);
  };
  for (const auto& object : runtime_.core(job.executable))
    job.objects.push_back({object, parts_.world.files().content_of(object.native())});
  if (google_test)
    if (auto added = add_framework(adapter_wanted); !added) return fail(added.error());

  for (const auto& unit : prepared.tests) linked.push_back(unit);
  for (const Unit* unit : prepared.plan.library) job.libraries.push_back({unit->object, unit->object_id});
  for (const auto& unit : prepared.closure.units) {
    job.libraries.push_back({unit->object, unit->object_id});
    linked.push_back(unit);
  }

  // The code that units took from preludes. First: a library source that holds a copy of such code must not be linked
  // for it.
  auto add_prelude = [&](const Unit& unit) {
    if (!unit.prelude_object) return;
    auto is_it = [&](const LinkInput& input) { return input.content == *unit.prelude_object; };
    if (std::ranges::none_of(job.libraries, is_it))
      job.libraries.insert(job.libraries.begin(), {unit.prelude_file, *unit.prelude_object});
  };
  for (const auto* units : {&linked, &foreign})
    for (const auto& unit : *units) add_prelude(*unit);
  for (const Unit* unit : prepared.plan.library) add_prelude(*unit);

  auto outcome = link_readable(job);
  if (outcome && !outcome->ok && !outcome->undefined.empty()) {
    std::vector<std::string> wanted;
    for (const auto& undefined : outcome->undefined) wanted.push_back(undefined.symbol);
    auto more = [&] {
      trace::Span waiting(trace::Phase::kWait);
      return library_.find_by_symbol(wanted, linked);
    }();
    ++parts_.statistics.index_used;
    add_given(GivenFacts::sources_of_workspace(), built);
    add_facts(library_.all_in_workspace(), built);
    for (const auto& unit : more) {
      job.libraries.push_back({unit->object, unit->object_id});
      linked.push_back(unit);
      add_prelude(*unit);
    }
    if (!more.empty()) outcome = link_readable(job);
  }
  if (outcome && wants_framework(*outcome)) {  // helpers of tests that do not include it
    for (const auto& unit : linked) note_framework(*unit);
    const auto known = foreign.size();
    if (google_test && add_framework(/*with_adapter=*/false)) {  // if that fails, what is missing is the news
      for (auto i = known; i < foreign.size(); ++i) add_prelude(*foreign[i]);
      if (foreign.size() > known) outcome = link_readable(job);
    }
  }
  if (!outcome) return fail(outcome.error());
  if (outcome->ok) {
    built.facts.add(outcome->facts);
    bool environ_read = std::ranges::any_of(linked, [](const UnitPointer& unit) { return reads_environ(*unit); });
    return Image{outcome->file, plan.name, outcome->key, outcome->image, environ_read};
  }

  for (const auto& undefined : outcome->undefined)
    messages.error(fmt::format("undefined symbol: {}, wanted by {}", undefined.demangled, source_of(undefined.object)));
  for (const auto& duplicate : outcome->duplicates)
    messages.error(fmt::format("{} is defined twice: by {} and by {}", duplicate.demangled, source_of(duplicate.first),
                               source_of(duplicate.second)));
  if (!outcome->undefined.empty()) {
    auto broken = prepared.closure.broken;
    std::ranges::copy_if(library_.broken_in_workspace(), std::back_inserter(broken),
                         [&](const UnitPointer& unit) { return std::ranges::find(broken, unit) == broken.end(); });
    for (const auto& unit : broken) {
      messages.add(fmt::format("{} does not compile; it may be what defines them:\n", messages.show(unit->source)));
      messages.add(unit->diagnostics);
    }
  }
  if (outcome->undefined.empty() && outcome->duplicates.empty()) messages.add(outcome->diagnostics);
  return fail("");
}

Result<LinkOutcome> Builder::link_readable(LinkJob& job) {
  for (;;) {
    auto outcome = linker_.link(job);
    if (!outcome || outcome->ok || parts_.world.store() == nullptr) return outcome;
    bool replaced = false;
    for (auto* files : {&job.objects, &job.libraries})
      for (auto& each : *files) {
        const bool is_kept = each.file == parts_.world.store()->path_of(cache::OutputId{each.content});
        if (!is_kept || outcome->diagnostics.find("cannot open " + each.file.native()) == std::string::npos) continue;
        auto again = parts_.compiler.compile_again(each.content);
        if (!again) return outcome;
        each.file = *std::move(again);
        replaced = true;
      }
    if (!replaced) return outcome;
  }
}

BuiltPackage Builder::emit_llvm(const discover::Package& package) {
  BuiltPackage built;
  auto give_up = [&](const Error& error) {
    if (!error.text.empty()) Messages(parts_.workspace.root, built.diagnostics).error(error.text);
    built.failed = true;
    return built;
  };
  auto prepared = prepare(package, built);
  if (!prepared) return give_up(prepared.error());
  auto codegen = parts_.toolchain.load();
  if (!codegen) return give_up(codegen.error());

  auto bitcode_of = [&](auto&& units, std::vector<fs::path>& to) -> Result<void> {
    std::vector<UnitFuture> futures;
    for (const auto& unit : units) futures.push_back(library_.request(unit->source, CompileJob::Output::kBitcode));
    for (const auto& future : futures) {
      auto unit = future.get();
      if (!unit->ok()) return fail(unit->diagnostics);
      to.push_back(unit->object);
    }
    return {};
  };
  std::vector<fs::path> libraries;
  auto added = bitcode_of(prepared->closure.units, libraries);
  for (const ImagePlan& plan : prepared->plan.images) {
    std::vector<fs::path> objects;
    if (added) added = bitcode_of(plan.tests, objects);
    if (!added) return give_up(added.error());
    auto table = place_of(package, plan.name, ".table.bc");
    if (auto written = linker_.write_table(make_table(package, plan), table, true); !written)
      return give_up(written.error());
    objects.push_back(table);

    auto object_views = views_of(objects), library_views = views_of(libraries);
    std::pair<std::string, std::string> said;  // the module's text, diagnostics
    dyad_compile_sink sink{};
    sink.size = sizeof sink;
    sink.user = &said;
    sink.output = [](void* user, const void* bytes, std::size_t size) {
      static_cast<decltype(said)*>(user)->first.assign(static_cast<const char*>(bytes), size);
    };
    sink.diagnostics = [](void* user, dyad_str text) {
      static_cast<decltype(said)*>(user)->second.assign(text.data, text.size);
    };
    auto failed = (*codegen)->merge_ir({object_views.data(), object_views.size()},
                                       {library_views.data(), library_views.size()}, &sink);
    if (failed != 0) return give_up(Error{said.second});
    auto place = place_of(package, plan.name, ".ll");
    auto written = write_file_atomically(place, said.first);
    if (!written) return give_up(written.error());
    built.images.push_back({place, plan.name});
  }
  return built;
}

}  // namespace dyad::build
