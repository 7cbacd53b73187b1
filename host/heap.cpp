#include "host/heap.hpp"

#ifdef DYAD_MIMALLOC
#include <mimalloc.h>
#include <oneapi/tbb/global_control.h>

#include <new>

// mimalloc's own operator new ends the program when there is no memory left: it is compiled as C.
namespace {
void* allocated(void* memory) { return memory != nullptr ? memory : throw std::bad_alloc(); }
}  // namespace

void* operator new(std::size_t size) { return allocated(mi_malloc(size)); }
void* operator new[](std::size_t size) { return allocated(mi_malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocated(mi_malloc_aligned(size, static_cast<std::size_t>(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocated(mi_malloc_aligned(size, static_cast<std::size_t>(alignment)));
}

namespace dyad {

namespace {
void set_delay(long milliseconds) {
  mi_option_set(mi_option_decommit_delay, milliseconds);
  mi_option_set(mi_option_segment_decommit_delay, milliseconds);
}
}  // namespace

void keep_free_memory() { set_delay(60'000); }

void return_free_memory() {
  // Each worker has a heap of its own, which is this thread's to collect when the worker has ended.
  oneapi::tbb::task_scheduler_handle workers{oneapi::tbb::attach()};
  oneapi::tbb::finalize(workers, std::nothrow);
  set_delay(0);
  mi_collect(/*force=*/true);
  keep_free_memory();
}

}  // namespace dyad

#else  // a sanitizer has a heap of its own

void dyad::keep_free_memory() {}
void dyad::return_free_memory() {}

#endif
