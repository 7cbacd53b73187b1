#include "host/build/library.hpp"

#include <algorithm>
#include <deque>
#include <unordered_set>

namespace dyad::build {

namespace fs = std::filesystem;

namespace {

/// A unit that says why there is none: its arguments could not be made (pkg-config failed).
UnitFuture failed_unit(const fs::path& source, const Error& error) {
  auto unit = std::make_shared<Unit>();
  unit->source = source;
  unit->diagnostics = source.native() + ": " + error.text + "\n";
  std::promise<std::shared_ptr<const Unit>> promise;
  promise.set_value(std::move(unit));
  return promise.get_future().share();
}

}  // namespace

Library::Library(const discover::Workspace& workspace, const plan::Arguments& arguments, Compiler& compiler)
    : workspace_(workspace), arguments_(arguments), compiler_(compiler) {}

void Library::plan(const std::vector<fs::path>& sources, IncludeScan& scan) {
  std::vector<CompileJob> jobs;
  for (const auto& source : sources)
    if (auto arguments = arguments_.compile(source))
      jobs.push_back({source, source.parent_path(), *std::move(arguments), CompileJob::Output::kObject});
  compiler_.plan(jobs, scan);
}

UnitFuture Library::request(const fs::path& source, CompileJob::Output output) {
  auto arguments = arguments_.compile(source);
  if (!arguments) return failed_unit(source, arguments.error());
  return compiler_.request({source, source.parent_path(), *std::move(arguments), output},
                           [this](const Unit& unit) { follow(unit); });
}

std::vector<UnitFuture> Library::request_directory(const fs::path& directory) {
  {
    std::lock_guard lock(mutex_);
    if (auto known = directories_.find(directory); known != directories_.end()) return known->second;
  }
  std::vector<UnitFuture> futures;
  for (const auto& source : discover::read_package(workspace_, directory).library) futures.push_back(request(source));
  std::lock_guard lock(mutex_);
  return directories_.emplace(directory, std::move(futures)).first->second;
}

void Library::follow(const Unit& unit) {
  for (const auto& directory : unit.directories) request_directory(directory);
}

Closure Library::closure_of(const fs::path& directory, const std::vector<std::shared_ptr<const Unit>>& units) {
  Closure closure;
  std::unordered_set<std::string> seen;
  std::deque<fs::path> pending{directory};
  auto add_directories = [&](const Unit& unit) { std::ranges::copy(unit.directories, std::back_inserter(pending)); };
  for (const auto& unit : units) add_directories(*unit);
  for (; !pending.empty(); pending.pop_front()) {
    fs::path next = pending.front();
    if (!seen.insert(next.native()).second) continue;
    closure.directories.push_back(next);
    for (const auto& future : request_directory(next)) {
      auto unit = future.get();
      (unit->ok() ? closure.units : closure.broken).push_back(unit);
      if (unit->ok()) add_directories(*unit);
    }
  }
  return closure;
}

void Library::make_index() {
  has_index_ = true;
  auto packages = discover::find_packages(workspace_, workspace_.root, {"./..."});
  if (!packages) return;  // what cannot be walked offers no symbols; the link then names what is missing
  std::vector<UnitFuture> futures;
  for (const auto& package : *packages)
    std::ranges::move(request_directory(package.directory), std::back_inserter(futures));
  for (const auto& future : futures) {
    auto unit = future.get();
    all_.push_back(unit);
    if (!unit->ok()) broken_.push_back(unit);
    for (const auto* symbols : {&unit->strong, &unit->weak})
      for (const auto& symbol : *symbols) index_[symbol].push_back(unit);
  }
}

std::vector<std::shared_ptr<const Unit>> Library::find_by_symbol(
    const std::vector<std::string>& wanted, const std::vector<std::shared_ptr<const Unit>>& present) {
  if (!has_index_) make_index();
  std::unordered_set<const Unit*> taken;
  std::unordered_set<std::string> defined;
  auto take = [&](const Unit& unit) {
    for (const auto* symbols : {&unit.strong, &unit.weak}) defined.insert(symbols->begin(), symbols->end());
    return taken.insert(&unit).second;
  };
  for (const auto& unit : present) take(*unit);
  std::vector<std::shared_ptr<const Unit>> found;
  std::deque<std::string> pending(wanted.begin(), wanted.end());
  for (; !pending.empty(); pending.pop_front()) {
    if (defined.contains(pending.front())) continue;
    auto offers = index_.find(pending.front());
    if (offers == index_.end()) continue;
    const auto& unit = offers->second.front();
    if (!take(*unit)) continue;
    found.push_back(unit);
    pending.insert(pending.end(), unit->undefined.begin(), unit->undefined.end());
  }
  return found;
}

}  // namespace dyad::build
