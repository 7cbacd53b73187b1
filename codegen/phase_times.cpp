#include "codegen/phase_times.hpp"

#include <clang/Sema/Sema.h>
#include <clang/Sema/SemaConsumer.h>
#include <clang/Sema/TemplateInstCallback.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>

#include <chrono>

namespace dyad::codegen {

namespace {

/// Instantiations with less than this between them are told as one: of a GoogleTest file tens instead of thousands.
constexpr std::int64_t kGap_ns = 1'000'000;

std::int64_t now_ns() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class InstantiationClock : public clang::TemplateInstantiationCallback {
 public:
  explicit InstantiationClock(PhaseTimes& times) : times_(times) {}
  void initialize(const clang::Sema&) override {}
  void finalize(const clang::Sema&) override {}
  void atTemplateBegin(const clang::Sema&, const clang::Sema::CodeSynthesisContext&) override {
    times_.begin_instantiation();
  }
  void atTemplateEnd(const clang::Sema&, const clang::Sema::CodeSynthesisContext&) override {
    times_.end_instantiation();
  }

 private:
  PhaseTimes& times_;
};

class FrontendClock : public clang::SemaConsumer {
 public:
  explicit FrontendClock(PhaseTimes& times) : times_(times) {}
  void InitializeSema(clang::Sema& sema) override {
    sema.TemplateInstCallbacks.push_back(std::make_unique<InstantiationClock>(times_));
    times_.begin(DYAD_PHASE_PARSE);
  }
  void HandleTranslationUnit(clang::ASTContext&) override { times_.begin(DYAD_PHASE_GENERATE); }

 private:
  PhaseTimes& times_;
};

class BackendClock : public clang::ASTConsumer {
 public:
  explicit BackendClock(PhaseTimes& times) : times_(times) {}
  void HandleTranslationUnit(clang::ASTContext&) override { times_.end(); }

 private:
  PhaseTimes& times_;
};

class PhasePass : public llvm::PassInfoMixin<PhasePass> {
 public:
  PhasePass(PhaseTimes& times, dyad_phase phase) : times_(&times), phase_(phase) {}
  llvm::PreservedAnalyses run(llvm::Module&, llvm::ModuleAnalysisManager&) {
    times_->begin(phase_);
    return llvm::PreservedAnalyses::all();
  }
  static bool isRequired() { return true; }

 private:
  PhaseTimes* times_;
  dyad_phase phase_;
};

}  // namespace

void PhaseTimes::begin(dyad_phase phase) {
  end();
  const std::int64_t now = now_ns();
  current_ = {phase, now, now, 0};
}

void PhaseTimes::end() {
  if (!current_) return;
  current_->end_ns = now_ns();
  current_->busy_ns = current_->end_ns - current_->begin_ns;
  list_.push_back(*current_);
  current_.reset();
  last_instantiation_.reset();
}

void PhaseTimes::begin_instantiation() {
  if (depth_++ == 0) instantiation_began_ns_ = now_ns();
}

void PhaseTimes::end_instantiation() {
  if (--depth_ > 0 || !current_) return;
  const std::int64_t now = now_ns(), took = now - instantiation_began_ns_;
  if (last_instantiation_ && instantiation_began_ns_ - list_[*last_instantiation_].end_ns < kGap_ns) {
    list_[*last_instantiation_].end_ns = now;
    list_[*last_instantiation_].busy_ns += took;
    return;
  }
  last_instantiation_ = list_.size();
  list_.push_back({DYAD_PHASE_INSTANTIATE, instantiation_began_ns_, now, took});
}

std::unique_ptr<clang::ASTConsumer> make_frontend_clock(PhaseTimes& times) {
  return std::make_unique<FrontendClock>(times);
}

std::unique_ptr<clang::ASTConsumer> make_backend_clock(PhaseTimes& times) {
  return std::make_unique<BackendClock>(times);
}

void register_phase_passes(llvm::PassBuilder& builder, PhaseTimes& times) {
  builder.registerPipelineStartEPCallback([&times](llvm::ModulePassManager& passes, llvm::OptimizationLevel) {
    passes.addPass(PhasePass(times, DYAD_PHASE_OPTIMISE));
  });
  builder.registerOptimizerLastEPCallback(
      [&times](llvm::ModulePassManager& passes, llvm::OptimizationLevel, llvm::ThinOrFullLTOPhase) {
        passes.addPass(PhasePass(times, DYAD_PHASE_EMIT));
      });
}

}  // namespace dyad::codegen
