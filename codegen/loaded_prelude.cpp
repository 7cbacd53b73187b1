#include "codegen/loaded_prelude.hpp"

#include <map>
#include <utility>

namespace dyad::codegen {

LoadedPrelude::LoadedPrelude(std::unique_ptr<llvm::MemoryBuffer> module, PreludeNotes notes)
    : module_(std::move(module)), notes_(std::move(notes)) {
  for (const std::string& each : notes_.headers) headers_.try_emplace(each);
}

std::shared_ptr<const LoadedPrelude> LoadedPrelude::load(const std::string& module_file,
                                                         const std::string& notes_file) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const LoadedPrelude>> loaded;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const LoadedPrelude>& place = loaded[module_file];
  if (place) return place;
  auto module = llvm::MemoryBuffer::getFile(module_file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  auto text = llvm::MemoryBuffer::getFile(notes_file);
  if (!module || !text) return nullptr;
  auto notes = PreludeNotes::deserialize((*text)->getBuffer());
  if (!notes) return nullptr;
  place = std::make_shared<const LoadedPrelude>(std::move(*module), *std::move(notes));
  return place;
}

const llvm::MemoryBuffer* LoadedPrelude::header(llvm::StringRef path) const {
  const std::lock_guard lock(mutex_);
  const auto known = headers_.find(path);
  if (known == headers_.end()) return nullptr;
  if (!known->second)
    if (auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/true,
                                                  /*IsVolatile=*/true))
      known->second = std::move(*buffer);
  return known->second.get();
}

}  // namespace dyad::codegen
