#include "codegen/table.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "backends/abi/wire.h"
#include "codegen/boundary.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/diagnostics.hpp"
#include "codegen/emitter.hpp"
#include "codegen/object_symbols.hpp"

namespace dyad::codegen {

namespace {

class TableModule {
 public:
  TableModule(llvm::LLVMContext& context, const llvm::TargetMachine& machine)
      : module_("dyad table", context), builder_(context), pointer_(builder_.getPtrTy()), word_(builder_.getInt32Ty()) {
    module_.setTargetTriple(machine.getTargetTriple());
    module_.setDataLayout(machine.createDataLayout());
    module_.setPICLevel(llvm::PICLevel::BigPIC);
    module_.setUwtable(llvm::UWTableKind::Async);  // what a test throws passes through the dispatchers
    module_.setFramePointer(llvm::FramePointerKind::All);
  }

  llvm::Module& module() { return module_; }

  void add_rows(const dyad_table& what) {
    llvm::StructType* row_type = llvm::StructType::get(pointer_, pointer_, word_, word_);
    std::vector<llvm::Constant*> rows;
    for (std::size_t i = 0; i < what.count; ++i) {
      const dyad_table_row& row = what.rows[i];
      rows.push_back(llvm::ConstantStruct::get(row_type, {text(view(row.name)), text(view(row.file)),
                                                          builder_.getInt32(row.line), builder_.getInt32(row.kind)}));
    }
    if (rows.empty()) rows.push_back(llvm::Constant::getNullValue(row_type));
    auto* array = llvm::ArrayType::get(row_type, rows.size());
    define("dyad_table_entries", llvm::ConstantArray::get(array, rows));
    define("dyad_table_count", builder_.getInt32(static_cast<std::uint32_t>(what.count)));
    define("dyad_table_package", llvm::ConstantDataArray::getString(module_.getContext(), view(what.package)));

    llvm::Constant* own_main = llvm::ConstantPointerNull::get(pointer_);
    if (what.own_main.size) own_main = declare(view(what.own_main), main_type());
    define("dyad_own_main", own_main);
  }

  /// `R dyad_dispatch...(uint32_t index, ...)`: a switch over the rows of `kind` that calls each row's symbol.
  void add_dispatcher(llvm::StringRef name, const dyad_table& what, std::uint32_t kind,
                      llvm::FunctionType* callee_type) {
    std::vector<llvm::Type*> parameters{word_};
    parameters.insert(parameters.end(), callee_type->param_begin(), callee_type->param_end());
    auto* function = llvm::Function::Create(llvm::FunctionType::get(callee_type->getReturnType(), parameters, false),
                                            llvm::GlobalValue::ExternalLinkage, name, module_);
    hide(function);
    function->setUWTableKind(llvm::UWTableKind::Async);
    function->addFnAttr("frame-pointer", "all");

    auto block = [&](llvm::StringRef label) { return llvm::BasicBlock::Create(module_.getContext(), label, function); };
    llvm::BasicBlock* entry = block("entry");
    llvm::BasicBlock* unknown = block("unknown");
    builder_.SetInsertPoint(unknown);  // an index of the other kind or past the end is a bug of the runtime
    builder_.CreateIntrinsic(builder_.getVoidTy(), llvm::Intrinsic::trap, {});
    builder_.CreateUnreachable();

    builder_.SetInsertPoint(entry);
    llvm::SwitchInst* choice = builder_.CreateSwitch(function->getArg(0), unknown);
    std::vector<llvm::Value*> arguments;
    for (unsigned i = 1; i < function->arg_size(); ++i) arguments.push_back(function->getArg(i));
    for (std::size_t i = 0; i < what.count; ++i) {
      if (what.rows[i].kind != kind) continue;
      llvm::BasicBlock* target = block("");
      choice->addCase(builder_.getInt32(static_cast<std::uint32_t>(i)), target);
      builder_.SetInsertPoint(target);
      llvm::CallInst* call =
          builder_.CreateCall(callee_type, declare(view(what.rows[i].symbol), callee_type), arguments);
      if (callee_type->getReturnType()->isVoidTy())
        builder_.CreateRetVoid();
      else
        builder_.CreateRet(call);
    }
  }

  llvm::FunctionType* test_type() { return llvm::FunctionType::get(builder_.getVoidTy(), {pointer_}, false); }
  llvm::FunctionType* main_type() { return llvm::FunctionType::get(word_, {word_, pointer_, pointer_}, false); }

 private:
  static void hide(llvm::GlobalValue* value) {
    value->setVisibility(llvm::GlobalValue::HiddenVisibility);
    value->setDSOLocal(true);
  }

  llvm::Constant* text(llvm::StringRef value) {
    llvm::Constant*& known = texts_[value];
    if (!known) known = builder_.CreateGlobalString(value, "", 0, &module_);
    return known;
  }

  void define(llvm::StringRef name, llvm::Constant* value) {
    hide(new llvm::GlobalVariable(module_, value->getType(), /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage,
                                  value, name));
  }

  llvm::Constant* declare(llvm::StringRef name, llvm::FunctionType* type) {
    llvm::Function* function = module_.getFunction(name);
    if (!function) {
      function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
      hide(function);
    }
    return function;
  }

  llvm::Module module_;
  llvm::IRBuilder<> builder_;
  llvm::PointerType* pointer_;
  llvm::IntegerType* word_;
  llvm::StringMap<llvm::Constant*> texts_;
};

Result<void> make(const dyad_table& what, CompileResult& result) {
  auto machine = make_target_machine(what.optimise);
  if (!machine) return fail(machine.error());
  llvm::LLVMContext context;
  TableModule table(context, **machine);
  table.add_rows(what);
  table.add_dispatcher("dyad_dispatch", what, DYAD_TEST_NATIVE, table.test_type());
  table.add_dispatcher("dyad_dispatch_main", what, DYAD_TEST_MAIN, table.main_type());
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(table.module(), &stream)) return fail(problem);
  if (auto emitted = emit(table.module(), **machine, what.output, result.output); !emitted) return emitted;
  result.symbols = read_symbols({result.output.data(), result.output.size()});
  return {};
}

}  // namespace

std::uint32_t table(const dyad_table& what, const dyad_compile_sink& sink) {
  CompileResult result;
  Result<void> made;
  constexpr std::size_t kStack = std::size_t{1} << 20;  // a table is data: nothing nests
  const auto crash = run_guarded([&] { made = make(what, result); }, kStack);
  if (crash || !made) {
    CompileResult failure;
    failure.diagnostics = error_line("test table of " + view(what.package).str() + ": " +
                                         (crash ? "the code generator crashed: " + *crash : made.error().text),
                                     /*colour=*/false);
    deliver(failure, {}, sink);
    return 1;
  }
  result.status = DYAD_COMPILE_OK;
  deliver(result, {}, sink);
  return 0;
}

}  // namespace dyad::codegen
