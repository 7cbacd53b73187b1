/// What a process that stays gives back between two runs.
#pragma once

namespace dyad::watch {

/// Hands memory that was freed back to the system: compilations of one run leave hundreds of MB with the allocator.
/// Takes some milliseconds, so it is for when nobody waits.
void return_free_memory();

}  // namespace dyad::watch
