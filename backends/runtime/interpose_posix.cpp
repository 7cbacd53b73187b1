#include <cstdlib>
#include <cstring>
#include <initializer_list>

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

namespace {

struct Function {
  const char* name;
  void (*own)();
  void (*shown)();
};
constexpr Function kFunctions[] = {
#define X(name) {#name, &dyad_own_##name, &dyad_shown_##name},
    DYAD_INTERPOSED_FUNCTIONS(X) DYAD_INTERPOSED_FORMS(X)
#undef X
};

/// The library's dlsym, which cannot be asked for itself: in the C library or, before 2.34, in one of its own.
decltype(&::dlsym) real_dlsym() {
  for (const char* version : {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.0"})
    if (void* found = dlvsym(RTLD_NEXT, "dlsym", version)) return reinterpret_cast<decltype(&::dlsym)>(found);
  std::abort();
}

}  // namespace

void resolve_real_functions() {
  const auto find = real_dlsym();
#define X(name) g_real.name = reinterpret_cast<decltype(g_real.name)>(find(RTLD_NEXT, #name));
  DYAD_INTERPOSED_FUNCTIONS(X)
#undef X
  __atomic_store_n(&g_real_ready, true, __ATOMIC_RELEASE);
}

const char* find_hidden_function() {
  for (const Function& function : kFunctions)
    if (function.own != function.shown) return function.name;
  return nullptr;
}

bool is_interposed(const char* name) {
  for (const Function& function : kFunctions)
    if (name != nullptr && std::strcmp(function.name, name) == 0) return true;
  return false;
}

}  // namespace dyad::inputs
