/// When a compilation did what: parse, instantiate templates, generate IR, optimise, emit.
///
/// Clang tells when a template begins and ends, when the source is parsed and, through the pass pipeline, when LLVM's
/// part begins; LLVM's own time trace knows more, but it writes down a name for every step and so changes what it
/// measures. A compilation has thousands of instantiations, most of some microseconds: those that follow each other
/// closely are one entry, whose `busy_ns` says how much of it they took. Not thread-safe: one object for each
/// compilation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codegen/codegen.h"

namespace clang {
class ASTConsumer;
}
namespace llvm {
class PassBuilder;
}

namespace dyad::codegen {

struct PhaseTime {
  std::uint32_t phase;  ///< enum dyad_phase
  std::int64_t begin_ns, end_ns, busy_ns;
};

class PhaseTimes {
 public:
  /// A phase begins; the one that went on before ends.
  void begin(dyad_phase phase);
  /// The one that goes on ends.
  void end();

  void begin_instantiation();
  void end_instantiation();

  /// In no particular order: instantiations lie inside of other phases. What still goes on is left out.
  const std::vector<PhaseTime>& list() const { return list_; }

 private:
  std::vector<PhaseTime> list_;
  std::optional<PhaseTime> current_;
  std::optional<std::size_t> last_instantiation_;  ///< in `list_`
  unsigned depth_ = 0;
  std::int64_t instantiation_began_ns_ = 0;
};

/// To be put before and behind Clang's code generator in a MultiplexConsumer. `times` must outlive them.
std::unique_ptr<clang::ASTConsumer> make_frontend_clock(PhaseTimes& times);
std::unique_ptr<clang::ASTConsumer> make_backend_clock(PhaseTimes& times);

/// Notes where optimising and emitting begin. `times` must outlive the pipelines that `builder` makes.
void register_phase_passes(llvm::PassBuilder& builder, PhaseTimes& times);

}  // namespace dyad::codegen
