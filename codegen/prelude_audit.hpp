/// Watches a compilation that uses a prelude and objects to it if it could mean something else than the same file
/// compiled alone. An objection ends the compilation; the file is then compiled plainly.
///
/// Clang itself sees to it that a declaration or macro of the prelude is seen only behind an #include that brings it
/// (each header is a submodule). What is left to judge here (docs/why-prelude.md has the reasons):
/// - what the file says before it includes a header that could change the header's text: macros, pragmas, names of
///   scopes that the header shares;
/// - what the file adds to the standard library's or a framework's namespaces that code instantiated earlier, in the
///   prelude, would have seen;
/// - include roots of the file that hold a file by the name of a header that the prelude's headers include;
/// - language that the prelude's form of modules has no eye for.
/// When in doubt it objects. Knows nothing of caches or of the host.
#pragma once

#include <clang/Basic/SourceManager.h>
#include <llvm/ADT/DenseMap.h>

#include <memory>
#include <string>

#include "codegen/loaded_prelude.hpp"
#include "codegen/recording_file_system.hpp"

namespace clang {
class ASTConsumer;
class CompilerInstance;
class Decl;
class Module;
}  // namespace clang

namespace dyad::codegen {

class PreludeAudit {
 public:
  /// All three outlive this object. `text_of`: of the file, to look for what it must not hold.
  PreludeAudit(const LoadedPrelude& prelude, RecordingFileSystem& files, clang::CompilerInstance& compiler);

  /// To be called before anything is parsed.
  void start();
  /// To be put before the code generator.
  std::unique_ptr<clang::ASTConsumer> make_consumer();

  /// Notes the first reason only; ends the compilation with an error.
  void object(const std::string& why);
  /// Empty: none.
  const std::string& objection() const { return objection_; }

  // For the parts of this class in its .cpp files.
  const LoadedPrelude& prelude() const { return prelude_; }
  clang::CompilerInstance& compiler() const { return compiler_; }
  /// Is the text at `location` neither the prelude's nor the standard library's?
  bool is_foreign(clang::SourceLocation location);
  /// Where the last #include is that brought something new of the prelude; invalid: nowhere.
  clang::SourceLocation last_import() const { return last_import_; }
  /// Is `location` in text that precedes it?
  bool is_before_import(clang::SourceLocation location) const;
  void note_import(clang::SourceLocation hash, clang::Module* module);
  /// Something that must not be followed by the prelude's text: an objection as soon as it is.
  void forbid_import(const std::string& why);

 private:
  void check_include_roots();

  const LoadedPrelude& prelude_;
  RecordingFileSystem& files_;
  clang::CompilerInstance& compiler_;
  std::string objection_, forbidden_;
  clang::SourceLocation last_import_;
  llvm::DenseMap<clang::FileID, bool> foreign_;
};

}  // namespace dyad::codegen
