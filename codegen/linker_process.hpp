/// What a link needs of the operating system: ld.lld as a process, and a version script that no one can mistake for a
/// file of the user's (it has no name).
#pragma once

#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace dyad::codegen {

/// A text as an unnamed file. Closed with the object.
class UnnamedFile {
 public:
  static Result<UnnamedFile> make(const std::string& text);
  UnnamedFile(UnnamedFile&& other) noexcept;
  ~UnnamedFile();
  UnnamedFile& operator=(UnnamedFile&&) = delete;

  /// Opens it in this process; also in the linker's, when it is given to run_linker().
  std::string path() const;
  int descriptor() const { return descriptor_; }
  /// All of it, from the beginning.
  std::string read() const;

 private:
  explicit UnnamedFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct LinkerRun {
  int exit_code;
  std::string messages;
};

/// Runs `program` with `arguments` (without argv[0]) and waits. `inherited` keep their paths in the new process.
Result<LinkerRun> run_linker(const std::string& program, const std::vector<std::string>& arguments,
                             const std::vector<const UnnamedFile*>& inherited);

/// Unique beside `output`: for writing before a rename.
std::string temporary_name(const std::string& output);

}  // namespace dyad::codegen
