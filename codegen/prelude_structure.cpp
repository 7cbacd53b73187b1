#include "codegen/prelude_structure.hpp"

#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendActions.h>
#include <clang/Lex/HeaderSearch.h>
#include <clang/Lex/HeaderSearchOptions.h>
#include <clang/Lex/PPCallbacks.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/StringSet.h>
#include <llvm/Support/Path.h>

#include <map>
#include <memory>
#include <set>

#include "codegen/driver_arguments.hpp"
#include "codegen/header_text.hpp"
#include "codegen/invocation.hpp"
#include "codegen/standard_headers.hpp"

namespace dyad::codegen {

namespace {

/// A file of the prelude.
struct Node {
  std::string path;
  bool is_standard = false, is_unfit = false, is_guarded = false;
  std::set<Node*> includes;
  llvm::StringSet<> asks_for;  ///< macros; only of headers that are not the standard library's
  unsigned pushed_diagnostics = 0;
};

class Watcher : public clang::PPCallbacks {
 public:
  explicit Watcher(const clang::Preprocessor& preprocessor)
      : preprocessor_(preprocessor), sources_(preprocessor.getSourceManager()) {}

  void LexedFileChanged(clang::FileID file, LexedFileChangeReason reason, clang::SrcMgr::CharacteristicKind kind,
                        clang::FileID, clang::SourceLocation) override {
    if (reason != LexedFileChangeReason::EnterFile) return;
    Node* node = node_of(file);
    if (node && !clang::SrcMgr::isSystem(kind)) node->is_unfit = true;
  }

  void InclusionDirective(clang::SourceLocation hash, const clang::Token&, llvm::StringRef name, bool is_angled,
                          clang::CharSourceRange, clang::OptionalFileEntryRef file, llvm::StringRef search_path,
                          llvm::StringRef, const clang::Module*, bool, clang::SrcMgr::CharacteristicKind) override {
    const clang::FileID from = sources_.getFileID(sources_.getExpansionLoc(hash));
    Node* target = file ? &node_of(*file) : nullptr;
    if (from == sources_.getMainFileID()) {
      wanted_.insert({sources_.getExpansionLineNumber(hash), target});
      return;
    }
    Node* node = node_of(from);
    if (!node) return;
    if (target) node->includes.insert(target);
    note_spelling(*node, name, is_angled, file.has_value(), search_path);
  }

  void HasInclude(clang::SourceLocation location, llvm::StringRef name, bool is_angled,
                  clang::OptionalFileEntryRef file, clang::SrcMgr::CharacteristicKind) override {
    if (Node* node = node_at(location)) note_spelling(*node, name, is_angled, file.has_value(), "");
  }

  void MacroDefined(const clang::Token& name, const clang::MacroDirective*) override {
    if (Node* node = node_at(name.getLocation())) definers_[name.getIdentifierInfo()->getName()].insert(node);
  }
  void MacroExpands(const clang::Token& name, const clang::MacroDefinition& macro, clang::SourceRange range,
                    const clang::MacroArgs*) override {
    const llvm::StringRef spelling = name.getIdentifierInfo()->getName();
    if (macro.getMacroInfo() && macro.getMacroInfo()->isBuiltinMacro()) {
      counts_ = counts_ || spelling == "__COUNTER__";
      Node* node = node_at(range.getBegin());
      if (node && (spelling == "__DATE__" || spelling == "__TIME__" || spelling == "__TIMESTAMP__"))
        node->is_unfit = true;
    }
    ask(name, range.getBegin());
  }
  void Ifdef(clang::SourceLocation location, const clang::Token& name, const clang::MacroDefinition&) override {
    ask(name, location);
  }
  void Ifndef(clang::SourceLocation location, const clang::Token& name, const clang::MacroDefinition&) override {
    ask(name, location);
  }
  void Elifdef(clang::SourceLocation location, const clang::Token& name, const clang::MacroDefinition&) override {
    ask(name, location);
  }
  void Elifndef(clang::SourceLocation location, const clang::Token& name, const clang::MacroDefinition&) override {
    ask(name, location);
  }
  void Defined(const clang::Token& name, const clang::MacroDefinition&, clang::SourceRange range) override {
    ask(name, range.getBegin());
  }

  void PragmaDirective(clang::SourceLocation location, clang::PragmaIntroducerKind) override {
    Node* node = node_at(location);
    if (!node || node->is_standard) return;
    const std::string text = pragma_text(sources_, location);
    if (text == "GCC diagnostic push" || text == "clang diagnostic push") {
      ++node->pushed_diagnostics;
    } else if (text == "GCC diagnostic pop" || text == "clang diagnostic pop") {
      if (node->pushed_diagnostics-- == 0) node->is_unfit = true;
    } else if (llvm::StringRef(text).starts_with("GCC diagnostic ") ||
               llvm::StringRef(text).starts_with("clang diagnostic ")) {
      if (node->pushed_diagnostics == 0) node->is_unfit = true;
    } else if (text != "once" && text != "GCC system_header") {
      node->is_unfit = true;
    }
  }

  /// To be called while the preprocessor still knows its files.
  void finish(PreludeStructure& structure, const std::vector<std::string>& headers) {
    clang::HeaderSearch& search = preprocessor_.getHeaderSearchInfo();
    for (auto& [entry, node] : nodes_) {
      const auto buffer = sources_.getMemoryBufferForFileOrNone(node->ref);
      node->is_guarded = !is_used_in_parts(node->path) && (search.isFileMultipleIncludeGuarded(node->ref) ||
                                                           (buffer && is_guarded_text(buffer->getBuffer())));
      if (node->pushed_diagnostics != 0) node->is_unfit = true;
    }
    bool all_fit = true;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const auto found = wanted_.find(static_cast<unsigned>(kLinesBefore + 1 + i * kLinesPerHeader + 1));
      if (found == wanted_.end() || !found->second) continue;  // not there: no harm
      if (found->second->is_guarded && is_fit(*found->second))
        structure.fit.push_back(headers[i]);
      else
        all_fit = false;
    }
    for (auto& [entry, node] : nodes_) {
      structure.files.push_back(node->path);
      if (node->is_guarded) structure.modular.push_back(node->path);
    }
    structure.spellings.assign(spellings_.begin(), spellings_.end());
    structure.counts = counts_;
    structure.ok = all_fit;
  }

  static constexpr unsigned kLinesPerHeader = 3;

 private:
  struct File : Node {
    explicit File(clang::FileEntryRef entry) : ref(entry) {}
    clang::FileEntryRef ref;
  };

  Node& node_of(clang::FileEntryRef file) {
    std::unique_ptr<File>& node = nodes_[&file.getFileEntry()];
    if (!node) {
      node = std::make_unique<File>(file);
      node->path = file.getName().str();
      node->is_standard = is_standard_header(node->path);
    }
    return *node;
  }
  Node* node_of(clang::FileID file) {
    if (file == sources_.getMainFileID()) return nullptr;
    const auto entry = sources_.getFileEntryRefForID(file);
    return entry ? &node_of(*entry) : nullptr;
  }
  Node* node_at(clang::SourceLocation location) {
    return node_of(sources_.getFileID(sources_.getExpansionLoc(location)));
  }

  void ask(const clang::Token& name, clang::SourceLocation location) {
    Node* node = node_at(location);
    if (node && !node->is_standard) node->asks_for.insert(name.getIdentifierInfo()->getName());
  }

  void note_spelling(const Node& from, llvm::StringRef name, bool is_angled, bool is_found,
                     llvm::StringRef search_path) {
    IncludeSpelling spelling{name.str(), is_angled, IncludeSpelling::Found::kOnPath};
    if (!is_found)
      spelling.found = IncludeSpelling::Found::kNowhere;
    else if (!is_angled && search_path == llvm::sys::path::parent_path(from.path))
      spelling.found = IncludeSpelling::Found::kBeside;
    spellings_.insert(std::move(spelling));
  }

  /// May a prelude hold `top` and all that it includes?
  bool is_fit(Node& top) {
    std::set<Node*> closure{&top};
    std::vector<Node*> pending{&top};
    while (!pending.empty()) {
      Node* node = pending.back();
      pending.pop_back();
      for (Node* next : node->includes)
        if (closure.insert(next).second) pending.push_back(next);
    }
    for (Node* node : closure) {
      if (node->is_unfit) return false;
      for (const auto& name : node->asks_for) {
        const auto definers = definers_.find(name.getKey());
        if (definers == definers_.end()) continue;
        bool is_own = false;
        for (Node* definer : definers->second) is_own = is_own || closure.contains(definer);
        if (!is_own) return false;
      }
    }
    return true;
  }

  const clang::Preprocessor& preprocessor_;
  clang::SourceManager& sources_;
  llvm::MapVector<const clang::FileEntry*, std::unique_ptr<File>> nodes_;
  std::map<unsigned, Node*> wanted_;  ///< by line of the source
  llvm::StringMap<std::set<Node*>> definers_;
  std::set<IncludeSpelling> spellings_;
  bool counts_ = false;
};

class StructureAction : public clang::PreprocessOnlyAction {
 public:
  StructureAction(const std::vector<std::string>& headers, PreludeStructure& structure)
      : headers_(headers), structure_(structure) {}

 protected:
  bool BeginSourceFileAction(clang::CompilerInstance& compiler) override {
    clang::Preprocessor& preprocessor = compiler.getPreprocessor();
    auto watcher = std::make_unique<Watcher>(preprocessor);
    watcher_ = watcher.get();
    preprocessor.addPPCallbacks(std::move(watcher));
    return true;
  }
  void EndSourceFileAction() override { watcher_->finish(structure_, headers_); }

 private:
  const std::vector<std::string>& headers_;
  PreludeStructure& structure_;
  Watcher* watcher_ = nullptr;
};

}  // namespace

std::string include_lines(const std::vector<std::string>& headers) {
  std::string text = "#pragma once\n#pragma GCC system_header\n";
  for (const std::string& header : headers)
    text += "#if __has_include(<" + header + ">)\n#include <" + header + ">\n#endif\n";
  return text;
}

PreludeStructure read_structure(const std::vector<std::string>& headers, const std::vector<std::string>& arguments,
                                llvm::IntrusiveRefCntPtr<RecordingFileSystem> files, DiagnosticText& text) {
  PreludeStructure structure;
  auto invocation = make_invocation(arguments, /*colour=*/false, text);
  if (!invocation) return structure;
  // A source cannot be a system header: two lines of another kind.
  std::string source = include_lines(headers);
  source.replace(0, source.find("#if"), "\n\n");
  files->give(invocation->getFrontendOpts().Inputs[0].getFile(), {source, "all.cpp"});
  for (const auto& root : invocation->getHeaderSearchOpts().UserEntries) structure.roots.push_back(root.Path);
  for (const auto& [macro, is_undefined] : invocation->getPreprocessorOpts().Macros) structure.macros.push_back(macro);
  DiagnosticPrinter printer(text, invocation->getDiagnosticOpts());
  clang::CompilerInstance compiler(invocation);
  compiler.setVerboseOutputStream(text.stream);
  compiler.createVirtualFileSystem(files, &printer);
  compiler.createDiagnostics(&printer, /*ShouldOwnClient=*/false);
  compiler.createFileManager();
  StructureAction action(headers, structure);
  if (!execute(compiler, action) || compiler.getDiagnostics().hasErrorOccurred()) structure.ok = false;
  return structure;
}

}  // namespace dyad::codegen
