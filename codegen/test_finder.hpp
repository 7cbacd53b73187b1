/// Finds a source's native tests, its main and what it defines, while Clang parses it.
///
/// A test is known by its shape, not by a macro: `void TestX(dyad::T& t)` in C++, `void TestX(dyad_T *t)` in C, with
/// external linkage, defined in the source or in a file that it includes and that is not a header. A function of that
/// name and nearly that shape gets a diagnostic, because a test that silently does not run is worse than none.
/// Looks only at declarations as they are parsed, so that what comes from a precompiled header costs nothing.
#pragma once

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/Mangle.h>
#include <clang/Basic/SourceLocation.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringSet.h>

#include <memory>
#include <string>

#include "codegen/boundary.hpp"

namespace clang {
class CompilerInstance;
}

namespace dyad::codegen {

/// As Go has it: "Test" alone, or followed by anything but a lower-case letter.
bool is_test_name(llvm::StringRef name);

/// Is a file of this name a source that someone included, rather than a header?
bool is_source_name(llvm::StringRef path);

class TestFinder : public clang::ASTConsumer {
 public:
  /// Writes to `result` (tests, definitions, main_line). Both outlive this object. `directory`: the working directory.
  TestFinder(clang::CompilerInstance& compiler, std::string directory, CompileResult& result);

  void Initialize(clang::ASTContext& context) override;
  bool HandleTopLevelDecl(clang::DeclGroupRef group) override;
  void HandleInterestingDecl(clang::DeclGroupRef) override {}  // from a precompiled header

 private:
  void visit(const clang::Decl* declaration);
  void visit_function(const clang::FunctionDecl* function);
  /// `identity`: codegen.h's, for entities of a header.
  void visit_definition(const clang::NamedDecl* declaration, const std::string& identity);
  void visit_suite(const clang::VarDecl* registration);
  std::string path_of(clang::SourceLocation location) const;
  enum class Place { kSystem, kHeader, kSource };
  Place place_of(clang::SourceLocation location);
  void add_test(const clang::FunctionDecl* function);
  std::uint32_t main_file_line(clang::SourceLocation location) const;

  clang::CompilerInstance& compiler_;
  std::string directory_;
  CompileResult& result_;
  clang::ASTContext* context_ = nullptr;
  std::unique_ptr<clang::ASTNameGenerator> mangler_;
  llvm::DenseMap<clang::FileID, Place> places_;
  llvm::StringSet<> suites_;
  unsigned internal_test_error_ = 0, unnamed_test_error_ = 0, shape_warning_ = 0;
};

}  // namespace dyad::codegen
