#include "host/build/preludes.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "host/base/file.hpp"
#include "host/build/codegen_strings.hpp"
#include "host/build/include_scan.hpp"
#include "host/build/prelude_choice.hpp"
#include "host/plan/arguments.hpp"

namespace dyad::build {

namespace fs = std::filesystem;

/// Sources with the same flags: they share a prelude.
struct PreludeGroup {
  enum class State : std::uint8_t { kUnknown, kNone, kMaking, kModule, kDone };
  std::vector<std::string> arguments;
  std::vector<std::string> headers;  ///< to be made with
  std::mutex mutex;
  State state = State::kUnknown;
  std::shared_ptr<Prelude> prelude;
  std::set<std::string> asked_for;  ///< headers that the cached one was made for
  std::vector<Preludes::Then> waiting;
  std::vector<std::function<void(bool)>> waiting_for_object;
  bool links_foreseen = false;
};

namespace {

bool can_use(const CompileJob& job) {
  return job.with_prelude && job.output == CompileJob::Output::kObject &&
         plan::language_of(job.source) == plan::Language::kCxx;
}

/// The cached form, in lines: ids of module, notes and object, then the headers.
std::string serialize(const cache::Digest& module, const cache::Digest& notes, const cache::Digest& object,
                      const std::vector<std::string>& headers) {
  std::string text = module.hex() + "\n" + notes.hex() + "\n" + object.hex() + "\n";
  for (const auto& header : headers) text += header + "\n";
  return text;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Preludes::Preludes(Parts parts) : parts_(std::move(parts)) {}

Preludes::~Preludes() { wait(); }

void Preludes::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return working_ == 0; });
}

Preludes::Group& Preludes::group_of(const CompileJob& job) {
  auto arguments = prelude_arguments(job.arguments, parts_.workspace, parts_.own_include);
  std::lock_guard lock(mutex_);
  auto& group = groups_[arguments];
  if (!group) {
    group = std::make_unique<Group>();
    group->arguments = std::move(arguments);
  }
  return *group;
}

cache::ActionId Preludes::lookup_action(const Group& group) const {
  cache::Hasher hasher("prelude 1");
  hasher.add(parts_.toolchain.identity()).add(group.arguments.size());
  for (const auto& argument : group.arguments) hasher.add(argument);
  return {hasher.finish()};
}

void Preludes::find(Group& group) {
  group.state = Group::State::kNone;
  auto found = parts_.world.find(lookup_action(group));
  if (!found) return;
  auto lines = lines_of(found->bytes);
  if (lines.size() < 3) return;
  auto prelude = std::make_shared<Prelude>();
  std::array<fs::path*, 3> places{&prelude->module, &prelude->notes, &prelude->object};
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto id = cache::Digest::from_hex(lines[i]);
    auto* store = parts_.world.store();
    if (!id || !store->verify(cache::OutputId{*id})) return;
    *places[i] = store->path_of(cache::OutputId{*id});
    prelude->object_id = *id;
  }
  prelude->facts = std::move(found->facts);
  group.asked_for.insert(lines.begin() + 3, lines.end());
  prelude->group = &group;
  group.prelude = std::move(prelude);
  group.prelude->has_object = true;
  group.state = Group::State::kDone;
  ++parts_.statistics.prelude_cached;
}

void Preludes::plan(const std::vector<CompileJob>& jobs, IncludeScan& scan) {
  std::map<Group*, std::vector<const CompileJob*>> by_group;
  for (const auto& job : jobs)
    if (can_use(job)) by_group[&group_of(job)].push_back(&job);
  auto includes_of = [&](const CompileJob& job) {
    return scan.outside_of(job.source, workspace_roots(include_roots(job.arguments), parts_.workspace));
  };
  for (auto& [group, members] : by_group) {
    std::lock_guard lock(group->mutex);
    if (group->state == Group::State::kUnknown) find(*group);
    if (group->state != Group::State::kNone && group->state != Group::State::kDone) continue;
    std::vector<std::set<std::string>> sources;
    for (const auto* job : members) sources.push_back(includes_of(*job));
    if (choose_headers(sources, group->asked_for).empty()) continue;
    // Worth it if all of them were compiled. Which are?
    std::vector<std::set<std::string>> missing;
    for (std::size_t i = 0; i < members.size(); ++i)
      if (!parts_.is_cached(*members[i])) missing.push_back(std::move(sources[i]));
    auto headers = choose_headers(missing, group->asked_for);
    if (headers.empty()) continue;
    start_making(*group, std::move(headers));
  }
}

void Preludes::begin(const CompileJob& job, const std::vector<std::string>& headers) {
  Group& group = group_of(job);
  std::lock_guard lock(group.mutex);
  if (group.state == Group::State::kUnknown) find(group);
  if (group.state == Group::State::kNone) start_making(group, headers);
}

void Preludes::start_making(Group& group, std::vector<std::string> headers) {
  group.headers = std::move(headers);
  group.state = Group::State::kMaking;
  enqueue([this, made = &group] { make(*made); });
}

void Preludes::enqueue(std::function<void()> work) {
  {
    std::lock_guard count(mutex_);
    ++working_;
  }
  parts_.enqueue([this, work = std::move(work)] {
    work();
    std::lock_guard count(mutex_);
    --working_;
    idle_.notify_all();
  });
}

void Preludes::foresee_links(Group& group) {
  if (!group.prelude || !group.prelude->has_object || std::exchange(group.links_foreseen, true)) return;
  enqueue([this, prelude = group.prelude] {
    if (auto codegen = parts_.toolchain.load()) (*codegen)->foresee_links(str(prelude->object.native()));
  });
}

void Preludes::get(const CompileJob& job, Then then) {
  if (!can_use(job)) return then(nullptr);
  Group& group = group_of(job);
  std::shared_ptr<const Prelude> prelude;
  {
    std::lock_guard lock(group.mutex);
    if (group.state == Group::State::kUnknown) find(group);
    if (group.state == Group::State::kMaking) {
      group.waiting.push_back(std::move(then));
      return;
    }
    foresee_links(group);
    prelude = group.prelude;
  }
  then(std::move(prelude));
}

void Preludes::await_object(const std::shared_ptr<const Prelude>& prelude, std::function<void(bool)> then) {
  {
    std::lock_guard lock(prelude->group->mutex);
    if (!prelude->has_object && prelude->group->state == Group::State::kModule) {
      prelude->group->waiting_for_object.push_back(std::move(then));
      return;
    }
  }
  then(prelude->has_object);
}

void Preludes::settle(Group& group, std::shared_ptr<Prelude> prelude) {
  std::vector<Then> waiting;
  {
    std::lock_guard lock(group.mutex);
    if (prelude) {
      group.state = Group::State::kModule;
      group.prelude = std::move(prelude);
    } else {  // back to an earlier one, if there was one
      group.state = group.prelude ? Group::State::kDone : Group::State::kNone;
    }
    prelude = group.prelude;
    waiting.swap(group.waiting);
  }
  for (auto& each : waiting)
    parts_.enqueue([then = std::move(each), prelude] { then(prelude); });
}

void Preludes::settle_object(Group& group, Prelude& prelude, bool has_object) {
  std::vector<std::function<void(bool)>> waiting;
  {
    std::lock_guard lock(group.mutex);
    prelude.has_object = has_object;
    group.state = has_object ? Group::State::kDone : Group::State::kNone;
    if (!has_object) group.prelude = nullptr;
    waiting.swap(group.waiting_for_object);
  }
  for (auto& each : waiting)
    parts_.enqueue([then = std::move(each), has_object] { then(has_object); });
}

std::optional<cache::Digest> Preludes::keep(std::string_view bytes, fs::path& place) {
  if (auto* store = parts_.world.store()) {
    if (auto id = store->put(bytes)) {
      place = store->path_of(*id);
      return id->digest;
    }
  }
  {
    std::lock_guard lock(mutex_);
    place = parts_.scratch / fmt::format("prelude{}", scratch_count_++);
  }
  if (!write_file_atomically(place, bytes)) return std::nullopt;
  return cache::digest_of(bytes);
}

void Preludes::make(Group& group) {
  Stopwatch stopwatch(parts_.statistics.prelude_ns);
  auto codegen = parts_.toolchain.load();
  struct Made {
    Preludes& preludes;
    Group& group;
    std::vector<UnitInput> inputs;
    std::shared_ptr<Prelude> prelude;
    cache::Digest module, notes;
    bool has_object = false;
  } made{*this, group, {}, nullptr, {}, {}};
  if (codegen) {
    auto headers = views(group.headers), arguments = views(group.arguments);
    dyad_prelude what{};
    what.size = sizeof what;
    what.headers = {headers.data(), headers.size()};
    what.args = {arguments.data(), arguments.size()};
    dyad_prelude_sink sink{};
    sink.size = sizeof sink;
    sink.user = &made;
    sink.input = [](void* user, std::uint32_t kind, dyad_str path, const void* bytes, std::size_t size) {
      cache::Digest content;
      if (kind == DYAD_INPUT_FILE) content = cache::digest_of({static_cast<const char*>(bytes), size});
      static_cast<Made*>(user)->inputs.push_back({kind, std::string(view(path)), content});
    };
    sink.module = [](void* user, const void* bytes, std::size_t size, dyad_str notes) {
      auto& to = *static_cast<Made*>(user);
      auto prelude = std::make_shared<Prelude>();
      auto module_id = to.preludes.keep({static_cast<const char*>(bytes), size}, prelude->module);
      auto notes_id = to.preludes.keep(view(notes), prelude->notes);
      if (!module_id || !notes_id) return;
      to.module = *module_id, to.notes = *notes_id;
      prelude->facts = to.preludes.parts_.inputs.facts_of(to.inputs);
      prelude->group = &to.group;
      to.prelude = prelude;
      to.preludes.settle(to.group, std::move(prelude));
    };
    sink.object = [](void* user, const void* bytes, std::size_t size) {
      auto& to = *static_cast<Made*>(user);
      if (!to.prelude) return;
      auto id = to.preludes.keep({static_cast<const char*>(bytes), size}, to.prelude->object);
      if (!id) return;
      to.prelude->object_id = *id;
      to.has_object = true;
    };
    (*codegen)->make_prelude(&what, &sink);
  }
  ++(made.has_object ? parts_.statistics.prelude_made : parts_.statistics.prelude_failed);
  if (!made.prelude) return settle(group, nullptr);
  if (made.has_object)
    parts_.world.keep(lookup_action(group), made.prelude->facts,
                      serialize(made.module, made.notes, made.prelude->object_id, group.headers));
  settle_object(group, *made.prelude, made.has_object);
}

}  // namespace dyad::build
