/// Descriptors that the runtime needs and a test may close: daemons close all there are. They are opened again: an
/// ancestor of the process, dyad, has the same file open, and /proc leads to it. (A pipe that is opened there is one
/// more end of it.)
///
/// Costs nothing until one is missed but the question which file it is. All functions but the first may be called from
/// the handler of a signal.
#pragma once

namespace dyad::runtime {

/// `fd` is open now and can be restored from here on, with these flags of open().
void keep_descriptor(int fd, int flags);
void forget_descriptors();

/// Makes `fd`, which is closed, what it was. False if it is open, was never kept, or cannot be found: errno is as
/// before.
bool restore_descriptor(int fd);

}  // namespace dyad::runtime
