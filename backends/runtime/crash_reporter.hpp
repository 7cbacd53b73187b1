/// Says where the process is when a signal ends it, or when the host asks (SIGQUIT from our parent): CRASHED and STACK
/// frames of wire.md, written straight to the event channel from the signal's handler. Addresses only: what they mean
/// is found out by the host, when the run has nothing better to do.
///
/// Everything that a handler needs is static and set up before. A handler that a test sets replaces ours; one that was
/// there already (a sanitizer's) stays. The signal then ends the process as if there had been no handler. Children that
/// a test forks report nothing.
#pragma once

namespace dyad::runtime {

/// `channel` stays open until end_crash_reports(). The main thread gets an alternate stack; other threads have one from
/// whoever runs the image (interpose_threads_posix.cpp).
void begin_crash_reports(int channel);
/// Handlers and stack are as they were before.
void end_crash_reports();

}  // namespace dyad::runtime
