/// The process in which tests run: loads one image after the other, as the plugin hands them over through its socket,
/// for as long as an audit finds after each that nothing is left of it.
///
/// When the process ends inside an image, however it ends, the zygote tells. So nothing here has to be reached.
#pragma once

#include <sys/types.h>

#include "backends/dll/protocol.hpp"

namespace dyad::dll {

/// To be called in a fresh child of the zygote. `socket`: this executor's end; all other descriptors are closed.
[[noreturn]] void serve_as_executor(int socket, std::uint64_t secret, pid_t zygote);

/// Nobody is there to be told if the socket is gone.
void tell(int socket, const Ending& ending);

}  // namespace dyad::dll
