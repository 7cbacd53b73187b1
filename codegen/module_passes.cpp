#include "codegen/module_passes.hpp"

#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/Path.h>

#include <algorithm>

#include "codegen/test_finder.hpp"

namespace dyad::codegen {

namespace {

/// Line of `define ... @NAME(` in the text of a module, or 0.
std::uint32_t definition_line(llvm::StringRef text, llvm::StringRef name) {
  const std::string plain = ("@" + name + "(").str(), quoted = ("@\"" + name + "\"(").str();
  std::uint32_t line = 0;
  while (!text.empty()) {
    auto [first, rest] = text.split('\n');
    ++line;
    if (first.ltrim().starts_with("define") && (first.contains(plain) || first.contains(quoted))) return line;
    text = rest;
  }
  return 0;
}

std::uint32_t line_of(const llvm::Function& function, llvm::StringRef text) {
  if (const llvm::DISubprogram* program = function.getSubprogram()) return program->getLine();
  return definition_line(text, function.getName());
}

void read_ir_module(const llvm::Module& module, const ModuleJob& job) {
  std::string text;
  if (llvm::StringRef(job.ir_source).ends_with(".ll"))
    if (auto buffer = job.files->getBufferForFile(job.ir_source)) text = (*buffer)->getBuffer().str();
  CompileResult& result = *job.result;
  for (const llvm::Function& function : module) {
    if (function.isDeclaration() || !function.hasExternalLinkage()) continue;
    if (function.getName() == "main") {
      result.main_line = line_of(function, text);
      continue;
    }
    result.definitions.push_back({function.getName().str(), ""});
    if (is_test_name(function.getName()) && function.getReturnType()->isVoidTy() && function.arg_size() == 1 &&
        !function.isVarArg() && function.getArg(0)->getType()->isPointerTy())
      result.tests.push_back(
          {function.getName().str(), function.getName().str(), job.ir_source, line_of(function, text)});
  }
  for (const llvm::GlobalVariable& variable : module.globals())
    if (!variable.isDeclaration() && variable.hasExternalLinkage())
      result.definitions.push_back({variable.getName().str(), ""});
}

/// Makes the names of files that assembler text includes absolute. The assembler opens them itself, relative to the
/// working directory of the process, which is not the compilation's; and what it reads must be known as an input.
std::string with_absolute_includes(llvm::StringRef assembly, const ModuleJob& job, bool is_inline) {
  std::string result;
  while (!assembly.empty()) {
    const std::size_t at = std::min(assembly.find(".incbin"), assembly.find(".include"));
    if (at == llvm::StringRef::npos) break;
    const std::size_t quote = assembly.find_first_not_of(" \t", assembly.find_first_of(" \t\"", at));
    const std::size_t end = quote == llvm::StringRef::npos ? quote : assembly.find('"', quote + 1);
    if (end == llvm::StringRef::npos || assembly[quote] != '"') {
      result += assembly.take_front(at + 1);
      assembly = assembly.drop_front(at + 1);
      continue;
    }
    llvm::StringRef name = assembly.slice(quote + 1, end);
    std::string found = name.str();
    std::vector<std::string> places{""};
    if (!llvm::sys::path::is_absolute(name))
      places.insert(places.end(), job.include_directories.begin(), job.include_directories.end());
    for (const std::string& place : places) {
      llvm::SmallString<256> path(place);
      llvm::sys::path::append(path, name);
      if (auto error = job.files->makeAbsolute(path); error || !job.files->getBufferForFile(path)) continue;
      found.clear();
      for (char c : path) {
        if (c == '$' && is_inline) found += '$';
        found += c;
      }
      break;
    }
    result += assembly.take_front(quote + 1);
    result += found;
    assembly = assembly.drop_front(end);
  }
  return result + assembly.str();
}

void fix_assembler_includes(llvm::Module& module, const ModuleJob& job) {
  auto concerns = [](llvm::StringRef assembly) {
    return assembly.contains(".incbin") || assembly.contains(".include");
  };
  if (concerns(module.getModuleInlineAsm()))
    module.setModuleInlineAsm(with_absolute_includes(module.getModuleInlineAsm(), job, /*is_inline=*/false));
  for (llvm::Function& function : module)
    for (llvm::BasicBlock& block : function)
      for (llvm::Instruction& instruction : block) {
        auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
        auto* assembly = call ? llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand()) : nullptr;
        if (!assembly || !concerns(assembly->getAsmString())) continue;
        call->setCalledOperand(llvm::InlineAsm::get(
            assembly->getFunctionType(), with_absolute_includes(assembly->getAsmString(), job, /*is_inline=*/true),
            assembly->getConstraintString(), assembly->hasSideEffects(), assembly->isAlignStack(),
            assembly->getDialect(), assembly->canThrow()));
      }
}

class ModuleStart : public llvm::PassInfoMixin<ModuleStart> {
 public:
  explicit ModuleStart(const ModuleJob& job) : job_(&job) {}

  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
    if (!job_->ir_source.empty()) read_ir_module(module, *job_);
    fix_assembler_includes(module, *job_);

    llvm::Function* main = module.getFunction("main");
    if (!main || main->isDeclaration() || !main->hasExternalLinkage() || job_->main_symbol.empty())
      return llvm::PreservedAnalyses::none();
    main->setName(job_->main_symbol);
    job_->result->main_takes_environment = main->arg_size() > 2;
    return llvm::PreservedAnalyses::none();
  }

  static bool isRequired() { return true; }

 private:
  const ModuleJob* job_;
};

}  // namespace

void register_module_passes(llvm::PassBuilder& builder, const ModuleJob& job) {
  builder.registerPipelineStartEPCallback(
      [&job](llvm::ModulePassManager& passes, llvm::OptimizationLevel) { passes.addPass(ModuleStart(job)); });
}

}  // namespace dyad::codegen
