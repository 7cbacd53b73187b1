#include "codegen/make_prelude.hpp"

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/DeclCXX.h>
#include <clang/Basic/CharInfo.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendActions.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringSet.h>

#include <algorithm>
#include <memory>

#include "codegen/boundary.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/diagnostics.hpp"
#include "codegen/driver_arguments.hpp"
#include "codegen/invocation.hpp"
#include "codegen/loaded_prelude.hpp"
#include "codegen/object_symbols.hpp"
#include "codegen/prelude_structure.hpp"
#include "codegen/prelude_uses.hpp"
#include "codegen/recording_file_system.hpp"
#include "codegen/standard_headers.hpp"

namespace dyad::codegen {

namespace {

std::string in_prelude_directory(llvm::StringRef name) { return (kPreludeDirectory + "/" + name).str(); }

/// Everything of one prelude in the making; on the heap, so that after a crash it can be left behind as it is.
struct Work {
  explicit Work(const dyad_prelude& what)
      : headers(strings(what.headers)), uses(view(what.uses).str()), arguments(strings(what.args)) {}

  std::vector<std::string> headers;
  std::string uses;
  std::vector<std::string> arguments;

  DiagnosticText text{/*colour=*/false};
  llvm::IntrusiveRefCntPtr<RecordingFileSystem> files;  ///< of the first look; later steps see its bytes
  llvm::IntrusiveRefCntPtr<const RecordingFileSystem> driver_files;
  std::string all_text, uses_text, map_text;  ///< the sources that exist nowhere
  PreludeNotes notes;
  llvm::SmallVector<char, 0> module, object;
  bool has_module = false, has_object = false;
};

/// Without the source, which is the last, and its language, which -D and the like may follow.
std::vector<std::string> without_source(std::vector<std::string> arguments) {
  arguments.pop_back();
  const auto language = std::ranges::find(arguments, "-x");
  if (arguments.end() - language >= 2) arguments.erase(language, language + 2);
  return arguments;
}

/// Looks at what is left of the module's headers in the end: their identifiers, and whether they hold what cannot be
/// shared: a definition that every user would define again, or a variable whose initialisation does something.
class ModuleAction : public clang::GenerateModuleFromModuleMapAction {
 public:
  explicit ModuleAction(Work& work) : work_(work) {}

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef file) override {
    compiler.getPreprocessor().setTokenWatcher([this](const clang::Token& token) { note(token); });
    return clang::GenerateModuleFromModuleMapAction::CreateASTConsumer(compiler, file);
  }

  std::unique_ptr<llvm::raw_pwrite_stream> CreateOutputFile(clang::CompilerInstance&, llvm::StringRef) override {
    return std::make_unique<llvm::raw_svector_ostream>(work_.module);
  }

  void EndSourceFileAction() override {
    clang::CompilerInstance& compiler = getCompilerInstance();
    if (!compiler.getDiagnostics().hasErrorOccurred()) {
      for (const auto& entry : compiler.getPreprocessor().getIdentifierTable())
        if (clang::isValidAsciiIdentifier(entry.getKey(), /*AllowDollar=*/true))  // not the table's odd ones
          work_.notes.identifiers.push_back(entry.getKey().str());
      std::ranges::sort(work_.notes.identifiers);
      note_globals(*compiler.getASTContext().getTranslationUnitDecl());
      for (const auto& name : global_names_) work_.notes.global_names.push_back(name.getKey().str());
      std::ranges::sort(work_.notes.global_names);
      is_shareable_ = is_shareable(*compiler.getASTContext().getTranslationUnitDecl());
    }
    clang::GenerateModuleFromModuleMapAction::EndSourceFileAction();
  }

 public:
  bool is_shareable() const { return is_shareable_; }

 private:
  /// Notes names that are called, or given template arguments, without a scope before them: "name(", "name<".
  void note(const clang::Token& token) {
    if (last_name_ && token.isOneOf(clang::tok::l_paren, clang::tok::less)) global_names_.insert(last_name_->getName());
    last_name_ = token.is(clang::tok::identifier) && !is_qualified_ ? token.getIdentifierInfo() : nullptr;
    is_qualified_ = token.isOneOf(clang::tok::period, clang::tok::arrow, clang::tok::coloncolon);
  }
  void note_globals(const clang::DeclContext& context) {
    for (const clang::Decl* each : context.decls()) {
      if (const auto* linkage = clang::dyn_cast<clang::LinkageSpecDecl>(each)) note_globals(*linkage);
      if (const auto* list = clang::dyn_cast<clang::EnumDecl>(each))
        for (const clang::EnumConstantDecl* constant : list->enumerators()) global_names_.insert(constant->getName());
      if (const auto* named = clang::dyn_cast<clang::NamedDecl>(each); named && named->getIdentifier())
        global_names_.insert(named->getName());
    }
  }

  static bool is_shareable(const clang::DeclContext& context) {
    for (const clang::Decl* each : context.decls()) {
      if (clang::isa<clang::NamespaceDecl, clang::LinkageSpecDecl>(each)) {
        if (!is_shareable(*clang::cast<clang::DeclContext>(each))) return false;
      } else if (const auto* function = clang::dyn_cast<clang::FunctionDecl>(each)) {
        if (function->isThisDeclarationADefinition() && !function->isTemplated() &&
            function->getASTContext().GetGVALinkageForFunction(function) == clang::GVA_StrongExternal)
          return false;
      } else if (const auto* variable = clang::dyn_cast<clang::VarDecl>(each)) {
        if (variable->isThisDeclarationADefinition() != clang::VarDecl::Definition || variable->isTemplated()) continue;
        clang::ASTContext& ast = variable->getASTContext();
        if (ast.GetGVALinkageForVariable(variable) == clang::GVA_StrongExternal) return false;
        const bool is_dynamic = variable->getInit() && (!variable->hasConstantInitialization() ||
                                                        variable->needsDestruction(ast) != clang::QualType::DK_none);
        const auto entry = ast.getSourceManager().getFileEntryRefForID(
            ast.getSourceManager().getFileID(ast.getSourceManager().getExpansionLoc(variable->getLocation())));
        if (is_dynamic && !(entry && is_standard_header(entry->getName()))) return false;
      }
    }
    return true;
  }

  Work& work_;
  bool is_shareable_ = false;
  llvm::StringSet<> global_names_;
  const clang::IdentifierInfo* last_name_ = nullptr;
  bool is_qualified_ = false;
};

void give_sources(Work& work, RecordingFileSystem& files) {
  files.give(in_prelude_directory("all.h"), {work.all_text, "all.h"});
  files.give(in_prelude_directory("uses.h"), {work.uses_text, "uses.h"});
  files.give(in_prelude_directory("module.modulemap"), {work.map_text, "module.modulemap"});
  files.share([&work](llvm::StringRef path) { return work.files->content_of(path); });
}

/// Runs an action on `input` (an argument or two: "-x KIND FILE") with the arguments of a prelude.
bool run(Work& work, clang::FrontendAction& action, std::vector<std::string> arguments,
         const std::vector<std::string>& more, llvm::IntrusiveRefCntPtr<RecordingFileSystem> files,
         std::unique_ptr<llvm::raw_pwrite_stream> output) {
  add_module_arguments(arguments);
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto invocation = make_invocation(arguments, /*colour=*/false, work.text);
  if (!invocation) return false;
  invocation->getPreprocessorOpts().DisablePCHOrModuleValidation = clang::DisableValidationForModuleKind::All;
  // Line tables stay in an image for all of the object's code, however little of the code does.
  invocation->getCodeGenOpts().setDebugInfo(llvm::codegenoptions::NoDebugInfo);
  DiagnosticPrinter printer(work.text, invocation->getDiagnosticOpts());
  clang::CompilerInstance compiler(invocation);
  compiler.setVerboseOutputStream(work.text.stream);
  compiler.createVirtualFileSystem(files, &printer);
  compiler.createDiagnostics(&printer, /*ShouldOwnClient=*/false);
  compiler.createFileManager();
  if (output) compiler.setOutputStream(std::move(output));
  return execute(compiler, action) && !compiler.getDiagnostics().hasErrorOccurred();
}

bool make_module(Work& work, const std::vector<std::string>& arguments, const PreludeStructure& structure,
                 const std::string& uses) {
  work.uses_text = uses;
  work.map_text = "module " + kPreludeModuleName.str() + " {\n  module all { header \"all.h\" export * }\n";
  std::size_t number = 0;
  for (const std::string& path : structure.modular) {
    if (path.find_first_of("\"\\\n") != std::string::npos) return false;
    work.map_text += "  module h" + std::to_string(number++) + " { header \"" + path + "\" export * }\n";
  }
  work.map_text += "  module uses { header \"uses.h\" export * }\n}\n";
  auto files = llvm::makeIntrusiveRefCnt<RecordingFileSystem>(kPreludeDirectory);
  give_sources(work, *files);
  work.module.clear();
  work.notes.identifiers.clear();
  work.notes.global_names.clear();
  const std::size_t said = work.text.text.size();
  ModuleAction action(work);
  const bool done = run(work, action, without_source(arguments),
                        {"-fmodules-codegen", "-fmodule-name=" + kPreludeModuleName.str(), "-x", "c++-module-map",
                         in_prelude_directory("module.modulemap")},
                        files, nullptr);
  return done && action.is_shareable() && work.text.text.size() == said;
}

void make(Work& work) {
  const std::string source = in_prelude_directory("all.cpp");
  DriverResult driver = cc1_arguments(source, kPreludeDirectory, work.arguments);
  work.driver_files = driver.files;
  if (!driver.ok || !driver.diagnostics.empty()) return;
  // With all debug information the objects would refer to the module file, which debuggers do not find.
  const auto invocation = make_invocation(driver.arguments, /*colour=*/false, work.text);
  if (!invocation || invocation->getCodeGenOpts().hasReducedDebugInfo()) return;

  // Without what is unfit the rest may look different, so it is looked at anew.
  PreludeStructure structure;
  for (int tries = 0; tries < 3; ++tries) {
    work.files = llvm::makeIntrusiveRefCnt<RecordingFileSystem>(kPreludeDirectory);
    structure = read_structure(work.headers, driver.arguments, work.files, work.text);
    if (structure.ok || structure.fit.empty()) break;
    work.headers = structure.fit;
  }
  if (!structure.ok || structure.fit.empty() || !work.text.text.empty()) return;
  work.notes.wanted = structure.fit;
  work.notes.headers = structure.files;
  std::ranges::sort(work.notes.headers);
  work.notes.spellings = structure.spellings;
  work.notes.roots = structure.roots;
  work.notes.macros = structure.macros;
  work.notes.counts = structure.counts;
  work.all_text = include_lines(structure.fit);

  const std::string start = "#pragma once\n#pragma GCC system_header\n#include \"all.h\"\n";
  work.has_module = make_module(work, driver.arguments, structure, start + built_in_uses() + work.uses);
  if (!work.has_module) {
    // Perhaps a line of the uses is wrong. Preludes work without.
    work.text.text.clear();
    work.has_module = make_module(work, driver.arguments, structure, start);
  }
}

void make_object(Work& work) {
  const std::string source = in_prelude_directory("all.cpp");
  const DriverResult driver = cc1_arguments(source, kPreludeDirectory, work.arguments);
  auto files = llvm::makeIntrusiveRefCnt<RecordingFileSystem>(kPreludeDirectory);
  give_sources(work, *files);
  files->give(kPreludeModule, {{work.module.data(), work.module.size()}, kPreludeModule});
  clang::EmitObjAction action;
  if (!run(work, action, without_source(driver.arguments), {"-fmodules-codegen", kPreludeModule.str()}, files,
           std::make_unique<llvm::raw_svector_ostream>(work.object)))
    return;
  for (const Symbol& symbol : read_symbols({work.object.data(), work.object.size()}))
    if (symbol.kind == DYAD_SYMBOL_STRONG) return;
  work.has_object = true;
}

}  // namespace

std::uint32_t make_prelude(const dyad_prelude& what, const dyad_prelude_sink& sink) {
  auto work = std::make_unique<Work>(what);
  auto give_up = [&](std::optional<std::string> crash) -> std::uint32_t {
    std::string said = work->text.text;
    if (crash) said += "the compiler crashed: " + *crash + "\n";
    if (sink.diagnostics) sink.diagnostics(sink.user, str(said));
    if (crash) work.release();  // the crashed compiler may still refer to it
    return 1;
  };
  if (auto crash = run_guarded([&] { make(*work); }); crash || !work->has_module) return give_up(crash);
  work->files->finish();
  if (sink.input)
    for (const RecordingFileSystem* files :
         {work->driver_files.get(), static_cast<const RecordingFileSystem*>(work->files.get())})
      if (files)
        for (const Input* input : files->inputs())
          sink.input(sink.user, input->kind, str(input->path), input->bytes().data(), input->bytes().size());
  work->notes.sources = {{"all.h", work->all_text}, {"uses.h", work->uses_text}, {"module.modulemap", work->map_text}};
  const std::string notes = work->notes.serialize();
  if (sink.module) sink.module(sink.user, work->module.data(), work->module.size(), str(notes));
  if (auto crash = run_guarded([&] { make_object(*work); }); crash || !work->has_object) return give_up(crash);
  if (sink.object) sink.object(sink.user, work->object.data(), work->object.size());
  return 0;
}

}  // namespace dyad::codegen
