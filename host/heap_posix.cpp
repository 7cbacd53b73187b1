#include "host/heap.hpp"

#ifdef DYAD_MIMALLOC
#include <mimalloc.h>
#endif

namespace dyad {

#ifdef DYAD_MIMALLOC

namespace {
void set_delay(long milliseconds) {
  mi_option_set(mi_option_decommit_delay, milliseconds);
  mi_option_set(mi_option_segment_decommit_delay, milliseconds);
}
}  // namespace

void keep_free_memory() { set_delay(60'000); }

void return_free_memory() {
  set_delay(0);
  mi_collect(/*force=*/true);
  keep_free_memory();
}

#else  // a sanitizer has a heap of its own

void keep_free_memory() {}
void return_free_memory() {}

#endif

}  // namespace dyad
