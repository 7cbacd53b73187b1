/// Work that one thread gives to another through TBB, told to ThreadSanitizer.
///
/// TBB orders what happens: what is done before work is given to it, before the work; the work, before a wait for it
/// returns. But it is not compiled with ThreadSanitizer, which therefore sees no order. In every other build these
/// functions do nothing.
#pragma once

#include <utility>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DYAD_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif
#endif

namespace dyad {

#ifdef DYAD_THREAD_SANITIZER

/// What TBB is to be given in the place of `work`, which runs once. `place`: any address, the same for taken_back().
template <class Work>
auto handed_over(void* place, Work work) {
  Work* kept = new Work(std::move(work));
  __tsan_release(place);
  // Not looked at itself: it reads its own members before anything can tell the order.
  return [ kept, place ]() __attribute__((no_sanitize("thread"))) {
    __tsan_acquire(place);
    (*kept)();
    delete kept;
    __tsan_release(place);
  };
}

/// The same for work of a loop, which is there until the loop is over.
template <class Work>
auto shared_out(void* place, const Work& work) {
  __tsan_release(place);
  return [&work, place ](auto step) __attribute__((no_sanitize("thread"))) {
    __tsan_acquire(place);
    work(step);
    __tsan_release(place);
  };
}

/// After a wait for all that was given away.
inline void taken_back(void* place) { __tsan_acquire(place); }

#else

template <class Work>
Work handed_over(void*, Work work) {
  return work;
}
template <class Work>
const Work& shared_out(void*, const Work& work) {
  return work;
}
inline void taken_back(void*) {}

#endif

}  // namespace dyad
