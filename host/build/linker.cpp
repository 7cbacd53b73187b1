#include "host/build/linker.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "host/base/file.hpp"
#include "host/build/codegen_strings.hpp"
#include "host/trace/recorder.hpp"

namespace dyad::build {

namespace fs = std::filesystem;

namespace {

std::string text(dyad_str from) { return std::string(view(from)); }

std::vector<dyad_str> views(const std::vector<LinkInput>& files) {
  std::vector<dyad_str> out;
  for (const auto& each : files) out.push_back(str(each.file.native()));
  return out;
}

}  // namespace

cache::ActionId Linker::lookup_action(const LinkJob& job) const {
  cache::Hasher hasher("link 1");
  hasher.add(parts_.toolchain.identity()).add(std::uint64_t{job.executable});
  for (const auto* files : {&job.objects, &job.libraries}) {
    hasher.add(files->size());
    for (const auto& each : *files) hasher.add(each.content);
  }
  hasher.add(job.table.package).add(job.table.own_main).add(job.table.rows.size());
  for (const auto& row : job.table.rows)
    hasher.add(row.name).add(row.file).add(std::uint64_t{row.line}).add(std::uint64_t{row.kind}).add(row.symbol);
  hasher.add(job.arguments.size());
  for (const auto& argument : job.arguments) hasher.add(argument);
  return {hasher.finish()};
}

Result<LinkOutcome> Linker::link(const LinkJob& job) {
  auto lookup = lookup_action(job);
  auto look_up = [&] {
    trace::Span span(trace::Phase::kLookUp, job.table.package);
    return parts_.world.find(lookup);
  };
  if (auto found = look_up()) {
    LinkOutcome outcome;
    auto image = cache::Digest::from_hex(found->bytes);
    auto file = image ? find_image(*image, job.output) : std::nullopt;
    if (file) {
      outcome = {true, *file, found->key, *image, std::move(found->facts), {}, {}, {}};
      if (parts_.mismatches == nullptr) {
        ++parts_.statistics.link_cached;
        return outcome;
      }
      auto again = run(job, lookup);
      if (again && again->image != *image)
        parts_.mismatches->add(fmt::format("link {}: {}", lookup.digest.hex(), job.table.package));
      return again;
    }
  }
  return run(job, lookup);
}

std::optional<fs::path> Linker::find_image(const cache::Digest& image, const fs::path& place) const {
  auto* store = parts_.world.store();
  cache::OutputId id{image};
  if (store == nullptr || !store->verify(id)) return std::nullopt;
  if (store->allows_execution() && !parts_.in_place) return store->path_of(id);
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  fs::copy_file(store->path_of(id), place, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(place, fs::perms::owner_all, error);
  return error ? std::nullopt : std::optional(place);
}

Result<LinkOutcome> Linker::run(const LinkJob& job, const cache::ActionId& lookup) {
  trace::Span span(trace::Phase::kLink, job.table.package);
  auto codegen = parts_.toolchain.load();
  if (!codegen) return fail(codegen.error());
  auto table = job.output;
  table += ".table.o";
  if (auto written = write_table(job.table, table, false); !written) return fail(written.error());

  auto objects = views(job.objects), libraries = views(job.libraries), arguments = views(job.arguments);
  objects.push_back(str(table.native()));
  dyad_link what{};
  what.size = sizeof what;
  what.kind = job.executable ? DYAD_IMAGE_EXECUTABLE : DYAD_IMAGE_SHARED;
  what.objects = {objects.data(), objects.size()};
  what.libraries = {libraries.data(), libraries.size()};
  what.args = {arguments.data(), arguments.size()};
  what.output = str(job.output.native());

  struct Said {
    LinkOutcome outcome;
    std::vector<UnitInput> read;
    bool has_cut = false;
  } said;
  dyad_link_sink sink{};
  sink.size = sizeof sink;
  sink.user = &said;
  sink.undefined = [](void* user, dyad_str symbol, dyad_str demangled, dyad_str object) {
    static_cast<Said*>(user)->outcome.undefined.push_back({text(symbol), text(demangled), text(object)});
  };
  sink.duplicate = [](void* user, dyad_str, dyad_str demangled, dyad_str first, dyad_str second) {
    static_cast<Said*>(user)->outcome.duplicates.push_back({text(demangled), text(first), text(second)});
  };
  sink.diagnostics = [](void* user, dyad_str from) { static_cast<Said*>(user)->outcome.diagnostics = text(from); };
  sink.input = [](void* user, std::uint32_t kind, dyad_str path) {
    static_cast<Said*>(user)->read.push_back({kind, text(path), {}});
  };
  sink.cut = [](void* user, std::uint32_t count) { static_cast<Said*>(user)->has_cut = count != 0; };
  {
    Stopwatch stopwatch(parts_.statistics.link_ns);
    said.outcome.ok = (*codegen)->link(&what, &sink) == 0;
  }
  ++parts_.statistics.link_run;
  if (said.has_cut) ++parts_.statistics.link_cut;
  said.outcome.file = job.output;
  if (said.outcome.ok) keep(job, lookup, said.read, said.outcome);
  return std::move(said.outcome);
}

void Linker::keep(const LinkJob& job, const cache::ActionId& lookup, const std::vector<UnitInput>& read,
                  LinkOutcome& outcome) {
  trace::Span span(trace::Phase::kKeep, job.table.package);
  std::unordered_set<std::string> own{job.output.native() + ".table.o"};
  for (const auto* files : {&job.objects, &job.libraries})
    for (const auto& each : *files) own.insert(each.file.native());
  std::vector<UnitInput> others;
  for (auto input : read) {
    if (own.contains(input.path) || input.path.starts_with("/proc/")) continue;
    input.content = parts_.world.files().content_of(input.path);
    others.push_back(std::move(input));
  }
  outcome.facts = parts_.inputs.facts_of(others);
  outcome.facts.own.add(inputs::FactKind::kEnvironment, "LIBRARY_PATH",
                        inputs::environment_state(std::getenv("LIBRARY_PATH")));
  outcome.facts.own.normalise();
  inputs::FileStates::Ways ways;
  if (std::ranges::any_of(others, [&](const UnitInput& input) {
        return input.kind == DYAD_INPUT_FILE && parts_.world.files().changed_meanwhile(input.path, ways);
      }))
    outcome.facts.own.spoil();

  auto bytes = read_file(job.output);
  if (!bytes) return outcome.facts.own.spoil();
  outcome.image = cache::digest_of(*bytes);
  auto* store = parts_.world.store();
  if (store == nullptr || !store->put(*bytes)) {
    outcome.facts.own.spoil();
    return;
  }
  std::error_code error;  // a program must be executable where it lies: else later runs could not start it
  if (job.executable) fs::permissions(store->path_of(cache::OutputId{outcome.image}), fs::perms(0555), error);
  if (error) return outcome.facts.own.spoil();
  outcome.key = parts_.world.keep(lookup, outcome.facts, outcome.image.hex());
  if (!outcome.key) outcome.facts.own.spoil();
}

Result<void> Linker::write_table(const Table& table, const fs::path& place, bool bitcode) const {
  auto codegen = parts_.toolchain.load();
  if (!codegen) return fail(codegen.error());
  std::vector<dyad_table_row> rows;
  for (const auto& row : table.rows)
    rows.push_back({str(row.name), str(row.file), row.line, row.kind, str(row.symbol)});
  dyad_table what{};
  what.size = sizeof what;
  what.package = str(table.package);
  what.rows = rows.data();
  what.count = rows.size();
  what.own_main = str(table.own_main);
  what.output = bitcode ? DYAD_OUTPUT_BITCODE : DYAD_OUTPUT_OBJECT;
  struct Said {
    std::string bytes, diagnostics;
  } said;
  dyad_compile_sink sink{};
  sink.size = sizeof sink;
  sink.user = &said;
  sink.output = [](void* user, const void* bytes, std::size_t size) {
    static_cast<Said*>(user)->bytes.assign(static_cast<const char*>(bytes), size);
  };
  sink.diagnostics = [](void* user, dyad_str from) { static_cast<Said*>(user)->diagnostics = text(from); };
  if ((*codegen)->table(&what, &sink) != 0) return fail("test table: " + said.diagnostics);
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (error) return fail(fmt::format("{}: {}", place.parent_path().native(), error.message()));
  return write_file_atomically(place, said.bytes);
}

}  // namespace dyad::build
