/// Diagnostics as Clang prints them, into a string, with one addition: a header that was not found is followed by the
/// list of the places where it was looked for. Knows nothing of compilations beyond Clang's own interfaces.
#pragma once

#include <clang/Basic/Diagnostic.h>
#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <llvm/Support/raw_ostream.h>

#include <string>

namespace dyad::codegen {

/// The text and its stream; the caller reads `text` when Clang is done. Outlives every printer on it.
struct DiagnosticText {
  explicit DiagnosticText(bool colour) : stream(text) { stream.enable_colors(colour); }
  std::string text;
  llvm::raw_string_ostream stream;
};

class DiagnosticPrinter : public clang::TextDiagnosticPrinter {
 public:
  DiagnosticPrinter(DiagnosticText& text, clang::DiagnosticOptions& options)
      : TextDiagnosticPrinter(text.stream, options), stream_(text.stream), options_(options) {}

  void BeginSourceFile(const clang::LangOptions& language, const clang::Preprocessor* preprocessor) override;
  void EndSourceFile() override;
  void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) override;

 private:
  void list_search_path(const clang::Diagnostic& info);

  llvm::raw_ostream& stream_;
  clang::DiagnosticOptions& options_;
  const clang::Preprocessor* preprocessor_ = nullptr;
};

/// "error: TEXT" as Clang prints it.
std::string error_line(const std::string& text, bool colour);

}  // namespace dyad::codegen
