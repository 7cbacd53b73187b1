#include "codegen/diagnostics.hpp"

#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/TextDiagnostic.h>
#include <clang/Lex/HeaderSearch.h>
#include <clang/Lex/LexDiagnostic.h>
#include <clang/Lex/Preprocessor.h>
#include <llvm/ADT/StringSet.h>
#include <llvm/Support/Path.h>

namespace dyad::codegen {

void DiagnosticPrinter::BeginSourceFile(const clang::LangOptions& language, const clang::Preprocessor* preprocessor) {
  preprocessor_ = preprocessor;
  TextDiagnosticPrinter::BeginSourceFile(language, preprocessor);
}

void DiagnosticPrinter::EndSourceFile() {
  preprocessor_ = nullptr;
  TextDiagnosticPrinter::EndSourceFile();
}

void DiagnosticPrinter::HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) {
  TextDiagnosticPrinter::HandleDiagnostic(level, info);
  if (level >= clang::DiagnosticsEngine::Error && info.getID() == clang::diag::err_pp_file_not_found && preprocessor_)
    list_search_path(info);
}

void DiagnosticPrinter::list_search_path(const clang::Diagnostic& info) {
  if (info.getNumArgs() < 1 || info.getArgKind(0) != clang::DiagnosticsEngine::ak_std_string) return;
  const std::string& name = info.getArgStdStr(0);
  if (llvm::sys::path::is_absolute(name)) return;
  const clang::HeaderSearch& search = preprocessor_->getHeaderSearchInfo();

  llvm::StringSet<> seen;
  std::string list;
  auto add = [&](llvm::StringRef directory) {
    if (directory.empty()) directory = ".";
    if (!seen.insert(directory).second) return;
    if (!list.empty()) list += ", ";
    list += directory;
  };
  bool angled = false;
  if (info.getLocation().isValid() && info.hasSourceManager()) {
    const clang::SourceManager& sources = info.getSourceManager();
    const clang::SourceLocation location = sources.getSpellingLoc(info.getLocation());
    bool invalid = false;
    const char* text = sources.getCharacterData(location, &invalid);
    angled = !invalid && text && *text == '<';
    if (!angled) {
      const auto file = sources.getFileEntryRefForID(sources.getFileID(sources.getExpansionLoc(info.getLocation())));
      if (file) add(llvm::sys::path::parent_path(file->getName()));
    }
  }
  for (auto it = angled ? search.angled_dir_begin() : search.search_dir_begin(); it != search.search_dir_end(); ++it)
    add(it->getName());

  const bool colour = options_.ShowColors;
  clang::TextDiagnostic::printDiagnosticLevel(stream_, clang::DiagnosticsEngine::Note, colour);
  stream_ << '\'' << name << "' was looked for in: " << list << '\n';
}

std::string error_line(const std::string& text, bool colour) {
  DiagnosticText line(colour);
  clang::TextDiagnostic::printDiagnosticLevel(line.stream, clang::DiagnosticsEngine::Error, colour);
  clang::TextDiagnostic::printDiagnosticMessage(line.stream, /*IsSupplemental=*/false, text, /*CurrentColumn=*/0,
                                                /*Columns=*/0, colour);
  return line.text;
}

}  // namespace dyad::codegen
