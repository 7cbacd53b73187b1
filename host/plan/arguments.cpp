#include "host/plan/arguments.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "host/discover/source_name.hpp"
#include "host/plan/link_flags.hpp"

namespace dyad::plan {

namespace fs = std::filesystem;

namespace {

using Strings = std::vector<std::string>;

void append(Strings& to, Strings from) { std::ranges::move(from, std::back_inserter(to)); }

/// `directory` and its ancestors up to `root`, nearest first; `directory` alone if it is outside.
std::vector<fs::path> up_to_root(const fs::path& directory, const fs::path& root) {
  std::vector<fs::path> places{directory};
  fs::path relative = directory.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..") return places;
  while (places.back() != root) places.push_back(places.back().parent_path());
  return places;
}

/// Of whom a source is: the user's, whose lines stacks show, or a framework's, which as packaged has no debug
/// information, and would be half of a small image with it.
enum class Whose { kUser, kForeign };

/// What is decided by dyad, not by the user: objects that serve both backends, stacks that can be walked, symbols that
/// only the image sees. Flags that a language has no use for draw no warning.
Strings code_generation(Language language, Whose whose, const BuildOptions& options) {
  Strings arguments{options.release ? "-O2" : "-O0",
                    "-fPIC",
                    "-fno-omit-frame-pointer",
                    "-mno-omit-leaf-frame-pointer",
                    "-ffunction-sections",
                    "-fdata-sections",
                    "-Wno-unused-command-line-argument"};
  if (language == Language::kIr) return arguments;
  if (whose == Whose::kUser) arguments.insert(arguments.end(), {"-gdwarf-4", "-gline-tables-only"});
  arguments.emplace_back("-fvisibility=hidden");
  if (language == Language::kCxx) arguments.emplace_back("-fvisibility-inlines-hidden");
  return arguments;
}

}  // namespace

bool is_source(const fs::path& path) {
  return discover::language_of_name(path.filename().native()) != discover::Language::kNone;
}

Language language_of(const fs::path& path) {
  switch (discover::language_of_name(path.filename().native())) {
    case discover::Language::kC:
      return Language::kC;
    case discover::Language::kIr:
      return Language::kIr;
    default:
      return Language::kCxx;
  }
}

class Arguments::Impl {
 public:
  Impl(discover::Workspace workspace, BuildOptions options)
      : workspace_(std::move(workspace)), options_(std::move(options)) {}

  Result<Strings> compile(const fs::path& directory, Language language, Whose whose) {
    std::lock_guard lock(mutex_);
    auto [entry, is_new] = compile_.try_emplace({directory, language, whose});
    if (is_new) entry->second = compute_compile(directory, language, whose);
    return entry->second;
  }

  bool are_usual_for_foreign(const Strings& arguments) {
    return !options_.release && arguments == compute_compile({}, {}, Language::kCxx, Whose::kForeign);
  }

  Result<Strings> link(const fs::path& directory) {
    std::lock_guard lock(mutex_);
    auto [entry, is_new] = link_.try_emplace(directory);
    if (is_new) entry->second = compute_link(directory);
    return entry->second;
  }

 private:
  Result<Strings> compute_compile(const fs::path& directory, Language language, Whose whose) {
    return compute_compile(directory, workspace_.settings_for(directory), language, whose);
  }

  Result<Strings> compute_compile(const fs::path& directory, discover::Settings settings, Language language,
                                  Whose whose) {
    Strings arguments = code_generation(language, whose, options_);
    if (language == Language::kIr) return arguments;
    arguments.push_back("-std=" + (language == Language::kC ? settings.c_standard : settings.cxx_standard));
    for (const std::string& define : settings.defines) arguments.push_back("-D" + define);
    auto include = [&](const char* flag, const fs::path& place) {
      arguments.insert(arguments.end(), {flag, place.native()});
    };
    for (const fs::path& place : settings.include_roots) include("-I", place);
    if (whose == Whose::kUser) {
      include("-I", workspace_.root / "include");
      include("-I", workspace_.root / "src");
    }
    auto packages = ask_pkg_config(settings.pkg_config, PkgConfigQuery::kCompile);
    if (!packages) return packages;
    append(arguments, std::move(*packages));
    if (whose == Whose::kUser) {
      auto places = up_to_root(directory, workspace_.root);
      for (const fs::path& place : places) include("-iquote", place);
      // Late: else libraries' headers are looked for here first, and that they are not here is a fact of each source.
      include("-idirafter", options_.include_dir);
      for (const fs::path& place : places) include("-idirafter", place);
    }
    append(arguments, std::move(settings.flags));
    if (whose == Whose::kForeign) arguments.emplace_back("-w");
    return arguments;
  }

  Result<Strings> compute_link(const fs::path& directory) {
    auto settings = workspace_.settings_for(directory);
    Strings flags = std::move(settings.link_flags);
    auto packages = ask_pkg_config(settings.pkg_config, PkgConfigQuery::kLink);
    if (!packages) return packages;
    append(flags, std::move(*packages));
    Strings arguments = sanitizer_flags(settings.flags);
    append(arguments, for_linker(flags));
    return arguments;
  }

  Result<Strings> ask_pkg_config(const Strings& packages, PkgConfigQuery query) {
    Strings flags;
    for (const std::string& package : packages) {
      auto [entry, is_new] = pkg_config_.try_emplace({package, query});
      if (is_new) entry->second = options_.pkg_config(package, query);
      if (!entry->second) return entry->second;
      append(flags, *entry->second);
    }
    return flags;
  }

  const discover::Workspace workspace_;
  const BuildOptions options_;
  // One lock for all, also while pkg-config runs: whoever waits is about to ask it the same.
  std::mutex mutex_;
  std::map<std::tuple<fs::path, Language, Whose>, Result<Strings>> compile_;
  std::map<fs::path, Result<Strings>> link_;
  std::map<std::pair<std::string, PkgConfigQuery>, Result<Strings>> pkg_config_;
};

Arguments::Arguments(const discover::Workspace& workspace, BuildOptions options)
    : impl_(std::make_unique<Impl>(workspace, std::move(options))) {}

Arguments::~Arguments() = default;

Result<Strings> Arguments::compile(const fs::path& source) const {
  return impl_->compile(source.parent_path(), language_of(source), Whose::kUser);
}

Result<Strings> Arguments::compile_foreign(const fs::path& user) const {
  return impl_->compile(user.parent_path(), Language::kCxx, Whose::kForeign);
}

bool Arguments::are_usual_for_foreign(const Strings& arguments) const {
  return impl_->are_usual_for_foreign(arguments);
}

Result<Strings> Arguments::link(const fs::path& directory) const { return impl_->link(directory); }

}  // namespace dyad::plan
