/// The file system that one compilation sees: the real one, with a working directory of its own, that remembers every
/// file that was read (with the bytes that the compiler saw), every look-up that failed and every directory.
///
/// It exists because a compilation's result depends on what was *not* there as much as on what was: a header that
/// appears earlier on the include path changes the result, and only the file system knows which places were tried. A
/// path whose existence was asked for and which was never read (__has_include) counts as read: so its removal is
/// noticed. Knows nothing of compilers or caches. Used by one thread at a time; outlives the compiler that uses it.
///
/// Files that exist nowhere can be given to it: they are no inputs.
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/VirtualFileSystem.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dyad::codegen {

struct Input {
  std::uint32_t kind;  ///< enum dyad_input_kind
  std::string path;    ///< absolute, as it was looked up (no "." components; ".." is kept, because of symlinks)
  std::unique_ptr<llvm::MemoryBuffer> buffer;  ///< kind FILE once it was read
  const llvm::MemoryBuffer* shared = nullptr;  ///< instead of `buffer`: somebody else's

  const llvm::MemoryBuffer* content() const { return shared ? shared : buffer.get(); }
  llvm::StringRef bytes() const { return content() ? content()->getBuffer() : llvm::StringRef(); }
};

class RecordingFileSystem : public llvm::RTTIExtends<RecordingFileSystem, llvm::vfs::ProxyFileSystem> {
 public:
  static const char ID;

  /// `directory`: absolute, the working directory; need not exist.
  explicit RecordingFileSystem(llvm::StringRef directory);

  llvm::ErrorOr<llvm::vfs::Status> status(const llvm::Twine& path) override;
  bool exists(const llvm::Twine& path) override;
  llvm::ErrorOr<std::unique_ptr<llvm::vfs::File>> openFileForRead(const llvm::Twine& path) override;
  llvm::vfs::directory_iterator dir_begin(const llvm::Twine& path, std::error_code& error) override;
  llvm::ErrorOr<std::string> getCurrentWorkingDirectory() const override { return directory_; }
  std::error_code getRealPath(const llvm::Twine& path, llvm::SmallVectorImpl<char>& output) override;
  std::error_code isLocal(const llvm::Twine& path, bool& result) override;
  std::error_code setCurrentWorkingDirectory(const llvm::Twine& path) override;

  /// From now on `path` (absolute) is a file of these bytes, which outlive this object, in a folder that exists
  /// nowhere.
  void give(llvm::StringRef path, llvm::MemoryBufferRef bytes);
  /// Asked for the bytes of a file before it is read; the answer outlives this object, or is null. The file is an input
  /// all the same.
  using SharedBytes = std::function<const llvm::MemoryBuffer*(llvm::StringRef path)>;
  void share(SharedBytes shared) { shared_ = std::move(shared); }

  /// The bytes of a file that was read, or null.
  const llvm::MemoryBuffer* content_of(llvm::StringRef path) const;

  /// Reads what exists and was not read by the compiler. To be called once, when the compiler is done.
  void finish();
  /// In order of first look-up. Valid as long as this object.
  const std::vector<Input*>& inputs() const { return order_; }

 private:
  friend class RecordingFile;
  std::string absolute(const llvm::Twine& path) const;
  Input& record(const std::string& path, std::uint32_t kind);
  void record_status(const std::string& path, const llvm::ErrorOr<llvm::vfs::Status>& status);

  struct Given {
    llvm::vfs::Status status;
    llvm::MemoryBufferRef bytes;
  };

  std::string directory_;
  llvm::StringMap<Given> given_;
  SharedBytes shared_;
  llvm::StringMap<std::unique_ptr<Input>> by_path_;
  std::vector<Input*> order_;
};

}  // namespace dyad::codegen
