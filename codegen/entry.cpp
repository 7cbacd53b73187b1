/// The one exported symbol of libdyad_codegen: the table of functions. Nothing else of this folder is visible outside.

#include <llvm/Support/MemAlloc.h>

#include <exception>
#include <mutex>
#include <string>

#include "codegen/boundary.hpp"
#include "codegen/codegen.h"
#include "codegen/compile.hpp"
#include "codegen/crash_guard.hpp"
#include "codegen/diagnostics.hpp"
#include "codegen/driver_arguments.hpp"
#include "codegen/identity.hpp"
#include "codegen/link.hpp"
#include "codegen/loaded_files.hpp"
#include "codegen/make_prelude.hpp"
#include "codegen/merge_ir.hpp"
#include "codegen/prelude_slice.hpp"
#include "codegen/table.hpp"

namespace dyad::codegen {

namespace {

/// No exception crosses the boundary (out of memory is the one to expect); it becomes a diagnostic.
template <class Sink, class Work>
std::uint32_t contained(const Sink* sink, Work work) {
  try {
    return work();
  } catch (const std::exception& problem) {
    if (sink->diagnostics) {
      const std::string text = std::string("error: codegen: ") + problem.what() + "\n";
      sink->diagnostics(sink->user, str(text));
    }
    return 1;
  }
}

std::uint32_t compile_entry(const dyad_compile* what, const dyad_compile_sink* sink) {
  return contained(sink, [&] { return compile(*what, *sink); });
}

std::uint32_t make_prelude_entry(const dyad_prelude* what, const dyad_prelude_sink* sink) {
  return contained(sink, [&] { return make_prelude(*what, *sink); });
}

std::uint32_t table_entry(const dyad_table* what, const dyad_compile_sink* sink) {
  return contained(sink, [&] { return table(*what, *sink); });
}

std::uint32_t link_entry(const dyad_link* what, const dyad_link_sink* sink) {
  return contained(sink, [&] { return link(*what, *sink); });
}

std::uint32_t merge_ir_entry(dyad_strs objects, dyad_strs libraries, const dyad_compile_sink* sink) {
  return contained(sink, [&] { return merge_ir(objects, libraries, *sink); });
}

void foresee_links_entry(dyad_str prelude_object) {
  try {
    read_prelude_object(view(prelude_object).str());
    (void)linker_arguments(/*shared=*/true, {});  // most have none of their own
  } catch (const std::exception&) {
    // The link that needs it will say so.
  }
}

/// Where the library is laid out by profile, what compilations execute lies together.
void map_hot_code() {
  static std::once_flag once;
  std::call_once(once, [] { map_code_around(reinterpret_cast<const void*>(&llvm::allocate_buffer)); });
}

const dyad_codegen* functions() {
  static const std::string version = version_text();
  static const std::string identity = compute_identity();
  static const dyad_codegen table{DYAD_CODEGEN_ABI, sizeof(dyad_codegen), version.c_str(), identity.c_str(),
                                  compile_entry,    make_prelude_entry,   table_entry,     link_entry,
                                  merge_ir_entry,   forget_driver_results, foresee_links_entry};
  return &table;
}

}  // namespace

}  // namespace dyad::codegen

extern "C" __attribute__((visibility("default"))) const dyad_codegen* dyad_codegen_entry(uint32_t abi) {
  if (abi != DYAD_CODEGEN_ABI) return nullptr;
  try {
    dyad::codegen::initialise_llvm();
    dyad::codegen::map_hot_code();
    return dyad::codegen::functions();
  } catch (const std::exception&) {
    return nullptr;
  }
}
