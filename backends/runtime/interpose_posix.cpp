#include "backends/runtime/interpose.hpp"

#define X(name)                      \
  extern "C" void dyad_own_##name(); \
  extern "C" void dyad_shown_##name() __asm__(#name);
DYAD_INTERPOSED_FUNCTIONS(X)
DYAD_INTERPOSED_FORMS(X)
#undef X

namespace dyad::inputs {

RealFunctions g_real;
bool g_real_ready = false;

void resolve_real_functions() {
#define X(name) g_real.name = reinterpret_cast<decltype(g_real.name)>(dlsym(RTLD_NEXT, #name));
  DYAD_INTERPOSED_FUNCTIONS(X)
#undef X
  __atomic_store_n(&g_real_ready, true, __ATOMIC_RELEASE);
}

const char* find_hidden_function() {
  static const struct {
    const char* name;
    void (*own)();
    void (*shown)();
  } kFunctions[] = {
#define X(name) {#name, &dyad_own_##name, &dyad_shown_##name},
      DYAD_INTERPOSED_FUNCTIONS(X) DYAD_INTERPOSED_FORMS(X)
#undef X
  };
  for (const auto& function : kFunctions)
    if (function.own != function.shown) return function.name;
  return nullptr;
}

}  // namespace dyad::inputs
