#include "codegen/recording_file_system.hpp"

#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>

#include "codegen/codegen.h"

namespace dyad::codegen {

const char RecordingFileSystem::ID = 0;

namespace {

bool is_missing(std::error_code error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory ||
         error == std::errc::filename_too_long || error == std::errc::too_many_symbolic_link_levels ||
         error == std::errc::permission_denied;  // for a directory on the way, which may be opened
}

}  // namespace

/// An open file that leaves its bytes with the recorder. The recorder owns them, so that they outlive the compiler.
class RecordingFile : public llvm::vfs::File {
 public:
  /// `spelling` is the path as the compiler asked for it: what __FILE__ and diagnostics show.
  RecordingFile(RecordingFileSystem& recorder, std::string path, std::string spelling,
                std::unique_ptr<llvm::vfs::File> file)
      : recorder_(recorder), path_(std::move(path)), spelling_(std::move(spelling)), file_(std::move(file)) {}

  llvm::ErrorOr<llvm::vfs::Status> status() override {
    auto status = file_->status();
    recorder_.record_status(path_, status);
    if (!status) return status;
    return llvm::vfs::Status::copyWithNewName(*status, spelling_);
  }

  llvm::ErrorOr<std::string> getName() override { return spelling_; }

  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> getBuffer(const llvm::Twine& name, int64_t size,
                                                               bool /*requires_null_terminator*/,
                                                               bool /*is_volatile*/) override {
    Input& input = recorder_.record(path_, DYAD_INPUT_FILE);
    if (!input.content() && recorder_.shared_) input.shared = recorder_.shared_(path_);
    if (!input.content()) {
      // Volatile: read, not mapped, so that a file that changes during the compilation cannot change under the compiler
      // or between the compiler and the hash of its inputs.
      auto buffer = file_->getBuffer(name, size, /*RequiresNullTerminator=*/true, /*IsVolatile=*/true);
      if (!buffer) return buffer.getError();
      input.buffer = std::move(*buffer);
    }
    return llvm::MemoryBuffer::getMemBuffer(input.bytes(), name.str(), /*RequiresNullTerminator=*/true);
  }

  std::error_code close() override { return file_->close(); }

 protected:
  void setPath(const llvm::Twine& path) override { spelling_ = path.str(); }

 private:
  RecordingFileSystem& recorder_;
  std::string path_, spelling_;
  std::unique_ptr<llvm::vfs::File> file_;
};

namespace {

/// An open file that exists nowhere.
class GivenFile : public llvm::vfs::File {
 public:
  GivenFile(llvm::vfs::Status status, llvm::MemoryBufferRef bytes) : status_(std::move(status)), bytes_(bytes) {}
  llvm::ErrorOr<llvm::vfs::Status> status() override { return status_; }
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> getBuffer(const llvm::Twine&, int64_t,
                                                               bool requires_null_terminator, bool) override {
    return llvm::MemoryBuffer::getMemBuffer(bytes_, requires_null_terminator);
  }
  std::error_code close() override { return {}; }

 private:
  llvm::vfs::Status status_;
  llvm::MemoryBufferRef bytes_;
};

}  // namespace

void RecordingFileSystem::give(llvm::StringRef path, llvm::MemoryBufferRef bytes) {
  auto add = [this](llvm::StringRef name, llvm::sys::fs::file_type type, llvm::MemoryBufferRef content) {
    const llvm::vfs::Status status(name, llvm::vfs::getNextVirtualUniqueID(), llvm::sys::TimePoint<>(), 0, 0,
                                   content.getBufferSize(), type, llvm::sys::fs::all_read);
    given_.insert_or_assign(name, Given{status, content});
  };
  const llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (!given_.contains(folder)) add(folder, llvm::sys::fs::file_type::directory_file, {"", folder});
  add(path, llvm::sys::fs::file_type::regular_file, bytes);
}

RecordingFileSystem::RecordingFileSystem(llvm::StringRef directory)
    : RTTIExtends(llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem>(llvm::vfs::createPhysicalFileSystem().release())),
      directory_(directory) {}

std::string RecordingFileSystem::absolute(const llvm::Twine& path) const {
  llvm::SmallString<256> result;
  path.toVector(result);
  if (!llvm::sys::path::is_absolute(result)) llvm::sys::path::make_absolute(directory_, result);
  llvm::sys::path::remove_dots(result, /*remove_dot_dot=*/false);
  return std::string(result);
}

Input& RecordingFileSystem::record(const std::string& path, std::uint32_t kind) {
  std::unique_ptr<Input>& input = by_path_[path];
  if (!input) {
    input = std::make_unique<Input>(Input{kind, path, nullptr});
    order_.push_back(input.get());
  } else if (kind == DYAD_INPUT_FILE) {
    input->kind = kind;  // it was missing and has appeared: what was read counts
  }
  return *input;
}

void RecordingFileSystem::record_status(const std::string& path, const llvm::ErrorOr<llvm::vfs::Status>& status) {
  if (status)
    record(path, status->isDirectory() ? DYAD_INPUT_DIRECTORY : DYAD_INPUT_FILE);
  else if (is_missing(status.getError()))
    record(path, DYAD_INPUT_MISSING);
}

llvm::ErrorOr<llvm::vfs::Status> RecordingFileSystem::status(const llvm::Twine& path) {
  const std::string full = absolute(path);
  if (auto given = given_.find(full); given != given_.end())
    return llvm::vfs::Status::copyWithNewName(given->second.status, path);
  auto status = getUnderlyingFS().status(full);
  record_status(full, status);
  if (status) return llvm::vfs::Status::copyWithNewName(*status, path);
  return status;
}

bool RecordingFileSystem::exists(const llvm::Twine& path) { return bool(status(path)); }

llvm::ErrorOr<std::unique_ptr<llvm::vfs::File>> RecordingFileSystem::openFileForRead(const llvm::Twine& path) {
  std::string full = absolute(path);
  if (auto given = given_.find(full); given != given_.end()) {
    std::unique_ptr<llvm::vfs::File> file = std::make_unique<GivenFile>(
        llvm::vfs::Status::copyWithNewName(given->second.status, path), given->second.bytes);
    return file;
  }
  auto file = getUnderlyingFS().openFileForRead(full);
  if (!file) {
    if (is_missing(file.getError())) record(full, DYAD_INPUT_MISSING);
    return file.getError();
  }
  std::unique_ptr<llvm::vfs::File> recording =
      std::make_unique<RecordingFile>(*this, full, path.str(), std::move(*file));
  return recording;
}

llvm::vfs::directory_iterator RecordingFileSystem::dir_begin(const llvm::Twine& path, std::error_code& error) {
  const std::string full = absolute(path);
  auto begin = getUnderlyingFS().dir_begin(full, error);
  if (!error)
    record(full, DYAD_INPUT_LISTING).kind = DYAD_INPUT_LISTING;
  else if (is_missing(error))
    record(full, DYAD_INPUT_MISSING);
  return begin;
}

std::error_code RecordingFileSystem::getRealPath(const llvm::Twine& path, llvm::SmallVectorImpl<char>& output) {
  return getUnderlyingFS().getRealPath(absolute(path), output);
}

std::error_code RecordingFileSystem::isLocal(const llvm::Twine& path, bool& result) {
  return getUnderlyingFS().isLocal(absolute(path), result);
}

std::error_code RecordingFileSystem::setCurrentWorkingDirectory(const llvm::Twine& path) {
  directory_ = absolute(path);
  return {};
}

const llvm::MemoryBuffer* RecordingFileSystem::content_of(llvm::StringRef path) const {
  const auto input = by_path_.find(path);
  return input == by_path_.end() ? nullptr : input->second->content();
}

void RecordingFileSystem::finish() {
  for (Input* input : order_) {
    if (input->kind != DYAD_INPUT_FILE || input->content()) continue;
    if (shared_) input->shared = shared_(input->path);
    if (input->shared) continue;
    if (!llvm::sys::fs::is_regular_file(input->path)) continue;
    auto buffer = llvm::MemoryBuffer::getFile(input->path, /*IsText=*/false, /*RequiresNullTerminator=*/false,
                                              /*IsVolatile=*/true);
    if (buffer) input->buffer = std::move(*buffer);
  }
}

}  // namespace dyad::codegen
