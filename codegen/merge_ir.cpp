#include "codegen/merge_ir.hpp"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include "codegen/boundary.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/diagnostics.hpp"
#include "host/base/result.hpp"

namespace dyad::codegen {

namespace {

/// Keeps what LLVM says instead of printing it and ending the process.
struct Listener : llvm::DiagnosticHandler {
  explicit Listener(std::string& said) : said_(said) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream stream(said_);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    if (!said_.empty()) stream << "; ";
    info.print(printer);
    return true;
  }
  std::string& said_;
};

class Merger {
 public:
  Merger() : module_("package", context_), linker_(module_) {
    context_.setDiagnosticHandler(std::make_unique<Listener>(said_));
  }

  Result<void> add(const std::string& path) { return link(path, llvm::Linker::None); }

  /// Adds what is wanted from the libraries until nothing changes.
  Result<void> add_wanted(const std::vector<std::string>& paths) {
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::string& path : paths) {
        auto library = load(path);
        if (!library) return fail(library.error());
        if (!is_wanted(**library)) continue;
        if (linker_.linkInModule(std::move(*library), llvm::Linker::LinkOnlyNeeded)) return failure(path);
        changed = true;
      }
    }
    return {};
  }

  Result<void> print(llvm::SmallVectorImpl<char>& output) {
    std::string problem;
    llvm::raw_string_ostream problems(problem);
    if (llvm::verifyModule(module_, &problems)) return fail("the merged module is not valid: " + problem);
    llvm::raw_svector_ostream stream(output);
    module_.print(stream, nullptr);
    return {};
  }

 private:
  Result<std::unique_ptr<llvm::Module>> load(const std::string& path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer) return fail("cannot read " + path + ": " + buffer.getError().message());
    auto module = llvm::parseBitcodeFile((*buffer)->getMemBufferRef(), context_);
    if (!module) return fail(path + ": " + llvm::toString(module.takeError()));
    return std::move(*module);
  }

  Result<void> link(const std::string& path, unsigned flags) {
    auto module = load(path);
    if (!module) return fail(module.error());
    if (module_.getTargetTriple().empty()) {  // the first one decides
      module_.setTargetTriple((*module)->getTargetTriple());
      module_.setDataLayout((*module)->getDataLayout());
    }
    if (linker_.linkInModule(std::move(*module), flags)) return failure(path);
    return {};
  }

  bool is_wanted(const llvm::Module& library) const {
    for (const llvm::GlobalValue& value : library.global_values()) {
      if (value.isDeclaration() || value.hasLocalLinkage()) continue;
      const llvm::GlobalValue* known = module_.getNamedValue(value.getName());
      if (known && known->isDeclaration() && !known->hasExternalWeakLinkage()) return true;
    }
    return false;
  }

  std::unexpected<Error> failure(const std::string& path) const {
    return fail("cannot merge " + path + (said_.empty() ? "" : ": " + said_));
  }

  std::string said_;
  llvm::LLVMContext context_;
  llvm::Module module_;
  llvm::Linker linker_;
};

Result<void> merge(const std::vector<std::string>& objects, const std::vector<std::string>& libraries,
                   llvm::SmallVectorImpl<char>& output) {
  Merger merger;
  for (const std::string& path : objects)
    if (auto added = merger.add(path); !added) return added;
  if (auto added = merger.add_wanted(libraries); !added) return added;
  return merger.print(output);
}

}  // namespace

std::uint32_t merge_ir(dyad_strs objects, dyad_strs libraries, const dyad_compile_sink& sink) {
  CompileResult result;
  Result<void> merged;
  const auto crash = run_guarded([&] { merged = merge(strings(objects), strings(libraries), result.output); });
  if (crash || !merged) {
    CompileResult failed;
    failed.diagnostics = error_line(crash ? "LLVM's linker crashed: " + *crash : merged.error().text, /*colour=*/false);
    deliver(failed, {}, sink);
    return 1;
  }
  result.status = DYAD_COMPILE_OK;
  deliver(result, {}, sink);
  return 0;
}

}  // namespace dyad::codegen
