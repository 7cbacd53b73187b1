/// Code for exceptions is selected as fast as other code: invokes, which are calls that may throw to a place in the
/// function, and landing pads, which are such places.
///
/// Without optimisation LLVM selects machine instructions with FastISel, from the end of a block to its beginning, and
/// what this does not know and all that is before it in the block with SelectionDAG, which takes several times as long.
/// It knows neither invokes nor landing pads, and with one of these every second block of a test ends or begins. Here an
/// invoke is selected as FastISel selects a call, with the labels and successors that
/// SelectionDAGBuilder::visitInvoke() gives it, and a landing pad as its visitLandingPad() does it. What FastISel cannot
/// call is left to SelectionDAG.
///
/// The linker passes all calls of FastISel::selectInstruction through here (CMakeLists.txt: --wrap).

#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/CodeGen/FastISel.h>
#include <llvm/CodeGen/FunctionLoweringInfo.h>
#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineInstrBuilder.h>
#include <llvm/CodeGen/TargetInstrInfo.h>
#include <llvm/IR/EHPersonalities.h>
#include <llvm/IR/Instructions.h>
#include <llvm/MC/MCContext.h>

#include <utility>

// As the member function: an Itanium C++ ABI has `this` as the first argument.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
bool select_as_llvm(llvm::FastISel*, const llvm::Instruction*) asm(
    "__real__ZN4llvm8FastISel17selectInstructionEPKNS_11InstructionE");
bool select_instruction(llvm::FastISel*, const llvm::Instruction*) asm(
    "__wrap__ZN4llvm8FastISel17selectInstructionEPKNS_11InstructionE");
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using llvm::FastISel;

// What selectInstruction() uses and is private: whoever names a member in an explicit instantiation is not asked whether
// he may.
template <auto member, class Name>
struct Private {
  friend constexpr auto member_of(Name) { return member; }
};
struct Flush {
  friend constexpr auto member_of(Flush);
};
struct HandlePhis {
  friend constexpr auto member_of(HandlePhis);
};
struct RemoveDeadLocals {
  friend constexpr auto member_of(RemoveDeadLocals);
};
struct SavedPoint {
  friend constexpr auto member_of(SavedPoint);
};
template struct Private<&FastISel::flushLocalValueMap, Flush>;
template struct Private<&FastISel::handlePHINodesInSuccessorBlocks, HandlePhis>;
template struct Private<&FastISel::removeDeadLocalValueCode, RemoveDeadLocals>;
template struct Private<&FastISel::SavedInsertPt, SavedPoint>;

}  // namespace

namespace dyad::codegen {

/// What FastISel lets derived classes do, with objects of others: it adds nothing to them. It has a name outside of this
/// file, so that a compiler does not conclude that there are no such objects.
class Selector : public FastISel {
 public:
  bool select(const llvm::InvokeInst& invoke);
  bool select(const llvm::LandingPadInst& pad);

 private:
  bool lower(const llvm::InvokeInst& invoke);
  llvm::MachineInstr* lower_call(const llvm::InvokeInst& invoke);
  llvm::MCSymbol* add_label(llvm::MachineInstr* before);
};

namespace {

bool can_be_called_fast(const llvm::InvokeInst& invoke) {
  if (invoke.hasOperandBundles() || invoke.isInlineAsm() || invoke.getIntrinsicID() != llvm::Intrinsic::not_intrinsic)
    return false;
  const auto personality = llvm::classifyEHPersonality(invoke.getFunction()->getPersonalityFn());
  return (personality == llvm::EHPersonality::GNU_CXX || personality == llvm::EHPersonality::GNU_C) &&
         invoke.getUnwindDest()->isLandingPad();
}

}  // namespace

/// As selectInstruction() does it.
bool Selector::select(const llvm::InvokeInst& invoke) {
  (this->*member_of(Flush()))();
  llvm::MachineInstr* last_local = getLastLocalValue();
  const auto remove_locals = [&] { (this->*member_of(RemoveDeadLocals()))(last_local); };
  if (!(this->*member_of(HandlePhis()))(invoke.getParent())) {
    remove_locals();
    return false;
  }
  MIMD = llvm::MIMetadata(invoke);
  auto& saved = this->*member_of(SavedPoint());
  saved = FuncInfo.InsertPt;
  const bool done = lower(invoke);
  if (!done) {
    recomputeInsertPt();
    if (saved != FuncInfo.InsertPt) removeDeadCode(FuncInfo.InsertPt, saved);
  }
  MIMD = {};
  if (done) return true;
  remove_locals();
  FuncInfo.PHINodesToUpdate.resize(FuncInfo.OrigNumPHINodesToUpdate);
  return false;
}

/// The labels are beside the call itself: FastISel takes those at the beginning of what it has selected of a block for
/// the block's own, and would put what comes before the call behind them.
bool Selector::lower(const llvm::InvokeInst& invoke) {
  llvm::MachineInstr* call = lower_call(invoke);
  if (!call) return false;
  llvm::MachineBasicBlock* unwind = FuncInfo.getMBB(invoke.getUnwindDest());
  MF->addInvoke(unwind, add_label(call), add_label(call->getNextNode()));
  unwind->setIsEHPad();
  fastEmitBranch(FuncInfo.getMBB(invoke.getNormalDest()), MIMD.getDL());
  if (FuncInfo.BPI)
    FuncInfo.MBB->addSuccessor(unwind, FuncInfo.BPI->getEdgeProbability(invoke.getParent(), invoke.getUnwindDest()));
  else
    FuncInfo.MBB->addSuccessorWithoutProb(unwind);
  return true;
}

llvm::MCSymbol* Selector::add_label(llvm::MachineInstr* before) {
  llvm::MCSymbol* label = MF->getContext().createTempSymbol();
  const auto place = before ? before->getIterator() : FuncInfo.MBB->end();
  llvm::BuildMI(*FuncInfo.MBB, place, MIMD, TII.get(llvm::TargetOpcode::EH_LABEL)).addSym(label);
  return label;
}

/// FastISel::lowerCall() for an invoke, which cannot be a tail call. The call, or null.
llvm::MachineInstr* Selector::lower_call(const llvm::InvokeInst& invoke) {
  ArgListTy arguments;
  arguments.reserve(invoke.arg_size());
  for (unsigned i = 0; i < invoke.arg_size(); ++i) {
    llvm::Value* value = invoke.getArgOperand(i);
    if (value->getType()->isEmptyTy()) continue;
    ArgListEntry entry(value);
    entry.setAttributes(&invoke, i);
    arguments.push_back(entry);
  }
  CallLoweringInfo call;
  call.setCallee(invoke.getType(), invoke.getFunctionType(), invoke.getCalledOperand(), std::move(arguments), invoke);
  return lowerCallTo(call) ? call.Call : nullptr;
}

/// What was thrown and which clause it is for, a pointer and an int, came in registers that were copied already.
bool Selector::select(const llvm::LandingPadInst& pad) {
  const auto* type = llvm::dyn_cast<llvm::StructType>(pad.getType());
  if (!type || type->getNumElements() != 2 || !type->getElementType(0)->isPointerTy() ||
      !type->getElementType(1)->isIntegerTy(32) || !FuncInfo.ExceptionPointerVirtReg ||
      !FuncInfo.ExceptionSelectorVirtReg)
    return false;
  (this->*member_of(Flush()))();
  MIMD = llvm::MIMetadata(pad);
  const llvm::MVT word = TLI.getPointerTy(DL);
  const llvm::Register which =
      word == llvm::MVT::i32 ? FuncInfo.ExceptionSelectorVirtReg
                             : fastEmit_r(word, llvm::MVT::i32, llvm::ISD::TRUNCATE, FuncInfo.ExceptionSelectorVirtReg);
  MIMD = {};
  if (!which) return false;
  const auto known = FuncInfo.ValueMap.find(&pad);
  const llvm::Register value = known != FuncInfo.ValueMap.end() ? known->second : FuncInfo.InitializeRegForValue(&pad);
  const auto copy = [&](unsigned offset, llvm::Register from) {
    llvm::BuildMI(*FuncInfo.MBB, FuncInfo.InsertPt, llvm::MIMetadata(pad), TII.get(llvm::TargetOpcode::COPY),
                  llvm::Register(value.id() + offset))
        .addReg(from);
  };
  copy(0, FuncInfo.ExceptionPointerVirtReg);
  copy(1, which);
  return true;
}

}  // namespace dyad::codegen

bool select_instruction(llvm::FastISel* selector, const llvm::Instruction* instruction) {
  auto* ours = static_cast<dyad::codegen::Selector*>(selector);
  if (const auto* invoke = llvm::dyn_cast<llvm::InvokeInst>(instruction))
    return dyad::codegen::can_be_called_fast(*invoke) ? ours->select(*invoke) : select_as_llvm(selector, instruction);
  if (const auto* pad = llvm::dyn_cast<llvm::LandingPadInst>(instruction)) return ours->select(*pad);
  return select_as_llvm(selector, instruction);
}
