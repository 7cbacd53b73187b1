#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "host/base/text.hpp"
#include "host/commands.hpp"
#include "host/discover/source_name.hpp"
#include "host/discover/workspace.hpp"
#include "host/heap.hpp"
#include "host/resident.hpp"
#include "host/run/wait_readable.hpp"
#include "host/watch/tree_watch.hpp"

namespace dyad {

namespace fs = std::filesystem;

namespace {

using Paths = std::set<fs::path>;

/// So long nothing must have changed before a run begins: editors and generators write several files at once, and what
/// comes later ends the run and begins another.
constexpr std::chrono::milliseconds kQuiet{2};
/// ... but not longer than this.
constexpr std::chrono::milliseconds kLongestBurst{1000};
/// A run uses the memory of the one before, which it would take anew page by page; not when nobody edits for so long.
constexpr std::chrono::seconds kIdle{10};

/// Does a run that is under way not count any more when this changes? Not data: the run's own tests may have written
/// it.
bool is_source(const fs::path& path) {
  const std::string name = path.filename().native();
  const std::string suffix = path.extension().native();
  return name == "dyad.toml" || discover::language_of_name(name) != discover::Language::kNone ||
         suffix.starts_with(".h") || suffix == ".inc" || suffix == ".inl" || suffix == ".ipp" || suffix == ".tcc";
}

/// Collects what changes while a run is under way, on a thread of its own, and stops the run when it is out of date.
class RunGuard {
 public:
  explicit RunGuard(watch::TreeWatch& tree) : tree_(tree), thread_([this](std::stop_token stop) { collect(stop); }) {}

  ~RunGuard() { done_.wake(); }

  std::stop_token out_of_date() const { return out_of_date_.get_token(); }

  /// The run is over: what has changed meanwhile.
  Paths finish() {
    thread_.request_stop();
    done_.wake();
    thread_.join();
    changed_.merge(tree_.take());
    return std::move(changed_);
  }

 private:
  void collect(std::stop_token stop) {
    while (!stop.stop_requested()) {
      run::wait_readable({tree_.fd(), done_.fd()});
      for (auto& path : tree_.take()) {
        if (is_source(path)) out_of_date_.request_stop();
        changed_.insert(path);
      }
    }
  }

  watch::TreeWatch& tree_;
  run::WakeUp done_;
  std::stop_source out_of_date_;
  Paths changed_;
  std::jthread thread_;
};

/// "parse/lexer.h", "parse/lexer.h and 3 others"
std::string names_of(const Paths& changed, const fs::path& root) {
  auto first = changed.begin()->lexically_relative(root).native();
  auto text = printable(first.empty() || first == "." ? std::string("something") : first);
  if (changed.size() == 2) text += " and 1 other";
  if (changed.size() > 2) text += fmt::format(" and {} others", changed.size() - 1);
  return text;
}

void say(const std::string& text) {
  fmt::print("[{:%H:%M:%S}] {}\n", fmt::localtime(std::time(nullptr)), text);
  std::fflush(stdout);
}

/// Waits for a change and until a burst of changes is over. Empty: the user wants to stop.
Paths wait_for_change(watch::TreeWatch& tree, const run::InterruptWatch& interrupts, Paths changed) {
  while (changed.empty() && interrupts.signal() == 0) {
    if (!run::wait_readable({tree.fd(), interrupts.fd()}, kIdle)) {
      return_free_memory();
      run::wait_readable({tree.fd(), interrupts.fd()});
    }
    changed = tree.take();
  }
  const auto deadline = std::chrono::steady_clock::now() + kLongestBurst;
  while (interrupts.signal() == 0 && run::wait_readable({tree.fd(), interrupts.fd()}, kQuiet) &&
         std::chrono::steady_clock::now() < deadline)
    changed.merge(tree.take());
  return interrupts.signal() == 0 ? changed : Paths{};
}

}  // namespace

Result<int> watch_packages(const cli::WatchOptions& options) {
  auto workspace = discover::find_workspace(fs::current_path());
  if (!workspace) return fail(workspace.error());
  const fs::path root = workspace->root;
  auto tree = watch::TreeWatch::create(root);
  if (!tree) return fail(tree.error());
  // A pattern that names nothing is a mistake of the command line; later it may be a directory that comes again.
  if (auto packages = discover::find_packages(*workspace, fs::current_path(), options.test.patterns); !packages)
    return fail(packages.error());

  Resident resident;
  resident.notes_writes = true;
  for (;;) {
    RunGuard guard(*tree);
    resident.out_of_date = guard.out_of_date();
    auto code = run_tests(options.test, resident);
    Paths changed = guard.finish();
    if (int signal = resident.interrupts.signal(); signal != 0) return 128 + signal;
    if (!code) say(code.error().text);
    if (!resident.out_of_date.stop_requested())
      for (const auto& path : resident.written) changed.erase(path);
    say(resident.out_of_date.stop_requested() ? "out of date, again" : "watching " + printable(root.native()));
    changed = wait_for_change(*tree, resident.interrupts, std::move(changed));
    if (int signal = resident.interrupts.signal(); signal != 0) return 128 + signal;
    say(names_of(changed, root) + " changed");
    if (!tree->problem().empty()) fmt::print(stderr, "dyad: warning: {}\n", tree->problem());
  }
}

}  // namespace dyad
