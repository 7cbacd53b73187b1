#include "host/results/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "host/base/text.hpp"
#include "host/build/given_facts.hpp"

namespace dyad::results {

namespace fs = std::filesystem;
using inputs::Fact;
using inputs::FactKind;
using inputs::FileStates;

namespace {

std::set<std::string> lines_of(std::string_view text) {
  std::set<std::string> lines;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    if (!line.empty()) lines.emplace(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

/// The flags of a list that has one argument in a line; those that take the next argument are one with it: "-I
/// include".
std::set<std::string> flags_of(std::string_view text, const fs::path& root) {
  constexpr std::array kTakeNext{"-I",       "-D",      "-U",         "-L",       "-l",
                                 "-isystem", "-iquote", "-idirafter", "-include", "-imacros"};
  std::set<std::string> flags;
  std::string option;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (option.empty() && std::ranges::find(kTakeNext, line) != kTakeNext.end()) {
      option = line;
      continue;
    }
    auto below = line.starts_with(root.native() + "/") ? line.substr(root.native().size() + 1) : line;
    if (!option.empty())
      flags.insert(option + " " + std::string(below));
    else if (!line.empty())
      flags.emplace(line);
    option.clear();
  }
  if (!option.empty()) flags.insert(option);
  return flags;
}

class Words {
 public:
  Words(const std::vector<Fact>& before, const fs::path& root) : before_(before), root_(root) {}

  void add(const Fact& was, const Fact& now) {
    switch (was.kind) {
      case FactKind::kFile:
      case FactKind::kMetadata:
        return add_file(was, now);
      case FactKind::kListing:
        return say("the entries of directory {} changed", show(was.name));
      case FactKind::kLink:
        return say("link {} points elsewhere", show(was.name));
      case FactKind::kOutput:
        return say("what stands at {}, which the tests write, is of another kind", show(was.name));
      case FactKind::kEnvironment:
        return add_variable(was, now);
      case FactKind::kGiven:
        return add_given(was, now);
    }
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  template <class... Values>
  void say(fmt::format_string<Values...> format, Values&&... values) {
    auto line = fmt::format(format, std::forward<Values>(values)...);
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
  }

  std::string show(const std::string& path) const {
    auto relative = fs::path(path).lexically_relative(root_);
    return printable(relative.empty() || relative.native().starts_with("..") ? path : relative.native());
  }

  static const char* noun(const std::string& path) {
    auto extension = fs::path(path).extension().native();
    for (const char* header : {".h", ".hh", ".hpp", ".hxx", ".inc", ".ipp"})
      if (extension == header) return "header";
    for (const char* source : {".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".ll", ".bc"})
      if (extension == source) return "source";
    return "file";
  }

  void add_file(const Fact& was, const Fact& now) {
    if (was.state == FileStates::missing()) {
      if (now.state == FileStates::directory()) return say("new directory {}", show(was.name));
      if (auto other = shadowed_by(was.name); !other.empty())
        return say("new file {} shadows {}", show(was.name), show(other));
      return say("new file {}", show(was.name));
    }
    if (now.state == FileStates::missing()) return say("{} {} is gone", noun(was.name), show(was.name));
    say("{} {} changed", noun(was.name), show(was.name));
  }

  /// A file of the same name that was read because this one was not there.
  std::string shadowed_by(const std::string& path) const {
    auto name = fs::path(path).filename();
    for (const auto& fact : before_)
      if (fact.kind == FactKind::kFile && fact.name != path && fact.state != FileStates::missing() &&
          fact.state != FileStates::directory() && fs::path(fact.name).filename() == name)
        return fact.name;
    return {};
  }

  void add_variable(const Fact& was, const Fact& now) {
    if (was.name.empty()) return say("the environment changed, of which its code can read all");
    auto unset = inputs::environment_state(nullptr);
    const char* how = was.state == unset ? "is set now" : now.state == unset ? "is unset now" : "changed";
    say("environment variable {} {}", was.name, how);
  }

  void add_given(const Fact& was, const Fact& now) {
    if (was.name == build::GivenFacts::tools()) return say("dyad or its compiler changed");
    bool sources = was.name.starts_with("sources of");
    auto directory = was.name.starts_with(build::GivenFacts::sources_of("/"))
                         ? fs::path(was.name.substr(build::GivenFacts::sources_of("").size()))
                         : fs::path();
    if (sources) return add_sources(lines_of(was.text), lines_of(now.text), directory);
    if (was.name == build::GivenFacts::process()) {
      auto before = lines_of(was.text);
      for (const auto& line : lines_of(now.text))
        if (!before.contains(line)) say("dyad runs with another {}", line);
      return;
    }
    auto before = flags_of(was.text, root_), after = flags_of(now.text, root_);
    for (const auto& line : after)
      if (!before.contains(line)) say("flag {} added", line);
    for (const auto& line : before)
      if (!after.contains(line)) say("flag {} removed", line);
    if (before == after) say("{}: their order changed", was.name);
  }

  /// Lines as GivenFacts makes them: "test a_test.c", "library a.c".
  void add_sources(const std::set<std::string>& before, const std::set<std::string>& after, const fs::path& directory) {
    auto place_of = [&](std::string_view line) { return show((directory / line.substr(line.find(' ') + 1)).native()); };
    auto other = [](const std::string& line) {
      return line.starts_with("test ") ? "library" + line.substr(4) : "test" + line.substr(line.find(' '));
    };
    for (const auto& line : after) {
      if (before.contains(line) || line.ends_with(':')) continue;
      if (before.contains(other(line)))
        say("{} is a {} source now", place_of(line), line.substr(0, line.find(' ')));
      else
        say("new source {}", place_of(line));
    }
    for (const auto& line : before)
      if (!line.ends_with(':') && !after.contains(line) && !after.contains(other(line)))
        say("source {} is gone", place_of(line));
  }

  const std::vector<Fact>& before_;
  const fs::path& root_;
  std::vector<std::string> lines_;
};

/// The facts of the latest version of `record`, the shared ones too.
std::vector<Fact> all_facts(const inputs::Record& record, const inputs::World& world) {
  std::vector<Fact> facts;
  if (record.versions.empty()) return facts;
  const auto& version = record.versions.front();
  facts = version.own.all();
  for (const auto& id : version.shared)
    if (auto shared = world.shared(id)) facts.insert(facts.end(), shared->all().begin(), shared->all().end());
  return facts;
}

}  // namespace

std::vector<std::string> differences(const std::vector<Fact>& before, const inputs::World& world,
                                     const fs::path& root) {
  Words words(before, root);
  for (const auto& was : before)
    if (auto now = world.present(was); now.state != was.state) words.add(was, now);
  return words.take();
}

Explanation explain(const discover::Package& package, build::ImageKind kind, const build::Builder& builder,
                    const KnownResults& results, const inputs::World& world, const fs::path& root) {
  auto built = builder.find(package, kind);
  if (!built) {
    auto record = world.record_of(builder.lookup_action(package, kind));
    if (record && !record->not_stored.empty()) return {false, {"its last build was not kept: " + record->not_stored}};
    if (!record || record->versions.empty())
      return {
          false,
          {fmt::format("nothing is known of a build with these flags{}", builder.is_release() ? ": --release" : "")}};
    auto reasons = differences(all_facts(*record, world), world, root);
    if (reasons.empty()) reasons.emplace_back("the cache has lost what was kept of its build");
    return {false, std::move(reasons)};
  }
  if (built->images.empty()) return {true, {}};
  run::PackageResult result;
  if (results.find(package, *built, result)) return {true, {}};
  auto record = world.record_of(*results.lookup_action(package, *built));
  if (!record) return {false, {"no result of these images is known"}};
  if (!record->not_stored.empty()) return {false, {"its last result was not kept: " + record->not_stored}};
  auto reasons = differences(all_facts(*record, world), world, root);
  if (reasons.empty()) reasons.emplace_back("the cache has lost its result");
  return {false, std::move(reasons)};
}

}  // namespace dyad::results
