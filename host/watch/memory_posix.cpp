#include <malloc.h>

#include "host/watch/memory.hpp"

namespace dyad::watch {

void return_free_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace dyad::watch
