/// The heap of the program: mimalloc takes the place of the C library's malloc, in this process and in nothing that it
/// starts (docs/why-layout.md, "The heap").
#pragma once

namespace dyad {

/// What was freed stays with the process for the next compilation, instead of going back to the system within
/// milliseconds. Before there is a second thread.
void keep_free_memory();

/// Hands memory that was freed back to the system: compilations of one run leave much with the allocator. Ends TBB's
/// workers, which come again when there is work. On the main thread, when nothing is under way. Takes some
/// milliseconds, so it is for when nobody waits.
void return_free_memory();

}  // namespace dyad
