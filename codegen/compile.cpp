#include "codegen/compile.hpp"

#include <clang/CodeGen/BackendUtil.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/PPCallbacks.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/SourceMgr.h>

#include "codegen/boundary.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/diagnostics.hpp"
#include "codegen/driver_arguments.hpp"
#include "codegen/invocation.hpp"
#include "codegen/loaded_prelude.hpp"
#include "codegen/module_passes.hpp"
#include "codegen/object_symbols.hpp"
#include "codegen/prelude_audit.hpp"
#include "codegen/prelude_reader.hpp"
#include "codegen/test_finder.hpp"

namespace dyad::codegen {

namespace {

/// Notices the macros whose expansion no input explains.
class DateWatcher : public clang::PPCallbacks {
 public:
  DateWatcher(const clang::Preprocessor& preprocessor, CompileResult& result)
      : preprocessor_(preprocessor), result_(result) {}

  void MacroExpands(const clang::Token& name, const clang::MacroDefinition& macro, clang::SourceRange,
                    const clang::MacroArgs*) override {
    if (!macro.getMacroInfo() || !macro.getMacroInfo()->isBuiltinMacro()) return;
    const llvm::StringRef spelling = name.getIdentifierInfo()->getName();
    // The modification time of a file is no part of its content; the other two are fixed by SOURCE_DATE_EPOCH.
    const bool fixed = preprocessor_.getPreprocessorOpts().SourceDateEpoch.has_value();
    if (spelling == "__TIMESTAMP__" || (!fixed && (spelling == "__DATE__" || spelling == "__TIME__")))
      result_.unrepeatable = "expands " + spelling.str();
  }

 private:
  const clang::Preprocessor& preprocessor_;
  CompileResult& result_;
};

/// Clang's own action for objects or bitcode, with the test finder and the audit, if there is one, put before the code
/// generator.
template <class Action>
class FindAndEmit : public Action {
 public:
  FindAndEmit(std::string directory, bool timed, CompileResult& result, PreludeAudit* audit)
      : directory_(std::move(directory)), timed_(timed), result_(result), audit_(audit) {}

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef file) override {
    std::unique_ptr<clang::ASTConsumer> generator = Action::CreateASTConsumer(compiler, file);
    if (!generator) return nullptr;
    clang::Preprocessor& preprocessor = compiler.getPreprocessor();
    preprocessor.addPPCallbacks(std::make_unique<DateWatcher>(preprocessor, result_));
    std::vector<std::unique_ptr<clang::ASTConsumer>> consumers;
    consumers.push_back(std::make_unique<TestFinder>(compiler, directory_, result_));
    if (timed_) consumers.push_back(make_frontend_clock(result_.times));
    if (audit_) {
      audit_->start();
      consumers.push_back(audit_->make_consumer());
    }
    consumers.push_back(std::move(generator));
    if (timed_) consumers.push_back(make_backend_clock(result_.times));
    auto all = std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
    if (audit_) use_prelude_reader(compiler, *all);
    return all;
  }

 private:
  std::string directory_;
  bool timed_;
  CompileResult& result_;
  PreludeAudit* audit_;
};

/// Everything of one compilation; on the heap, so that after a crash it can be left behind as it is.
struct Job {
  Job(const dyad_compile& what, bool is_timed, std::shared_ptr<const LoadedPrelude> with)
      : source(view(what.source).str()),
        directory(view(what.directory).str()),
        main_symbol(view(what.main_symbol).str()),
        arguments(strings(what.args)),
        output(what.output),
        colour(what.colour != 0),
        timed(is_timed),
        prelude(std::move(with)),
        files(llvm::makeIntrusiveRefCnt<RecordingFileSystem>(directory)),
        text(colour) {}

  std::string source, directory, main_symbol;
  std::vector<std::string> arguments;
  std::uint32_t output;
  bool colour, timed;
  std::shared_ptr<const LoadedPrelude> prelude;  ///< null: none
  std::string objection;                         ///< why the prelude cannot be used, or empty
  llvm::IntrusiveRefCntPtr<RecordingFileSystem> files;
  llvm::IntrusiveRefCntPtr<const RecordingFileSystem> driver_files;
  DiagnosticText text;
  CompileResult result;
};

bool is_ir(llvm::StringRef source) { return source.ends_with(".ll") || source.ends_with(".bc"); }

/// Clang's actions write what they make of IR to a file; this does the same in memory.
bool emit_ir(clang::CompilerInstance& compiler, Job& job) {
  auto buffer = job.files->getBufferForFile(job.source);
  if (!buffer) {
    job.text.stream << error_line("cannot read " + job.source + ": " + buffer.getError().message(), job.colour);
    return false;
  }
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  if (job.timed) job.result.times.begin(DYAD_PHASE_PARSE);
  std::unique_ptr<llvm::Module> module = llvm::parseIR((*buffer)->getMemBufferRef(), problem, context);
  if (!module) {
    problem.print(nullptr, job.text.stream, job.colour);
    return false;
  }
  if (!compiler.createTarget()) return false;
  const std::string layout = compiler.getTarget().getDataLayoutString();
  module->setTargetTriple(compiler.getTarget().getTriple());
  if (module->getDataLayoutStr().empty()) module->setDataLayout(layout);
  clang::emitBackendOutput(compiler, compiler.getCodeGenOpts(), layout, module.get(),
                           job.output == DYAD_OUTPUT_BITCODE ? clang::Backend_EmitBC : clang::Backend_EmitObj,
                           job.files, std::make_unique<llvm::raw_svector_ostream>(job.result.output));
  job.result.times.end();
  return !compiler.getDiagnostics().hasErrorOccurred();
}

std::string missing_headers() {
  const std::string directory = resource_directory();
  if (llvm::sys::fs::exists(directory + "/include/stddef.h")) return {};
  return "clang's own headers are not in " + directory + ": install libclang-common-22-dev";
}

void run(Job& job) {
  static const std::string missing = missing_headers();
  if (!missing.empty()) {
    job.text.stream << error_line(missing, job.colour);
    return;
  }
  DriverResult driver = cc1_arguments(job.source, job.directory, job.arguments);
  job.driver_files = driver.files;
  job.text.stream << driver.diagnostics;
  if (!driver.ok) return;

  if (job.prelude) {
    driver.arguments.insert(driver.arguments.end() - 1, "-fmodule-file=" + kPreludeModule.str());
    auto source = std::move(driver.arguments.back());
    driver.arguments.pop_back();
    add_module_arguments(driver.arguments);
    driver.arguments.push_back(std::move(source));
    job.files->give(kPreludeModule, job.prelude->module().getMemBufferRef());
    for (const auto& [name, text] : job.prelude->notes().sources)
      job.files->give((kPreludeDirectory + "/" + name).str(), {text, name});
    job.files->share([prelude = job.prelude.get()](llvm::StringRef path) { return prelude->header(path); });
  }
  auto invocation = make_invocation(driver.arguments, job.colour, job.text);
  if (!invocation) return;
  if (job.prelude)  // what it was made of is among the facts of whoever uses it
    invocation->getPreprocessorOpts().DisablePCHOrModuleValidation = clang::DisableValidationForModuleKind::All;

  ModuleJob module_job{
      job.main_symbol, is_ir(job.source) ? job.source : std::string(), {}, job.files.get(), &job.result};
  for (const auto& entry : invocation->getHeaderSearchOpts().UserEntries)
    if (entry.Group == clang::frontend::Angled) module_job.include_directories.push_back(entry.Path);
  invocation->getCodeGenOpts().PassBuilderCallbacks.push_back(
      [&module_job](llvm::PassBuilder& builder) { register_module_passes(builder, module_job); });
  if (job.timed)
    invocation->getCodeGenOpts().PassBuilderCallbacks.push_back(
        [&job](llvm::PassBuilder& builder) { register_phase_passes(builder, job.result.times); });

  DiagnosticPrinter printer(job.text, invocation->getDiagnosticOpts());
  clang::CompilerInstance compiler(invocation);
  compiler.setVerboseOutputStream(job.text.stream);
  compiler.createVirtualFileSystem(job.files, &printer);
  compiler.createDiagnostics(&printer, /*ShouldOwnClient=*/false);
  compiler.createFileManager();
  compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(job.result.output));

  std::optional<PreludeAudit> audit;
  if (job.prelude) audit.emplace(*job.prelude, *job.files, compiler);
  bool done = false;
  if (is_ir(job.source)) {
    done = emit_ir(compiler, job);
  } else if (job.output == DYAD_OUTPUT_BITCODE) {
    FindAndEmit<clang::EmitBCAction> action(job.directory, job.timed, job.result, audit ? &*audit : nullptr);
    done = execute(compiler, action);
  } else {
    FindAndEmit<clang::EmitObjAction> action(job.directory, job.timed, job.result, audit ? &*audit : nullptr);
    done = execute(compiler, action);
  }
  if (audit) {
    job.objection = audit->objection();
    if (job.objection.empty() && !(done && job.text.text.empty()))
      job.objection = "a diagnostic: " + llvm::StringRef(job.text.text).split('\n').first.str();
    if (!job.objection.empty()) return;
  }
  if (!done || compiler.getDiagnostics().hasErrorOccurred()) return;
  job.result.symbols = read_symbols({job.result.output.data(), job.result.output.size()});
  // Whoever calls this main has to name the array for it.
  if (job.result.main_takes_environment) job.result.symbols.push_back({DYAD_SYMBOL_UNDEFINED, "environ"});
  job.result.status = DYAD_COMPILE_OK;
}

/// The finished job, or null and a reason: then it must be done without.
std::unique_ptr<Job> compile_with_prelude(const dyad_compile& what, bool is_timed, std::string& why_not) {
  const llvm::StringRef source = view(what.source);
  if (what.output != DYAD_OUTPUT_OBJECT || is_ir(source) || llvm::sys::path::extension(source) == ".c") {
    why_not = "not an object of a C++ source";
    return nullptr;
  }
  auto prelude = LoadedPrelude::load(view(what.prelude_module).str(), view(what.prelude_notes).str());
  if (!prelude) {
    why_not = "it cannot be read";
    return nullptr;
  }
  auto job = std::make_unique<Job>(what, is_timed, std::move(prelude));
  if (run_guarded([&] { run(*job); })) {
    why_not = "the compiler crashed";
    job.release();  // it may still refer to it
    return nullptr;
  }
  if (job->result.status != DYAD_COMPILE_OK || !job->objection.empty()) {
    why_not = job->objection.empty() ? "a diagnostic" : job->objection;
    return nullptr;
  }
  job->files->finish();
  return job;
}

}  // namespace

std::uint32_t compile(const dyad_compile& what, const dyad_compile_sink& sink) {
  const bool is_timed = sink.phase != nullptr, is_asked_for = what.prelude_module.size != 0;
  std::string why_not;
  if (is_asked_for) {
    if (auto job = compile_with_prelude(what, is_timed, why_not)) {
      if (sink.prelude) sink.prelude(sink.user, 1, {nullptr, 0});
      deliver(job->result, {job->driver_files.get(), job->files.get()}, sink);
      return job->result.status;
    }
    if (sink.prelude) sink.prelude(sink.user, 0, str(why_not));
  }
  auto job = std::make_unique<Job>(what, is_timed, nullptr);
  const auto crash = run_guarded([&] { run(*job); });
  if (crash) {
    CompileResult result;
    result.status = DYAD_COMPILE_CRASHED;
    result.diagnostics =
        job->text.text + error_line("the compiler crashed on " + job->source + ": " + *crash, job->colour);
    job->files->finish();
    deliver(result, {job->driver_files.get(), job->files.get()}, sink);
    job.release();  // the crashed compiler may still refer to it
    return DYAD_COMPILE_CRASHED;
  }
  job->files->finish();
  job->result.diagnostics = std::move(job->text.text);
  deliver(job->result, {job->driver_files.get(), job->files.get()}, sink);
  return job->result.status;
}

}  // namespace dyad::codegen
