#include "codegen/invocation.hpp"

namespace dyad::codegen {

std::shared_ptr<clang::CompilerInvocation> make_invocation(const std::vector<std::string>& arguments, bool colour,
                                                           DiagnosticText& text) {
  clang::DiagnosticOptions options;
  options.ShowColors = colour;
  DiagnosticPrinter printer(text, options);
  clang::DiagnosticsEngine diagnostics(llvm::makeIntrusiveRefCnt<clang::DiagnosticIDs>(), options, &printer,
                                       /*ShouldOwnClient=*/false);
  std::vector<const char*> argv;
  argv.reserve(arguments.size());
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!clang::CompilerInvocation::CreateFromArgs(*invocation, argv, diagnostics)) return nullptr;

  clang::FrontendOptions& frontend = invocation->getFrontendOpts();
  const bool emits =
      frontend.ProgramAction == clang::frontend::EmitObj || frontend.ProgramAction == clang::frontend::EmitBC;
  if (!emits || !frontend.LLVMArgs.empty() || !frontend.Plugins.empty() ||
      !invocation->getCodeGenOpts().PassPlugins.empty() || frontend.Inputs.size() != 1) {
    text.stream << error_line("the arguments ask for something else than one object file, or for a plugin", colour);
    return nullptr;
  }
  // The process lives on: memory is given back, and no file beside the object is written.
  frontend.DisableFree = false;
  frontend.ShowStats = false;
  invocation->getCodeGenOpts().DisableFree = false;
  invocation->getCodeGenOpts().ClearASTBeforeBackend = false;
  invocation->getCodeGenOpts().DisableLLVMPasses = false;
  invocation->getDependencyOutputOpts() = {};
  clang::DiagnosticOptions& shown = invocation->getDiagnosticOpts();
  shown.ShowColors = colour;
  shown.MessageLength = 0;
  shown.DiagnosticLogFile.clear();
  shown.DiagnosticSerializationFile.clear();
  return invocation;
}

bool execute(clang::CompilerInstance& compiler, clang::FrontendAction& action) noexcept {
  return compiler.ExecuteAction(action);
}

void add_module_arguments(std::vector<std::string>& arguments) {
  arguments.insert(arguments.end(), {"-fmodules", "-fno-cxx-modules", "-fno-implicit-modules"});
}

}  // namespace dyad::codegen
