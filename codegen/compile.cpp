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
#include "codegen/module_passes.hpp"
#include "codegen/object_symbols.hpp"
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

/// Clang's own action for objects or bitcode, with the test finder put before the code generator.
template <class Action>
class FindAndEmit : public Action {
 public:
  FindAndEmit(std::string directory, bool timed, CompileResult& result)
      : directory_(std::move(directory)), timed_(timed), result_(result) {}

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
    consumers.push_back(std::move(generator));
    if (timed_) consumers.push_back(make_backend_clock(result_.times));
    return std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
  }

 private:
  std::string directory_;
  bool timed_;
  CompileResult& result_;
};

/// Everything of one compilation; on the heap, so that after a crash it can be left behind as it is.
struct Job {
  Job(const dyad_compile& what, bool is_timed)
      : source(view(what.source).str()),
        directory(view(what.directory).str()),
        main_symbol(view(what.main_symbol).str()),
        arguments(strings(what.args)),
        output(what.output),
        colour(what.colour != 0),
        timed(is_timed),
        files(llvm::makeIntrusiveRefCnt<RecordingFileSystem>(directory)),
        text(colour) {}

  std::string source, directory, main_symbol;
  std::vector<std::string> arguments;
  std::uint32_t output;
  bool colour, timed;
  llvm::IntrusiveRefCntPtr<RecordingFileSystem> files;
  llvm::IntrusiveRefCntPtr<const RecordingFileSystem> driver_files;
  DiagnosticText text;
  CompileResult result;
};

bool is_ir(llvm::StringRef source) { return source.ends_with(".ll") || source.ends_with(".bc"); }

/// Turns cc1 arguments into an invocation that writes nothing and leaks nothing. False: the diagnostics say why.
bool make_invocation(const std::vector<std::string>& arguments, clang::CompilerInvocation& invocation, Job& job) {
  clang::DiagnosticOptions options;
  options.ShowColors = job.colour;
  DiagnosticPrinter printer(job.text, options);
  clang::DiagnosticsEngine diagnostics(llvm::makeIntrusiveRefCnt<clang::DiagnosticIDs>(), options, &printer,
                                       /*ShouldOwnClient=*/false);
  std::vector<const char*> argv;
  argv.reserve(arguments.size());
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  if (!clang::CompilerInvocation::CreateFromArgs(invocation, argv, diagnostics)) return false;

  clang::FrontendOptions& frontend = invocation.getFrontendOpts();
  const bool emits =
      frontend.ProgramAction == clang::frontend::EmitObj || frontend.ProgramAction == clang::frontend::EmitBC;
  if (!emits || !frontend.LLVMArgs.empty() || !frontend.Plugins.empty() ||
      !invocation.getCodeGenOpts().PassPlugins.empty() || frontend.Inputs.size() != 1) {
    job.text.stream << error_line("the arguments ask for something else than one object file, or for a plugin",
                                  job.colour);
    return false;
  }
  // The process lives on: memory is given back, and no file beside the object is written.
  frontend.DisableFree = false;
  frontend.ShowStats = false;
  invocation.getCodeGenOpts().DisableFree = false;
  invocation.getCodeGenOpts().ClearASTBeforeBackend = false;
  invocation.getCodeGenOpts().DisableLLVMPasses = false;
  invocation.getDependencyOutputOpts() = {};
  clang::DiagnosticOptions& shown = invocation.getDiagnosticOpts();
  shown.ShowColors = job.colour;
  shown.MessageLength = 0;
  shown.DiagnosticLogFile.clear();
  shown.DiagnosticSerializationFile.clear();
  return true;
}

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

  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!make_invocation(driver.arguments, *invocation, job)) return;

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

  bool done = false;
  if (is_ir(job.source)) {
    done = emit_ir(compiler, job);
  } else if (job.output == DYAD_OUTPUT_BITCODE) {
    FindAndEmit<clang::EmitBCAction> action(job.directory, job.timed, job.result);
    done = compiler.ExecuteAction(action);
  } else {
    FindAndEmit<clang::EmitObjAction> action(job.directory, job.timed, job.result);
    done = compiler.ExecuteAction(action);
  }
  if (!done || compiler.getDiagnostics().hasErrorOccurred()) return;
  job.result.symbols = read_symbols({job.result.output.data(), job.result.output.size()});
  // Whoever calls this main has to name the array for it.
  if (job.result.main_takes_environment) job.result.symbols.push_back({DYAD_SYMBOL_UNDEFINED, "environ"});
  job.result.status = DYAD_COMPILE_OK;
}

}  // namespace

std::uint32_t compile(const dyad_compile& what, const dyad_compile_sink& sink) {
  auto job = std::make_unique<Job>(what, sink.phase != nullptr);
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
