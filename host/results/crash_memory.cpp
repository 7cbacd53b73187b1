#include "host/results/crash_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "host/base/file.hpp"
#include "host/inputs/byte_stream.hpp"

namespace dyad::results {
namespace {

using run::PackageResult;

// Then: count u32, of each package passes u8 and path, and a digest of everything before.
constexpr std::string_view kMagic = "dyad-crashes 1\n";

}  // namespace

bool has_crashed(const PackageResult& result) {
  if (std::ranges::any_of(result.tests, [](const auto& test) { return test.verdict == run::Verdict::kCrash; }))
    return true;
  return result.ended_by_signal && (result.failed_outside || result.kind == PackageResult::Kind::kLoadFailed);
}

CrashMemory CrashMemory::load(const std::filesystem::path& file) {
  CrashMemory memory;
  memory.file_ = file;
  auto bytes = read_file(file);
  if (!bytes) return memory;
  inputs::ByteReader reader(*bytes);
  if (reader.raw(kMagic.size()) != kMagic) return memory;
  std::map<PackageId, unsigned> passes;
  for (auto count = reader.count(5); count > 0; --count) {
    const unsigned passed = reader.u8();
    passes.emplace(std::string(reader.text()), std::min(passed, kPassesWanted - 1));
  }
  const auto size = bytes->size() - std::min<std::size_t>(bytes->size(), sizeof(std::uint64_t) * 2);
  const bool intact = reader.digest() == cache::digest_of(std::string_view(*bytes).substr(0, size));
  if (reader.ok() && reader.at_end() && intact) memory.passes_ = std::move(passes);
  return memory;
}

void CrashMemory::save() {
  if (!changed_) return;
  inputs::ByteWriter writer;
  writer.raw(kMagic);
  writer.u32(static_cast<std::uint32_t>(passes_.size()));
  for (const auto& [package, passes] : passes_) {
    writer.u8(static_cast<std::uint8_t>(passes));
    writer.text(package.path);
  }
  writer.digest(cache::digest_of(writer.bytes()));
  std::error_code ignored;
  std::filesystem::create_directories(file_.parent_path(), ignored);
  if (write_file_atomically(file_, writer.bytes(), 0600)) changed_ = false;
}

std::optional<unsigned> CrashMemory::passes_of(const PackageId& package) const {
  auto known = passes_.find(package);
  if (known == passes_.end()) return std::nullopt;
  return known->second;
}

std::string CrashMemory::notice_of(const PackageId& package) const {
  const auto passes = passes_of(package);
  if (!passes) return {};
  return fmt::format("runs on exe since it crashed on dll; passed there {} of {} times", *passes, kPassesWanted);
}

std::string CrashMemory::add(const PackageResult& result, build::ImageKind kind) {
  using Kind = PackageResult::Kind;
  if (result.cached || (result.kind != Kind::kRan && result.kind != Kind::kLoadFailed)) return {};
  auto known = passes_.find(result.id);
  if (has_crashed(result)) {
    if (known != passes_.end() && known->second == 0) return {};
    const bool is_news = known == passes_.end();
    passes_[result.id] = 0;
    changed_ = true;
    return is_news && kind == build::ImageKind::kShared ? "crashed on dll: runs on exe the next time" : "";
  }
  const bool passed =
      result.kind == Kind::kRan && !result.failed_outside && result.reason.empty() &&
      std::ranges::none_of(result.tests, run::is_failure, &run::TestResult::verdict) &&
      std::ranges::any_of(result.tests, [](const auto& test) { return test.verdict == run::Verdict::kPass; });
  if (known == passes_.end() || !passed || kind != build::ImageKind::kExecutable) return {};
  changed_ = true;
  if (++known->second < kPassesWanted) return {};
  passes_.erase(known);
  return fmt::format("passed on exe {} times: runs on dll the next time", kPassesWanted);
}

}  // namespace dyad::results
