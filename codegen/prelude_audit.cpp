#include "codegen/prelude_audit.hpp"

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Lex/HeaderSearchOptions.h>
#include <clang/Lex/PPCallbacks.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/ADT/StringMap.h>

#include <algorithm>

#include "codegen/audit_declarations.hpp"
#include "codegen/header_text.hpp"
#include "codegen/standard_headers.hpp"

namespace dyad::codegen {

namespace {

/// Pragmas that change nothing for the text of system headers.
bool is_harmless_pragma(llvm::StringRef text) {
  return text == "once" || text.starts_with("GCC diagnostic ") || text.starts_with("clang diagnostic ") ||
         text == "GCC system_header" || text == "clang system_header" ||  // of the file that says so
         text.starts_with("message") || text.starts_with("region") || text.starts_with("endregion") ||
         text.starts_with("mark");
}

class Watcher : public clang::PPCallbacks {
 public:
  Watcher(PreludeAudit& audit, clang::Preprocessor& preprocessor) : audit_(audit), preprocessor_(preprocessor) {}

  void InclusionDirective(clang::SourceLocation hash, const clang::Token& keyword, llvm::StringRef name, bool,
                          clang::CharSourceRange, clang::OptionalFileEntryRef file, llvm::StringRef, llvm::StringRef,
                          const clang::Module* module, bool is_imported, clang::SrcMgr::CharacteristicKind) override {
    const bool is_foreign = audit_.is_foreign(hash);
    if (is_foreign && keyword.getIdentifierInfo() && keyword.getIdentifierInfo()->getName() != "include")
      audit_.object("#" + keyword.getIdentifierInfo()->getName().str());
    if (!is_imported || !file) return;
    // A header that is not meant to be included alone may have been read in the midst of another.
    const auto& wanted = audit_.prelude().notes().wanted;
    if (is_foreign && std::ranges::find(wanted, name.str()) == wanted.end() &&
        (!is_standard_header(file->getName()) || name.starts_with("bits/") || name.starts_with("ext/")))
      audit_.object("#include of an inner header");
    audit_.note_import(hash, const_cast<clang::Module*>(module));
  }

  void MacroDefined(const clang::Token& name, const clang::MacroDirective* directive) override {
    note_macro(name, directive->getLocation());
  }
  void MacroUndefined(const clang::Token& name, const clang::MacroDefinition&,
                      const clang::MacroDirective* directive) override {
    note_macro(name, directive ? directive->getLocation() : name.getLocation());
  }

  void MacroExpands(const clang::Token& name, const clang::MacroDefinition& macro, clang::SourceRange range,
                    const clang::MacroArgs*) override {
    if (!macro.getMacroInfo() || !macro.getMacroInfo()->isBuiltinMacro()) return;
    const llvm::StringRef spelling = name.getIdentifierInfo()->getName();
    if (spelling == "__COUNTER__" && audit_.prelude().notes().counts) audit_.object("__COUNTER__");
    if ((spelling == "__has_feature" || spelling == "__has_extension" || spelling == "__building_module" ||
         spelling == "__MODULE__") &&
        audit_.is_foreign(range.getBegin()))
      audit_.object(spelling.str());
  }

  void PragmaDirective(clang::SourceLocation location, clang::PragmaIntroducerKind) override {
    if (!audit_.is_foreign(location)) return;
    const std::string text = pragma_text(preprocessor_.getSourceManager(), location);
    if (!is_harmless_pragma(text)) audit_.forbid_import("#pragma before a header");
  }

 private:
  void note_macro(const clang::Token& name, clang::SourceLocation location) {
    if (!audit_.is_foreign(location)) return;
    const llvm::StringRef spelling = name.getIdentifierInfo()->getName();
    if (audit_.prelude().has_identifier(spelling)) audit_.forbid_import("a macro before a header");
  }

  PreludeAudit& audit_;
  clang::Preprocessor& preprocessor_;
};

class Consumer : public clang::ASTConsumer {
 public:
  explicit Consumer(PreludeAudit& audit) : audit_(audit) {}
  void HandleTranslationUnit(clang::ASTContext& context) override {
    if (audit_.objection().empty() && !context.getDiagnostics().hasErrorOccurred()) audit_declarations(audit_, context);
  }

 private:
  PreludeAudit& audit_;
};

}  // namespace

PreludeAudit::PreludeAudit(const LoadedPrelude& prelude, RecordingFileSystem& files, clang::CompilerInstance& compiler)
    : prelude_(prelude), files_(files), compiler_(compiler) {}

void PreludeAudit::start() {
  clang::Preprocessor& preprocessor = compiler_.getPreprocessor();
  const clang::PreprocessorOptions& options = compiler_.getPreprocessorOpts();
  if (!options.Includes.empty() || !options.MacroIncludes.empty() || !options.ImplicitPCHInclude.empty())
    return object("-include");
  for (const auto& [macro, is_undefined] : options.Macros)  // "NAME", "NAME=VALUE", "NAME(x)=VALUE"
    if (std::ranges::find(prelude_.notes().macros, macro) == prelude_.notes().macros.end() &&
        prelude_.has_identifier(llvm::StringRef(macro).take_until([](char c) { return c == '=' || c == '('; })))
      return object("a macro of the flags");
  check_include_roots();
  preprocessor.addPPCallbacks(std::make_unique<Watcher>(*this, preprocessor));
  preprocessor.setTokenWatcher(
      [this, last = clang::tok::unknown, is_template = false](const clang::Token& token) mutable {
        // Of a class that the prelude has already, the syntax tree does not show that it is instantiated explicitly.
        if (is_template && token.isNot(clang::tok::less)) object("an explicit instantiation");
        is_template = token.is(clang::tok::kw_template) && last != clang::tok::period && last != clang::tok::arrow &&
                      last != clang::tok::coloncolon && is_foreign(token.getLocation());
        last = token.getKind();
        if (token.is(clang::tok::kw_export) ||
            (token.isAtStartOfLine() && token.is(clang::tok::identifier) &&
             (token.getIdentifierInfo()->getName() == "import" || token.getIdentifierInfo()->getName() == "module")))
          object("a module of C++20");
      });
}

std::unique_ptr<clang::ASTConsumer> PreludeAudit::make_consumer() { return std::make_unique<Consumer>(*this); }

void PreludeAudit::object(const std::string& why) {
  if (!objection_.empty()) return;
  objection_ = why;
  clang::DiagnosticsEngine& diagnostics = compiler_.getDiagnostics();
  diagnostics.Report(diagnostics.getCustomDiagID(clang::DiagnosticsEngine::Fatal, "the prelude cannot be used: %0"))
      << why;
}

bool PreludeAudit::is_foreign(clang::SourceLocation location) {
  const clang::SourceManager& sources = compiler_.getSourceManager();
  if (location.isInvalid()) return false;
  const clang::FileID file = sources.getFileID(sources.getExpansionLoc(location));
  const auto [place, is_new] = foreign_.try_emplace(file, false);
  if (is_new && !sources.isLoadedFileID(file)) {
    const auto entry = sources.getFileEntryRefForID(file);
    place->second = entry && !is_standard_header(entry->getName());
  }
  return place->second;
}

bool PreludeAudit::is_before_import(clang::SourceLocation location) const {
  return last_import_.isValid() && compiler_.getSourceManager().isBeforeInTranslationUnit(location, last_import_);
}

void PreludeAudit::note_import(clang::SourceLocation hash, clang::Module* module) {
  if (!forbidden_.empty()) object(forbidden_);
  if (module && compiler_.getPreprocessor().getModuleImportLoc(module).isInvalid()) last_import_ = hash;
}

void PreludeAudit::forbid_import(const std::string& why) {
  if (forbidden_.empty()) forbidden_ = why;
}

void PreludeAudit::check_include_roots() {
  using Found = IncludeSpelling::Found;
  auto exists = [this](const llvm::Twine& path) { return bool(files_.status(path)); };
  for (const auto& root : compiler_.getHeaderSearchOpts().UserEntries) {
    const bool is_own = std::ranges::find(prelude_.notes().roots, root.Path) != prelude_.notes().roots.end();
    const bool is_quoted = root.Group == clang::frontend::Quoted, is_last = root.Group == clang::frontend::After;
    if (is_own || root.Group == clang::frontend::ExternCSystem) continue;  // the latter is not the user's
    const bool is_users =
        is_quoted || is_last || root.Group == clang::frontend::Angled || root.Group == clang::frontend::System;
    if (!is_users || !exists(root.Path)) continue;
    llvm::StringMap<bool> folders;
    for (const IncludeSpelling& each : prelude_.notes().spellings) {
      if (each.found == Found::kBeside || (is_quoted && each.angled) || (is_last && each.found != Found::kNowhere))
        continue;
      const auto [folder, rest] = llvm::StringRef(each.name).split('/');
      if (!rest.empty()) {
        const auto [known, is_new] = folders.try_emplace(folder, false);
        if (is_new) known->second = exists(root.Path + "/" + folder);
        if (!known->second) continue;
      }
      if (exists(root.Path + "/" + each.name)) return object("a file of the workspace by a header's name");
    }
  }
}

}  // namespace dyad::codegen
